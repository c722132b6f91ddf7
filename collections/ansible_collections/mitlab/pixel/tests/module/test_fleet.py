from __future__ import annotations

from collections import Counter

import pytest
from ansible_collections.mitlab.pixel.tests.module.conftest import Modules


@pytest.fixture
def released(modules: Modules) -> Modules:
    """Modules, with release 1.0.0 published."""
    modules.publish("1.0.0")
    return modules


def test_a_pool_is_spread_over_the_zones_booted_once_and_stopped(released: Modules) -> None:
    result = released.fleet(6)
    assert result["totals"]["availability_zone"] == {"us-east-2a": 2, "us-east-2b": 2, "us-east-2c": 2}
    assert Counter(released.alive().values()) == {"stopped": 6}
    assert len(result["created"]) == 6
    assert result["stopped"] == sorted(result["created"])


def test_a_repeat_changes_nothing_in_at_most_three_calls(released: Modules) -> None:
    released.fleet(6)
    repeat = released.fleet(6)
    assert (repeat["changed"], repeat["changes"]) == (False, [])
    assert repeat.number_of_calls <= 3


def test_members_and_volumes_are_tagged_with_pool_release_and_name(released: Modules) -> None:
    released.fleet(1)
    [reservation] = released.sandbox.ec2.describe_instances()["Reservations"]
    tags = {tag["Key"]: tag["Value"] for tag in reservation["Instances"][0]["Tags"]}
    assert (tags["pixel:pool"], tags["pixel:release"], tags["Name"]) == ("drone", "1.0.0", "drone-1.0.0")


def test_a_new_release_is_launched_before_the_old_one_is_retired(released: Modules) -> None:
    old = released.fleet(3)["created"]
    released.publish("1.1.0")
    rolled = released.fleet(3)
    assert rolled["terminated"] == sorted(old)
    assert rolled["totals"]["release"] == {"1.1.0": 3}
    assert not released.fleet(3)["changed"]


def test_an_old_member_in_use_survives_and_is_retired_once_it_is_stopped(released: Modules) -> None:
    old = sorted(released.fleet(2)["created"])
    released.sandbox.ec2.start_instances(InstanceIds=[old[0]])
    released.publish("1.1.0")
    rolled = released.fleet(2)
    assert rolled["terminated"] == [old[1]]
    assert rolled["kept"] == {old[0]: "running"}
    released.sandbox.ec2.stop_instances(InstanceIds=[old[0]])
    assert released.fleet(2)["terminated"] == [old[0]]


def test_a_leased_member_is_not_retired(released: Modules) -> None:
    [old] = released.fleet(1)["created"]
    released.lease(old)
    assert released.fleet(0)["kept"] == {old: "leased by session s-1"}
    assert old in released.alive()


def test_a_lease_that_has_expired_protects_nobody(released: Modules) -> None:
    [old] = released.fleet(1)["created"]
    released.lease(old, until=1_000_000_000)
    assert released.fleet(0)["terminated"] == [old]


def test_size_zero_means_none(released: Modules) -> None:
    released.fleet(2)
    assert released.fleet(0)["totals"]["members"] == 0
    assert not released.fleet(0)["changed"]


def test_a_pool_that_shrank_keeps_its_zones_even(released: Modules) -> None:
    released.fleet(6)
    assert released.fleet(3)["totals"]["availability_zone"] == {"us-east-2a": 1, "us-east-2b": 1, "us-east-2c": 1}


def test_new_members_can_be_left_running(released: Modules) -> None:
    released.fleet(2, new_members="running")
    assert Counter(released.alive().values()) == {"running": 2}
    assert not released.fleet(2)["changed"]


def test_without_waiting_new_members_are_left_booting_and_stopped_by_the_next_run(released: Modules) -> None:
    created = released.fleet(2, wait=False)["created"]
    assert Counter(released.alive().values()) == {"running": 2}
    assert released.fleet(2)["stopped"] == sorted(created)


def test_a_member_that_was_started_again_is_not_taken_for_a_new_one(released: Modules) -> None:
    released.sandbox.set_delays(start=1)
    created = released.fleet(1, lease_table=None)["created"]
    released.sandbox.ec2.start_instances(InstanceIds=created)
    assert not released.fleet(1, lease_table=None)["changed"]


def test_check_mode_foresees_the_whole_roll_and_changes_nothing(released: Modules) -> None:
    old = released.fleet(2)["created"]
    released.publish("1.1.0")
    planned = released.fleet(3, check=True)
    assert planned["changes"] == [
        "created 1 member of 1.1.0 in us-east-2a",
        "created 1 member of 1.1.0 in us-east-2b",
        "created 1 member of 1.1.0 in us-east-2c",
        "terminated 1 member of 1.0.0 in us-east-2a",
        "terminated 1 member of 1.0.0 in us-east-2b",
    ]
    assert planned["diff"]["after"]["release"] == {"1.1.0": 3}
    assert sorted(released.alive()) == sorted(old)


def test_when_a_zone_is_dry_the_others_fill_in(released: Modules) -> None:
    released.sandbox.set_faults(capacity={"us-east-2a": 0})
    result = released.fleet(6)
    assert result["totals"]["availability_zone"] == {"us-east-2b": 3, "us-east-2c": 3}


def test_when_all_zones_are_dry_what_was_made_is_kept_and_what_is_missing_is_told(released: Modules) -> None:
    released.sandbox.set_faults(capacity={"us-east-2a": 1, "us-east-2b": 1, "us-east-2c": 0})
    short = released.fleet(6)
    assert short.failed
    assert short["msg"].startswith(
        "4 members could not be launched (1 in us-east-2a, 1 in us-east-2b, 2 in us-east-2c)"
    )
    assert short["missing"] == {"us-east-2a": 1, "us-east-2b": 1, "us-east-2c": 2}
    assert Counter(released.alive().values()) == {"stopped": 2}


def test_a_short_pool_is_completed_when_there_is_capacity_again(released: Modules) -> None:
    released.sandbox.set_faults(capacity={"us-east-2a": 1, "us-east-2b": 0, "us-east-2c": 0})
    released.fleet(3)
    released.sandbox.set_faults(capacity=None)
    assert released.fleet(3)["totals"]["members"] == 3


def test_old_members_are_kept_while_the_new_release_is_short(released: Modules) -> None:
    old = released.fleet(2)["created"]
    released.publish("1.1.0")
    released.sandbox.set_faults(capacity={"us-east-2a": 0, "us-east-2b": 0, "us-east-2c": 0})
    assert released.fleet(2).failed
    assert sorted(released.alive()) == sorted(old)


def test_a_first_boot_that_takes_too_long_is_told_and_completed_by_the_next_run(released: Modules) -> None:
    released.sandbox.set_delays(status=3600)
    late = released.fleet(1, wait_timeout=1)
    assert late.failed
    assert "1 new member not through EC2's status checks after wait_timeout (1 s)" in late["msg"]
    released.sandbox.set_delays()
    assert released.fleet(1)["stopped"] == late["created"]


def test_a_pool_that_was_emptied_is_filled_again(released: Modules) -> None:
    released.sandbox.set_delays(vanish=0)
    first = released.fleet(3)["created"]
    released.fleet(0)
    second = released.fleet(3)["created"]
    assert len(second) == 3
    assert not set(first) & set(second)


def test_a_pool_is_renewed_in_batches_and_keeps_its_size_meanwhile(modules: Modules) -> None:
    modules.publish("1.0.0")
    modules.fleet(3)
    modules.publish("1.1.0")
    steps = [modules.fleet(3, batch=2) for _step in range(3)]
    assert [step["remaining"] for step in steps] == [1, 0, 0]
    assert [len(step["terminated"]) for step in steps] == [2, 1, 0]
    assert [step["totals"]["members"] for step in steps] == [3, 3, 3]
    assert steps[-1]["totals"]["release"] == {"1.1.0": 3}
