"""Members that a release has just brought, and members that somebody is about to stop or to terminate."""

from __future__ import annotations

import pytest

from pixel.lease.writes import Write
from pixel.wake.errors import ApiError

from .fake_ec2 import Instance
from .world import World

LEAVING = 180.0


def drain(world: World, instance: Instance) -> None:
    """Take a member out of use, as the Ansible modules do before they stop or terminate it."""
    leaving = {"state": "draining", "drained_at": world.now, "lease_until": 0, "leaving_until": world.now + LEAVING}
    world.table.write(Write(key=instance.instance_id, set={**leaving, "pool": "drone", "az": instance.az}))


def member_of(world: World, key: str) -> str:
    """Open a session; return its member."""
    return world.wake.sessions.open("alice", key, "drone").session.member


def test_whoever_finds_no_free_member_gets_one_that_a_release_has_just_brought(world: World) -> None:
    world.fill(1)
    member_of(world, "first")
    new = world.add("drone", "us-east-2a", "1.1.0")
    world.pass_time(6)
    assert member_of(world, "second") == new.instance_id


def test_a_full_pool_does_not_have_ec2_asked_by_everyone(world: World) -> None:
    world.fill(1)
    member_of(world, "first")
    world.pass_time(6)
    world.wire.calls.clear()
    for number in range(10):
        with pytest.raises(ApiError, match="all 1 members of pool drone are in use"):
            member_of(world, f"more {number}")
        world.pass_time(0.4)
    assert world.wire.calls["describe_instances"] == 1


def test_a_roster_that_was_just_fetched_is_not_fetched_again(world: World) -> None:
    [only] = world.fill(1)
    drain(world, only)
    with pytest.raises(ApiError, match="all 1 members"):
        member_of(world, "first")
    assert world.wire.calls["describe_instances"] == 1


def test_a_full_pool_is_said_to_be_full_when_ec2_cannot_be_asked(world: World) -> None:
    world.fill(1)
    member_of(world, "first")
    world.pass_time(6)
    world.ec2.throttled.add("DescribeInstances")
    with pytest.raises(ApiError, match="all 1 members of pool drone are in use"):
        member_of(world, "second")


def test_a_drained_member_is_freed_by_no_event_while_its_stop_may_be_under_way(world: World) -> None:
    only = world.add("drone", "us-east-2a", state="running")
    drain(world, only)
    world.ec2.halt(only)
    world.pass_time(10)
    world.deliver()
    with pytest.raises(ApiError, match="all 1 members"):
        member_of(world, "early")
    world.pass_time(LEAVING)
    assert member_of(world, "late") == only.instance_id


def test_a_drained_member_is_freed_by_no_reconciler_while_its_stop_may_be_under_way(world: World) -> None:
    [only] = world.fill(1)
    drain(world, only)
    world.wake.reconciler.run()
    assert world.item(only)["state"] == "draining"
    world.pass_time(LEAVING)
    world.wake.reconciler.run()
    assert world.item(only)["state"] == "free"


def test_a_drained_member_that_is_terminated_is_forgotten_at_once(world: World) -> None:
    [only] = world.fill(1)
    drain(world, only)
    world.ec2.terminate(only)
    world.deliver()
    assert world.item(only) == {}


def test_a_drained_member_that_nobody_stops_is_stopped(world: World) -> None:
    only = world.add("drone", "us-east-2a", state="running")
    drain(world, only)
    world.pass_time(world.settings.stopping + 10)
    world.wake.reconciler.run()
    assert only.state == "stopping"
