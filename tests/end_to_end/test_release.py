"""A release, from an image to stopped members, by the playbooks an engineer runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from pixel.sandbox.testing import RunningSandbox
from playbook_runs import Run

from .fleets import default_release, instances, pool_in_service, put_in_use, summary, template_releases

Playbook = Callable[..., Run]
Image = Callable[..., str]
ZONES = ("us-east-2a", "us-east-2b", "us-east-2c")


def stopped(release: str, *counts: int) -> Counter[tuple[str, str, str]]:
    """A pool of stopped members of one release, so many in each zone."""
    return Counter({(release, zone, "stopped"): count for zone, count in zip(ZONES, counts, strict=True) if count})


@pytest.mark.slow
def test_a_release_makes_a_stopped_pool_and_again_changes_nothing(
    sandbox: RunningSandbox, playbook: Playbook, image: Image
) -> None:
    image("1.0.0")
    first = playbook("release", pixel_release="1.0.0", pixel_size=6)
    assert first.ok, first.message
    assert summary(sandbox) == stopped("1.0.0", 2, 2, 2)

    sandbox.reset_calls()
    again = playbook("release", pixel_release="1.0.0", pixel_size=6)
    assert again.ok, again.message
    assert not again.changed
    assert again.changes == []
    assert {
        action for action in sandbox.calls() if not action.split(".")[1].startswith(("Describe", "Scan", "Get"))
    } == set()


@pytest.mark.slow
def test_a_pool_is_renewed_in_steps_and_a_member_in_use_is_retired_once_it_has_stopped(
    sandbox: RunningSandbox, playbook: Playbook, image: Image
) -> None:
    pool_in_service(sandbox, "1.0.0", image("1.0.0"), members=4)
    image("1.1.0")
    busy = instances(sandbox)[0].instance_id
    put_in_use(sandbox, busy)
    steps: dict[str, Any] = {"pixel_size": 4, "pixel_strategy": "gradual", "pixel_batch": 2}

    gradual = playbook("release", pixel_release="1.1.0", **steps)
    assert gradual.ok, gradual.message
    assert "2 of 4 are of 1.1.0" in gradual.output
    survivors = {seen.instance_id: seen.state for seen in instances(sandbox) if seen.release == "1.0.0"}
    assert survivors == {busy: "running"}

    sandbox.dynamodb.delete_item(TableName=sandbox.state.lease_table, Key={"instance_id": {"S": busy}})
    sandbox.ec2.stop_instances(InstanceIds=[busy])
    sandbox.ec2.get_waiter("instance_stopped").wait(InstanceIds=[busy], WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    assert playbook("release", pixel_release="1.1.0", pixel_size=4).ok
    assert summary(sandbox) == stopped("1.1.0", 2, 1, 1)


@pytest.mark.slow
def test_a_rollback_makes_no_new_template_version_and_is_recorded(
    sandbox: RunningSandbox, playbook: Playbook, image: Image
) -> None:
    pool_in_service(sandbox, "1.0.0", image("1.0.0"), members=2)
    image("1.1.0")
    assert playbook("release", pixel_release="1.1.0", pixel_size=2).ok

    back = playbook("rollback", pixel_release="1.0.0", pixel_size=2)

    assert back.ok, back.message
    assert template_releases(sandbox) == ["1.0.0", "1.1.0"]
    assert default_release(sandbox) == "1.0.0"
    assert summary(sandbox) == stopped("1.0.0", 1, 1, 0)
    listed = playbook("releases")
    assert listed.ok, listed.message
    assert "rolled back" in listed.output
    assert "rolled back from 1.1.0" in listed.output


@pytest.mark.slow
def test_a_release_converges_with_a_third_of_the_calls_throttled_and_one_zone_dry(
    sandbox: RunningSandbox, playbook: Playbook, image: Image
) -> None:
    image("1.0.0")
    sandbox.set_faults(throttle={"probability": 0.3, "seed": 7}, capacity={"us-east-2b": 0})

    run = playbook("release", pixel_release="1.0.0", pixel_size=6)

    assert run.ok, run.message
    sandbox.set_faults(throttle=None)
    assert summary(sandbox) == stopped("1.0.0", 3, 0, 3)


@pytest.mark.slow
def test_without_capacity_anywhere_what_was_made_is_kept_and_the_rest_is_told(
    sandbox: RunningSandbox, playbook: Playbook, image: Image
) -> None:
    image("1.0.0")
    sandbox.set_faults(capacity={"us-east-2a": 1, "us-east-2b": 1, "us-east-2c": 0})

    run = playbook("release", pixel_release="1.0.0", pixel_size=6)

    assert not run.ok
    assert "4" in run.message
    assert all(zone in run.message for zone in ZONES)
    assert summary(sandbox) == stopped("1.0.0", 1, 1, 0)
