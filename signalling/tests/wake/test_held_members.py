"""Held members: claims take them first, their names are known before anybody asks, and nobody stops them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import pytest

from pixel.wake.pools import Pool, pool_key

from .fake_ec2 import Instance
from .world import Killed, World, a_world

HOLD = 300.0
EVERY = 60.0
"""Seconds between two runs of the reconciler."""


@pytest.fixture
def world() -> Iterator[World]:
    """A world in which a member that is not held may run for a minute."""
    with a_world(unleased=60) as new:
        yield new


@pytest.fixture
def held(world: World) -> list[Instance]:
    """Two members of a pool of four, held, ready, and known to the pool: its reconciler has run for a while."""
    pool = world.fill(4)
    members = [pool[1], pool[3]]
    world.wake.reconciler.run()
    for instance in members:
        world.hold(instance, world.now + HOLD)
    for _ in range(2):
        world.live(EVERY, step=30)
        world.wake.reconciler.run()
    return members


def pool_of(world: World) -> Pool:
    return Pool.parse("drone", world.table.get(pool_key("drone")))


def names(instances: list[Instance]) -> set[str]:
    return {instance.instance_id for instance in instances}


def test_their_names_are_published_before_anybody_asks(world: World, held: list[Instance]) -> None:
    assert all("published_at" in world.item(instance) for instance in held)
    assert set(world.route53.records.values()) == {instance.address for instance in held}
    assert pool_of(world).held == names(held)


def test_claims_take_them_first(world: World, held: list[Instance]) -> None:
    for caller in ("alice", "bob"):
        world.wake.sessions.open(caller, "key", "drone")
    assert names(world.leased()) == names(held)
    assert pool_of(world).held == set()


def test_a_claim_of_one_starts_and_publishes_nothing(world: World, held: list[Instance]) -> None:
    world.wire.calls.clear()
    body = world.wake.sessions.open("alice", "key", "drone").body()
    assert (body["state"], body["step"], body["poll_after"]) == ("starting", "loading", 1)
    assert {"start_instances", "describe_instances", "change_resource_record_sets"}.isdisjoint(world.wire.calls)


def test_a_session_is_ready_as_soon_as_its_member_has_heard_of_it(world: World, held: list[Instance]) -> None:
    session = world.wake.sessions.open("alice", "key", "drone").session.session
    for member in world.members.values():
        member.act()
    body = world.wake.sessions.show("alice", session).body()
    assert body["state"] == "ready"
    assert body["hostname"] in world.route53.records


def test_a_stopped_member_is_claimed_when_no_held_one_is_left(world: World, held: list[Instance]) -> None:
    for caller in ("alice", "bob", "carol"):
        world.wake.sessions.open(caller, "key", "drone")
    assert len(world.leased()) == 3


def test_a_caller_whose_call_was_killed_at_any_step_has_one_of_them_by_calling_again(world: World) -> None:
    members = world.fill(8)
    for instance in members:
        world.hold(instance, world.now + HOLD)
    for _ in range(2):
        world.live(EVERY, step=30)
        world.wake.reconciler.run()
    sessions = []
    for calls in range(6):
        with suppress(Killed), world.wire.killing_after(calls):
            world.wake.sessions.open(f"caller-{calls}", "key", "drone")
        sessions.append(world.wake.sessions.open(f"caller-{calls}", "key", "drone").session)
    for member in world.members.values():
        member.act()
    views = [world.wake.sessions.show(session.owner, session.session) for session in sessions]
    assert {view.progress.state for view in views} == {"ready"}
    assert len({session.member for session in sessions}) == len(world.leased()) == 6


def test_nobody_stops_them_before_the_hold_has_passed(world: World, held: list[Instance]) -> None:
    until = world.item(held[0])["hold_until"]
    while world.now < until - EVERY:
        world.live(EVERY, step=30)
        world.wake.reconciler.run()
    assert names(world.running()) == names(held)


def test_they_stop_when_the_hold_has_passed_and_leave_nothing(world: World, held: list[Instance]) -> None:
    world.live(HOLD, step=30)
    world.wake.reconciler.run()
    world.live(EVERY, step=30)
    world.wake.reconciler.run()
    assert world.running() == []
    assert world.route53.records == {}
    assert pool_of(world).held == set()


def test_one_whose_service_is_dead_is_stopped_after_the_hold_within_the_bound(
    world: World, held: list[Instance]
) -> None:
    until = world.item(held[0])["hold_until"]
    bound = world.settings.unleased + world.settings.confirm + 2 * EVERY
    while world.running():
        world.pass_time(EVERY)
        world.wake.reconciler.run()
        assert world.now <= until + bound + EVERY
    assert world.now >= until


def test_one_that_somebody_stopped_loses_its_name_and_gets_a_new_one_when_it_is_started_again(
    world: World, held: list[Instance]
) -> None:
    first = held[0]
    world.ec2.halt(first)
    world.live(EVERY, step=30)
    world.wake.reconciler.run()
    assert "address" not in world.item(first)
    world.hold(first, world.now + HOLD)
    for _ in range(2):
        world.live(EVERY, step=30)
        world.wake.reconciler.run()
    assert world.item(first)["address"] == first.address
    assert world.route53.records[world.item(first)["hostname"]] == first.address


def test_one_that_came_back_under_another_address_is_published_again(world: World, held: list[Instance]) -> None:
    first = held[0]
    before = first.address
    world.hold(first, world.now + HOLD, started=False)
    world.ec2.halt(first)
    world.live(EVERY, events=False, step=30)
    world.hold(world.add("drone", "us-east-2a"), world.now + HOLD)  # it gets the address
    world.ec2.start_instances(InstanceIds=[first.instance_id])
    for _ in range(3):
        world.live(EVERY, events=False, step=30)
        world.wake.reconciler.run()
    assert first.address != before
    assert world.item(first)["address"] == first.address
