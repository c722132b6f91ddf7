"""What the wake function keeps of use, for the report."""

from __future__ import annotations

from contextlib import suppress

import pytest
from botocore.exceptions import EndpointConnectionError

from pixel.lease import usage
from pixel.lease.usage import Use
from pixel.lease.writes import Write
from pixel.wake.errors import ApiError

from .world import Killed, World, a_world


def kept(world: World) -> dict[str, Use]:
    """Return all sessions that are kept, by the beginnings of their ids."""
    items = world.table.scan()
    return {name: use for key, item in items.items() if "#sessions#" in key for name, use in usage.uses(item).items()}


def refused(world: World) -> dict[tuple[str, str], int]:
    """Return how many wakes were refused, by reason and caller."""
    items = world.table.scan()
    return {
        why: len(wanted)
        for key, item in items.items()
        if "#refused#" in key
        for why, wanted in usage.refusals(item).items()
    }


def leaks(world: World) -> dict[str, int]:
    """Return how many leaks were stopped, by kind."""
    items = world.table.scan()
    return {
        kind: len(found) for key, item in items.items() if "#leaks#" in key for kind, found in usage.leaks(item).items()
    }


def minutes_pass(world: World, minutes: int) -> None:
    """Let time pass with the reconciler's rounds, and nothing else."""
    for _ in range(minutes):
        world.now += 60
        world.ec2.advance()
        world.wake.reconciler.run()


def a_session(world: World, key: str = "k1") -> str:
    """Have a session from the first call until its players have left."""
    session: str = world.wake.sessions.open("alice", key, "drone").session.session
    assert world.ready("alice", session)["state"] == "ready"
    member = next(one for one in world.members.values() if one.lease is not None and one.lease.session == session)
    member.players = 1
    member.act()
    world.pass_time(30)
    member.leave()
    return session


def test_a_session_is_kept_once_its_member_has_stopped(world: World) -> None:
    world.fill(1, release="1.4.0")
    begun = world.now
    session = a_session(world)
    ended = world.now
    assert kept(world) == {}
    world.live(30)
    use = kept(world)[session[:8]]
    assert (use.owner, use.release, use.reason, use.claimed_at, use.ended_at) == (
        "alice",
        "1.4.0",
        "left",
        begun,
        ended,
    )
    assert use.ready_at is not None
    assert begun < use.ready_at < ended < use.stopped_at <= world.now


def test_a_session_costs_one_write_more_for_the_report(world: World) -> None:
    world.fill(1)
    a_session(world)
    world.live(5, events=False)
    world.wire.calls.clear()
    world.deliver()
    assert world.wire.calls["update_item"] == 7  # close; take the turn; end, count no more, keep and free; finish


def test_a_session_whose_member_was_moved_is_kept_once(world: World) -> None:
    world.fill(3)
    world.ec2.dry = {"us-east-2a": 0, "us-east-2b": 0}
    session = a_session(world)
    world.live(30)
    assert list(kept(world)) == [session[:8]]


def test_a_killed_invocation_loses_no_session_and_counts_none_twice() -> None:
    for death in range(6, 10):  # about the writes that end, keep and free
        with a_world() as world:
            world.fill(1)
            session = a_session(world)
            world.live(5, events=False)
            events, world.events = world.events, []
            with world.wire.killing_after(death), suppress(Killed):
                for event in events:
                    world.wake.state_changes.handle(event)
            for _ in range(3):
                world.now += 60
                world.wake.reconciler.run()
            assert list(kept(world)) == [session[:8]], f"killed after call {death}"
            assert world.table.get(next(iter(world.members)))["state"] == "free"  # type: ignore[index] # it is there


def test_a_member_that_runs_again_without_a_session_leaves_the_kept_one_as_it_is(world: World) -> None:
    (instance,) = world.fill(1)
    session = a_session(world)
    world.live(30)
    before = kept(world)
    world.ec2.start_instances(InstanceIds=[instance.instance_id])
    minutes_pass(world, 10)
    assert instance.state == "stopped"
    assert kept(world) == before
    assert list(before) == [session[:8]]


def test_a_full_pool_is_counted_by_who_was_refused(world: World) -> None:
    world.fill(1)
    world.wake.sessions.open("alice", "k1", "drone")
    for owner, key in (("bob", "k1"), ("bob", "k1"), ("bob", "k2"), ("carol", "k1")):
        with pytest.raises(ApiError, match="in use"):
            world.wake.sessions.open(owner, key, "drone")
    assert refused(world) == {("pool_empty", "bob"): 2, ("pool_empty", "carol"): 1}


def test_a_caller_over_its_cap_is_counted() -> None:
    with a_world(sessions_per_key=1) as world:
        world.fill(2)
        world.wake.sessions.open("alice", "k1", "drone")
        with pytest.raises(ApiError, match="its cap"):
            world.wake.sessions.open("alice", "k2", "drone")
        assert refused(world) == {("over_cap", "alice"): 1}


def test_no_capacity_anywhere_is_counted_and_is_no_session(world: World) -> None:
    world.fill(3)
    world.ec2.dry = {"us-east-2a": 0, "us-east-2b": 0, "us-east-2c": 0}
    with pytest.raises(ApiError, match="no capacity"):
        world.wake.sessions.open("alice", "k1", "drone")
    world.live(30)
    assert refused(world) == {("no_capacity", "alice"): 1}
    assert kept(world) == {}


def test_an_unknown_pool_leaves_nothing(world: World) -> None:
    with pytest.raises(ApiError, match="pool nonesuch has no member"):
        world.wake.sessions.open("alice", "k1", "nonesuch")
    assert refused(world) == {}


def test_a_refusal_is_answered_even_if_it_cannot_be_counted(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.fill(1)
    world.wake.sessions.open("alice", "k1", "drone")
    table = world.wake.sessions._table
    write = table.write

    def failing(wanted: Write) -> object:
        if wanted.key.startswith(usage.PREFIX):
            raise EndpointConnectionError(endpoint_url="https://dynamodb")
        return write(wanted)

    monkeypatch.setattr(table, "write", failing)
    with pytest.raises(ApiError, match="in use"):
        world.wake.sessions.open("bob", "k1", "drone")


def test_a_member_that_ran_for_nobody_is_counted_when_it_is_stopped(world: World) -> None:
    (instance,) = world.fill(1)
    world.members.clear()  # its service is silent
    world.ec2.start_instances(InstanceIds=[instance.instance_id])
    minutes_pass(world, 10)
    assert instance.state == "stopped"
    assert leaks(world) == {"unleased": 1}


def test_an_abandoned_start_is_counted_as_one_leak(world: World) -> None:
    (instance,) = world.fill(1)
    session = world.wake.sessions.open("alice", "k1", "drone").session.session
    world.members.clear()  # never ready, and silent
    minutes_pass(world, 10)
    assert instance.state == "stopped"
    assert leaks(world) == {"expired": 1}
    assert kept(world)[session[:8]].reason == "start_timeout"
