"""`release.yml` killed at its changes of AWS, and run again: the same end, and nothing left behind.

Between two changes nothing is different for a kill: what is in AWS is the same. So the kills that matter are those
after each change, when AWS has made it and the playbook never hears of it.
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

from .fleets import default_release, instances, leases, pool_in_service, records, template_releases

CHANGES = {
    "ec2.CreateLaunchTemplateVersion": 1,
    "ec2.RunInstances": 3,  # the canary, and two more
    "ec2.StopInstances": 2,
    "ec2.CreateTags": 1,  # it has passed
    "ec2.ModifyLaunchTemplate": 1,
    "ec2.TerminateInstances": 1,
    "dynamodb.TransactWriteItems": 1,  # the old members drain before they go
    "dynamodb.DeleteItem": 1,  # the canary's lease
    "ssm.PutParameter": 1,
}
"""What the upgrade changes; the canary's lease, too, is written in the table where its member writes meanwhile."""
SHOWN = [("ec2.RunInstances", 1), ("ec2.ModifyLaunchTemplate", 1)]
"""After these it is killed each time that the tests are run: with an unknown canary, and half in service."""
ALL = [("dynamodb.UpdateItem", 1), *((action, nth) for action, times in CHANGES.items() for nth in range(1, times + 1))]
UPGRADE = {"pixel_release": "1.1.0", "pixel_size": 3, "pixel_canary": True}


def kill_after(sandbox: RunningSandbox, environment: dict[str, str], action: str, nth: int) -> None:
    """Start the upgrade, and kill it with all its processes when the nth such change is made, and not yet answered."""
    sandbox.set_faults(hold={"action": action, "nth": nth, "when": "after"})
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
            assert playbook.poll() is None, "the playbook ended before it made the change"
            assert time.monotonic() < deadline, "the playbook never made the change"
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
@pytest.mark.parametrize(
    ("action", "nth"),
    [*SHOWN, *(pytest.param(*change, marks=pytest.mark.soak) for change in ALL if change not in SHOWN)],
)
def test_a_killed_release_run_again_ends_as_an_undisturbed_one(
    canaries: RunningSandbox,
    environment: dict[str, str],
    playbook: Callable[..., Run],
    image: Callable[..., str],
    action: str,
    nth: int,
) -> None:
    pool_in_service(canaries, "1.0.0", image("1.0.0"), members=3)
    image("1.1.0")

    kill_after(canaries, environment, action, nth)
    again = playbook("release", **UPGRADE)

    assert again.ok, again.message
    found = instances(canaries)
    assert [(seen.release, seen.zone, seen.state) for seen in sorted(found, key=lambda seen: seen.zone)] == [
        ("1.1.0", "us-east-2a", "stopped"),
        ("1.1.0", "us-east-2b", "stopped"),
        ("1.1.0", "us-east-2c", "stopped"),
    ]
    assert all(seen.tags["pixel:pool"] == "drone" and seen.tags["Name"] for seen in found)
    assert {seen.tags.get("pixel:canary") for seen in found} == {None, "passed"}
    assert template_releases(canaries) == ["1.0.0", "1.1.0"]
    assert default_release(canaries) == "1.1.0"
    assert records(canaries, "1.1.0")[-1]["outcome"] == "released"


@pytest.mark.slow
def test_an_upgrade_makes_just_the_changes_after_which_it_is_killed_above(
    canaries: RunningSandbox, playbook: Callable[..., Run], image: Callable[..., str]
) -> None:
    pool_in_service(canaries, "1.0.0", image("1.0.0"), members=3)
    image("1.1.0")
    canaries.reset_calls()

    upgrade = playbook("release", **UPGRADE)

    assert upgrade.ok, upgrade.message
    reading = ("Describe", "Scan", "Get")
    changes = {action: n for action, n in canaries.calls().items() if not action.split(".")[1].startswith(reading)}
    del changes["dynamodb.UpdateItem"]
    assert changes == CHANGES
    found = instances(canaries)
    assert {(seen.release, seen.state) for seen in found} == {("1.1.0", "stopped")}
    assert [seen.tags.get("pixel:canary") for seen in found].count("passed") == 1
    assert leases(canaries) == []
    (record,) = records(canaries, "1.1.0")
    assert record["outcome"] == "released"
    assert record["by"].startswith("arn:aws:")
