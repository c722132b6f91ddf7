"""`release.yml` killed at each of its changes of AWS, and run again: the same end, and nothing left behind.

Between two changes nothing is different for a kill: what is in AWS is the same. So the kills that matter are before the
first change, and after each one, when AWS has made it and the playbook never hears of it.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from contextlib import suppress

import psutil
import pytest

from pixel.sandbox.testing import RunningSandbox
from playbook_runs import ROOT, Run, command

from .fleets import default_release, instances, template_releases

CHANGES = 7
"""A new version, the default, three launches, one stop, one termination."""

UPGRADE = {"pixel_release": "1.1.0", "pixel_size": 3}


def kill_at(sandbox: RunningSandbox, environment: dict[str, str], nth: int, when: str) -> None:
    """Start the upgrade, and kill it with all its processes while its nth change is held in AWS."""
    sandbox.set_faults(hold={"nth": nth, "when": when})
    playbook = subprocess.Popen(
        command("release", UPGRADE),
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 120
        while not sandbox.sandbox.faults()["held"]:
            assert playbook.poll() is None, "the playbook ended before it made its nth change"
            assert time.monotonic() < deadline, "the playbook never made its nth change"
            time.sleep(0.02)
    finally:
        kill_tree(playbook)
        sandbox.set_faults(hold=None)


def kill_tree(playbook: subprocess.Popen[bytes]) -> None:
    """Kill Ansible with its workers and modules: those have sessions of their own, and would end their task."""
    with suppress(psutil.NoSuchProcess):
        main = psutil.Process(playbook.pid)
        for process in [*main.children(recursive=True), main]:
            process.kill()
    playbook.wait()


@pytest.mark.slow
@pytest.mark.parametrize(("nth", "when"), [(1, "before"), *((nth, "after") for nth in range(1, CHANGES + 1))])
def test_a_killed_release_run_again_ends_as_an_undisturbed_one(
    sandbox: RunningSandbox,
    environment: dict[str, str],
    playbook: Callable[..., Run],
    image: Callable[..., str],
    nth: int,
    when: str,
) -> None:
    image("1.0.0")
    image("1.1.0")
    assert playbook("release", pixel_release="1.0.0", pixel_size=3).ok

    kill_at(sandbox, environment, nth, when)
    again = playbook("release", **UPGRADE)

    assert again.ok, again.message
    found = instances(sandbox)
    assert [(seen.release, seen.zone, seen.state) for seen in sorted(found, key=lambda seen: seen.zone)] == [
        ("1.1.0", "us-east-2a", "stopped"),
        ("1.1.0", "us-east-2b", "stopped"),
        ("1.1.0", "us-east-2c", "stopped"),
    ]
    assert all(seen.tags["pixel:pool"] == "drone" and seen.tags["Name"] for seen in found)
    assert template_releases(sandbox) == ["1.0.0", "1.1.0"]
    assert default_release(sandbox) == "1.1.0"


@pytest.mark.slow
def test_an_upgrade_makes_just_the_changes_at_which_it_is_killed_above(
    sandbox: RunningSandbox, playbook: Callable[..., Run], image: Callable[..., str]
) -> None:
    image("1.0.0")
    image("1.1.0")
    assert playbook("release", pixel_release="1.0.0", pixel_size=3).ok
    sandbox.reset_calls()

    assert playbook("release", **UPGRADE).ok

    changes = {
        action: count
        for action, count in sandbox.calls().items()
        if not action.split(".")[1].startswith(("Describe", "Scan"))
    }
    assert sum(changes.values()) == CHANGES, changes
