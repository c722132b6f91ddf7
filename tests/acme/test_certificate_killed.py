"""certificate.yml killed at each of its changes of AWS, and run again: a certificate, and nothing left behind."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import psutil
import pytest

from pixel.sandbox.testing import RunningSandbox, eventually
from playbook_runs import ROOT, Run, command

from .certificates import ZONE_NAMES, names_of
from .conftest import Account
from .pebble import Pebble

PATIENCE = 120.0
MOMENTS = {
    "with the lock": (1, "after"),
    "with a challenge published": (3, "after"),
    "with a certificate that is stored nowhere": (4, "before"),
    "with the certificate in service": (4, "after"),
    "with the challenge removed": (5, "after"),
}
"""Which change of AWS it is held at: lock, account, challenge, certificate, the challenge's removal, the lock's end."""
ORDERED_AGAIN = ("with a challenge published", "with a certificate that is stored nowhere")
"""After which the next run has to order again."""
SHOWN = "with a certificate that is stored nowhere"
"""What leaves most behind, the lock and the challenge too; the other moments are for the soak."""


def kill_at(
    sandbox: RunningSandbox, environment: dict[str, str], variables: dict[str, Any], nth: int, when: str
) -> None:
    """Start a run whose lock soon ends, and kill it with all its processes while its nth change is held in AWS."""
    sandbox.set_faults(hold={"nth": nth, "when": when})
    playbook = subprocess.Popen(
        command("certificate", {**variables, "certificate_lock_seconds": 1}),
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        eventually(lambda: playbook.poll() is not None or sandbox.sandbox.faults()["held"], PATIENCE)
        assert playbook.poll() is None, "the playbook ended before it made its nth change"
    finally:
        kill_tree(playbook)
    # A call that is held before it would still be carried out if it were let go before its caller is found to be gone.
    eventually(lambda: not sandbox.sandbox.faults()["held"], PATIENCE)
    sandbox.set_faults(hold=None)


def kill_tree(playbook: subprocess.Popen[bytes]) -> None:
    """Kill Ansible, and its workers and modules: those have sessions of their own, and would end their task."""
    with suppress(psutil.NoSuchProcess):
        main = psutil.Process(playbook.pid)
        for process in [main, *main.children(recursive=True)]:
            process.kill()
    playbook.wait()


@pytest.mark.slow
@pytest.mark.parametrize(
    "moment", [pytest.param(one, marks=[] if one == SHOWN else pytest.mark.soak) for one in MOMENTS]
)
def test_a_killed_run_is_cleaned_up_after_by_the_next(
    renew: Callable[..., Run],
    account: Account,
    pebble: Pebble,
    environment: dict[str, str],
    variables: dict[str, Any],
    moment: str,
) -> None:
    kill_at(account.sandbox, environment, variables, *MOMENTS[moment])
    run = renew()
    assert run.ok, run.message
    assert names_of(account.certificate()["fullchain"]) == set(ZONE_NAMES)
    assert account.is_tidy()
    assert pebble.orders == (2 if moment in ORDERED_AGAIN else 1)
