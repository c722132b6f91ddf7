"""EC2's state changes: late, twice, or of someone else's instance."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from .world import World


def change(instance_id: str, state: str, at: float) -> dict[str, Any]:
    return {
        "detail-type": "EC2 Instance State-change Notification",
        "time": datetime.fromtimestamp(at, UTC).isoformat(),
        "detail": {"instance-id": instance_id, "state": state},
    }


def ready(world: World, owner: str = "alice") -> str:
    session = world.wake.sessions.open(owner, "k1", "drone").session.session
    assert world.ready(owner, session)["state"] == "ready"
    return session


def test_a_running_member_is_published_without_a_poll(world: World) -> None:
    world.fill(1)
    world.wake.sessions.open("alice", "k1", "drone")
    world.pass_time(6)
    world.deliver()
    assert list(world.route53.records.values()) == [world.running()[0].address]


def test_a_member_stopped_from_outside_ends_its_session_and_is_free_with_its_record_gone(world: World) -> None:
    (instance,) = world.fill(1)
    session = ready(world)
    world.ec2.halt(instance)
    world.pass_time(6)
    world.deliver()
    assert world.wake.sessions.show("alice", session).body()["reason"] == "member_stopped"
    assert world.item(instance)["state"] == "free"
    assert world.route53.records == {}


def test_a_member_that_stopped_itself_is_free_at_once(world: World) -> None:
    (instance,) = world.fill(1)
    session = ready(world)
    world.members[instance.instance_id].act()
    world.members[instance.instance_id].leave()
    world.pass_time(6)
    world.deliver()
    assert world.item(instance)["state"] == "free"
    assert world.wake.sessions.show("alice", session).body()["reason"] == "never_connected"


def test_a_late_event_does_not_take_a_member_from_its_next_session(world: World) -> None:
    (instance,) = world.fill(1)
    ready(world)
    stopped_at = world.now
    world.ec2.halt(instance)
    world.pass_time(6)
    world.deliver()
    session = ready(world, "bob")
    world.wake.state_changes.handle(change(instance.instance_id, "stopped", stopped_at))
    assert world.wake.sessions.show("bob", session).body()["state"] == "ready"


def test_an_event_whose_member_runs_again_changes_nothing(world: World) -> None:
    (instance,) = world.fill(1)
    session = ready(world)
    world.wake.state_changes.handle(change(instance.instance_id, "stopped", world.now))
    assert world.wake.sessions.show("alice", session).body()["state"] == "ready"


def test_the_same_event_twice_does_the_same_once(world: World) -> None:
    (instance,) = world.fill(1)
    ready(world)
    world.ec2.halt(instance)
    world.pass_time(6)
    events = list(world.events)
    world.deliver()
    item = world.item(instance)
    world.events = events
    world.deliver()
    assert world.item(instance) == item


def test_a_terminated_member_is_forgotten(world: World) -> None:
    (instance,) = world.fill(1)
    ready(world)
    world.pass_time(2)
    world.ec2.terminate(instance)
    world.deliver()
    assert world.item(instance) == {}


def test_an_instance_that_is_no_member_means_nothing(world: World) -> None:
    calls = world.wire.calls.total()
    world.wake.state_changes.handle(change("i-0123456789abcdef0", "stopped", world.now))
    world.wake.state_changes.handle(change("i-0123456789abcdef0", "running", world.now))
    assert world.wire.calls.total() - calls == 2


def test_an_address_that_another_member_has_by_now_keeps_its_record(world: World) -> None:
    first, second = world.fill(2)
    ready(world)
    stopped = world.running()[0]
    world.ec2.halt(stopped)
    world.pass_time(6)
    late, world.events = world.events, []
    ready(world, "bob")
    assert world.running()[0].instance_id in {first.instance_id, second.instance_id} - {stopped.instance_id}
    world.events = late
    world.pass_time(5)
    world.deliver()
    assert list(world.route53.records.values()) == [world.running()[0].address]
