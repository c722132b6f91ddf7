from __future__ import annotations

import hashlib
import time
from typing import Any

import pytest
from ansible_collections.mitlab.pixel.tests.module.conftest import Modules, Result

OTHERS = {"session": {"S": "someone"}, "lease_until": {"N": "4000000000"}}


def canary(modules: Modules, state: str, *, release: str = "1.1.0", check: bool = False, **more: Any) -> Result:
    options = {
        "pool": "drone",
        "release": release,
        "launch_template": "pixel-drone",
        "subnets": list(modules.sandbox.state.subnets.values()),
        "lease_table": modules.sandbox.state.lease_table,
        "wait_timeout": 20,
        **more,
    }
    return modules.run("canary", check=check, state=state, **options)


@pytest.fixture
def published(modules: Modules) -> Modules:
    """A template whose default is 1.0.0, and which has a version of 1.1.0."""
    modules.publish("1.0.0")
    modules.publish("1.1.0", default=False)
    return modules


def lease_of(modules: Modules, instance_id: str) -> dict[str, Any] | None:
    key = {"instance_id": {"S": instance_id}}
    table = modules.sandbox.state.lease_table
    item: dict[str, Any] | None = modules.sandbox.dynamodb.get_item(TableName=table, Key=key).get("Item")
    return item


def tags_of(modules: Modules, instance_id: str) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in modules.sandbox.instance(instance_id)["Tags"]}


def test_a_canary_is_launched_from_the_releases_own_version_and_nobodys_to_claim(published: Modules) -> None:
    started = canary(published, "started")
    tags = tags_of(published, started["instance_id"])
    assert (tags["pixel:release"], tags["pixel:canary"]) == ("1.1.0", "checking")
    assert started["address"].startswith("127.")


def test_only_the_digest_of_its_token_is_written_in_its_lease(published: Modules) -> None:
    started = canary(published, "started", lease_seconds=100)
    lease = lease_of(published, started["instance_id"])
    assert lease is not None
    assert lease["player_digest"]["S"] == hashlib.sha256(started["token"].encode()).hexdigest()
    assert 0 < float(lease["lease_until"]["N"]) - time.time() <= 100


def test_starting_one_takes_six_calls(published: Modules) -> None:
    assert canary(published, "started").calls == {
        "ec2.DescribeInstances": 2,
        "ec2.DescribeLaunchTemplateVersions": 1,
        "ec2.DescribeSubnets": 1,
        "ec2.RunInstances": 1,
        "dynamodb.UpdateItem": 1,
    }


def test_a_canary_is_left_alone_by_power_and_fleet(published: Modules) -> None:
    one = canary(published, "started")["instance_id"]
    table = published.sandbox.state.lease_table
    power = published.succeed("power", state="stopped", tags={"pixel:pool": "drone"}, lease_table=table)
    fleet = published.fleet(1)
    assert power["kept"].keys() == fleet["kept"].keys() == {one}
    assert published.sandbox.instance_state(one) == "running"


def test_one_that_is_forgotten_is_stopped_when_its_lease_has_ended(published: Modules) -> None:
    one = canary(published, "started", lease_seconds=-1)["instance_id"]
    table = published.sandbox.state.lease_table
    assert published.succeed("power", state="stopped", tags={"pixel:pool": "drone"}, lease_table=table)["stopped"] == [
        one
    ]


def test_one_that_has_passed_is_a_stopped_member_without_a_lease(published: Modules) -> None:
    one = canary(published, "started")["instance_id"]
    passed = canary(published, "passed")
    assert passed["changes"] == [f"stopped the canary {one}: now it is a member of 1.1.0"]
    assert published.sandbox.instance_state(one) == "stopped"
    assert tags_of(published, one)["pixel:canary"] == "passed"
    assert lease_of(published, one) is None
    assert published.fleet(1, release="1.1.0")["created"] == []


def test_passing_twice_changes_nothing(published: Modules) -> None:
    canary(published, "started")
    canary(published, "passed")
    again = canary(published, "passed")
    assert (again.failed, again["changed"]) == (False, False)


def test_a_release_without_a_canary_cannot_have_passed(published: Modules) -> None:
    assert "release 1.1.0 has no canary" in canary(published, "passed")["msg"]


def test_one_that_failed_is_terminated_and_leaves_no_lease(published: Modules) -> None:
    one = canary(published, "started")["instance_id"]
    assert canary(published, "absent")["terminated"] == [one]
    assert published.alive() == {}
    assert lease_of(published, one) is None


def test_without_canaries_absent_changes_nothing(published: Modules) -> None:
    absent = canary(published, "absent")
    assert (absent["changed"], absent.number_of_calls) == (False, 1)


def test_what_an_earlier_run_has_left_goes_first(published: Modules) -> None:
    left = canary(published, "started")["instance_id"]
    started = canary(published, "started", release="1.0.0")
    assert started["terminated"] == [left]
    assert list(published.alive()) == [started["instance_id"]]


def test_where_a_zone_is_dry_another_has_the_canary(published: Modules) -> None:
    published.sandbox.set_faults(capacity={"us-east-2a": 0})
    assert not canary(published, "started").failed


def test_without_capacity_anywhere_the_message_says_so(published: Modules) -> None:
    published.sandbox.set_faults(capacity=dict.fromkeys(published.sandbox.state.subnets, 0))
    assert "1 member could not be launched" in canary(published, "started")["msg"]


def test_in_check_mode_nothing_is_launched(published: Modules) -> None:
    checked = canary(published, "started", check=True)
    assert checked["changes"] == ["started a canary of 1.1.0"]
    assert published.alive() == {}


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"release": "9.9.9"}, "release 9.9.9 has no version in launch template pixel-drone"),
        ({"subnets": []}, "subnets is empty"),
        ({"pool": ""}, "pool is empty"),
        ({"lease_table": "nobodys"}, "lease_table is nobodys, and there is no such table"),
    ],
)
def test_wrong_options_are_told(published: Modules, options: dict[str, Any], told: str) -> None:
    refused = canary(published, "started", **options)
    assert refused.failed
    assert told in refused["msg"]
