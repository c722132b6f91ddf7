from __future__ import annotations

import time
from collections import Counter
from typing import Any

import pytest
from ansible_collections.mitlab.pixel.tests.module.conftest import Modules, Result

from pixel.lease import LeaseTimings, MemberLease, writes
from pixel.lease.model import is_waiting
from pixel.lease.table import Table

UNTIL = 4_000_000_000.0


@pytest.fixture
def pool(modules: Modules) -> Modules:
    """Modules, with a pool of six stopped members over three zones."""
    tags = [{"Key": "pixel:pool", "Value": "drone"}, {"Key": "pixel:release", "Value": "1.0.0"}]
    members = [
        one
        for zone in modules.sandbox.state.subnets
        for one in modules.sandbox.launch(2, zone, TagSpecifications=[{"ResourceType": "instance", "Tags": tags}])
    ]
    modules.sandbox.ec2.stop_instances(InstanceIds=members)
    return modules


def hot(modules: Modules, count: int, name: str = "robotics", **more: Any) -> Result:
    holds = more.pop("holds", [{"name": name, "count": count, "until": more.pop("until", UNTIL)}])
    options = {"pool": "drone", "lease_table": modules.sandbox.state.lease_table, "wait": False, **more}
    return modules.run("hot_members", holds=holds, **options)


def items(modules: Modules) -> dict[str, dict[str, Any]]:
    return Table(modules.sandbox.dynamodb, modules.sandbox.state.lease_table).scan()


def test_members_are_held_and_started_over_the_zones(pool: Modules) -> None:
    result = hot(pool, 3)
    assert result["changes"] == ["held 3 members for robotics"] + [
        f"started 1 member of 1.0.0 in us-east-2{zone}" for zone in "abc"
    ]
    assert sorted(result["held"]["robotics"]) == sorted(result["started"])
    assert Counter(pool.alive().values()) == {"running": 3, "stopped": 3}


def test_the_wake_function_sees_what_is_held(pool: Modules) -> None:
    held = hot(pool, 2)["held"]["robotics"]
    now = time.time()
    assert sorted(name for name, item in items(pool).items() if is_waiting(item, now)) == sorted(held)


def test_a_repeat_changes_nothing(pool: Modules) -> None:
    first = hot(pool, 3)
    repeat = hot(pool, 3)
    assert (repeat["changed"], repeat["held"]) == (False, first["held"])
    assert repeat.number_of_calls == 2


def test_calls_do_not_grow_with_members(pool: Modules) -> None:
    assert dict(hot(pool, 6).calls) == {
        "ec2.DescribeInstances": 1,
        "ec2.StartInstances": 3,
        "dynamodb.BatchGetItem": 1,
        "dynamodb.TransactWriteItems": 1,
    }


def test_a_member_that_was_claimed_counts(pool: Modules) -> None:
    first = hot(pool, 2)["held"]["robotics"]
    claim(pool, first[0])
    repeat = hot(pool, 2)
    assert (repeat["changed"], sorted(repeat["held"]["robotics"])) == (False, sorted(first))


def test_a_held_member_that_has_stopped_is_started_again(pool: Modules) -> None:
    held = hot(pool, 2)["held"]["robotics"]
    pool.sandbox.ec2.stop_instances(InstanceIds=held[:1])
    assert hot(pool, 2)["started"] == held[:1]


def test_two_classes_get_different_members(pool: Modules) -> None:
    holds = [{"name": name, "count": 3, "until": UNTIL} for name in ("robotics", "art")]
    held = hot(pool, 0, holds=holds)["held"]
    assert len({*held["robotics"], *held["art"]}) == 6


def test_another_time_prolongs_the_hold(pool: Modules) -> None:
    hot(pool, 2)
    assert hot(pool, 2, until=UNTIL + 600)["changes"] == ["held 2 members for robotics until another time"]
    assert {item["hold_until"] for item in items(pool).values()} == {UNTIL + 600}


def test_a_hold_that_has_passed_holds_nobody(pool: Modules) -> None:
    held = hot(pool, 2)["held"]["robotics"]
    for one in held:
        pool.sandbox.dynamodb.update_item(
            TableName=table(pool),
            Key={"instance_id": {"S": one}},
            UpdateExpression="SET hold_until = :past",
            ExpressionAttributeValues={":past": {"N": str(time.time() - 1)}},
        )
    assert pool.succeed("power", state="stopped", tags={"pixel:pool": "drone"}, lease_table=table(pool))[
        "stopped"
    ] == sorted(held)


def test_members_are_let_go_but_not_those_that_were_claimed(pool: Modules) -> None:
    claimed, *others = hot(pool, 3)["held"]["robotics"]
    claim(pool, claimed)
    assert hot(pool, 0, until=0)["changes"] == ["let go 2 members for robotics"]
    assert {name for name, item in items(pool).items() if "hold_for" in item} == {claimed}
    assert len(others) == 2


def test_a_leased_member_is_not_held(pool: Modules) -> None:
    for one in list(pool.alive())[:5]:
        pool.lease(one)
    result = hot(pool, 3)
    assert result.failed
    assert "class robotics has 1 of 3 members held: no other member of the pool is free" in result["msg"]
    assert len(result["started"]) == 1


def test_where_a_zone_has_no_capacity_others_fill_in(pool: Modules) -> None:
    pool.sandbox.set_faults(capacity={"us-east-2a": 0})
    result = hot(pool, 3)
    assert not result.failed, result.json
    assert len(result["held"]["robotics"]) == 3
    assert Counter(pool.alive().values()) == {"running": 3, "stopped": 3}


def test_what_cannot_be_started_anywhere_is_let_go_and_told(pool: Modules) -> None:
    pool.sandbox.set_faults(capacity={"us-east-2a": 0, "us-east-2b": 0, "us-east-2c": 0})
    result = hot(pool, 2)
    assert (
        "class robotics has 0 of 2 members held: us-east-2a, us-east-2b, us-east-2c without capacity" in result["msg"]
    )
    assert not [item for item in items(pool).values() if "hold_for" in item]


def test_power_and_fleet_leave_held_members_alone(pool: Modules) -> None:
    held = hot(pool, 2)["held"]["robotics"]
    stopped = pool.succeed("power", state="stopped", tags={"pixel:pool": "drone"}, lease_table=table(pool))
    assert stopped["kept"] == dict.fromkeys(held, "held for robotics")
    pool.publish("1.0.0")
    shrunk = pool.fleet(0)
    assert shrunk["kept"] == dict.fromkeys(held, "held for robotics")
    assert sorted(pool.alive()) == sorted(held)


def test_fleet_info_tells_what_is_held(pool: Modules) -> None:
    hot(pool, 2)
    told = pool.succeed("fleet_info", pool="drone", lease_table=table(pool))
    assert (told["totals"]["leased"], told["totals"]["held"]) == (0, 2)
    assert [one["hold"] for one in told["members"] if one["hold"]] == [{"for": "robotics", "until": UNTIL}] * 2


def test_waiting_ends_when_the_members_have_said_that_they_are_ready(pool: Modules) -> None:
    held = hot(pool, 2)["held"]["robotics"]
    for one in held:
        assert MemberLease(pool.sandbox.dynamodb, table(pool), one).hot()
    assert hot(pool, 2, wait=True)["hot"] == {"robotics": 2}


def test_members_that_are_not_ready_in_time_are_told(pool: Modules) -> None:
    late = hot(pool, 1, wait=True, wait_timeout=1)
    assert "held members are not ready after wait_timeout (1 s): 0 of 1 of robotics" in late["msg"]


def test_check_mode_tells_and_changes_nothing(pool: Modules) -> None:
    told = hot(pool, 3, check=True)
    assert told["changes"][0] == "held 3 members for robotics"
    assert len(told["diff"]["after"]["robotics"]) == 3
    assert items(pool) == {}
    assert Counter(pool.alive().values()) == {"stopped": 6}


@pytest.mark.parametrize(
    ("holds", "message"),
    [
        ([{"name": "", "count": 1, "until": UNTIL}], "holds: name is empty: give the class's name"),
        ([{"name": "a", "count": -1, "until": UNTIL}], "holds: count of a is -1: give 0 to let go, or a number"),
        ([{"name": "a", "count": 1, "until": 5}], "holds: until of a is 5, which has passed: give a later time"),
        ([{"name": "a", "count": 1, "until": UNTIL}] * 2, "holds: a is there twice: give each class once"),
    ],
)
def test_what_cannot_be_meant_is_refused(modules: Modules, holds: list[dict[str, Any]], message: str) -> None:
    assert hot(modules, 0, holds=holds)["msg"] == message


def test_a_table_that_does_not_exist_is_named(pool: Modules) -> None:
    assert (
        "lease_table is nothing, and there is no such table in this region"
        in hot(pool, 1, lease_table="nothing")["msg"]
    )


def table(modules: Modules) -> str:
    return modules.sandbox.state.lease_table


def claim(modules: Modules, instance_id: str) -> None:
    """Give a session the member, as the wake function does."""
    new = writes.Claim(instance_id, "drone", "us-east-2a", "s-1", "alice", 1, "pd", "cd")
    write = writes.claim(new, LeaseTimings(), time.time())
    Table(modules.sandbox.dynamodb, table(modules)).write(write)
