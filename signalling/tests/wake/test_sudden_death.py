"""An invocation killed after any one of its calls to AWS: nothing leaks, nobody gets a member that is another's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pixel.lease.model import is_claimable

from .world import Killed, World, a_world

pytestmark = pytest.mark.slow

LONGER_THAN_ALL_DEADLINES, STEP = 700, 175
MOST_CALLS = 40


class Scene:
    """One session under way."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.session = ""
        world.fill(3)

    def open(self) -> None:
        self.session = str(self.world.wake.sessions.open("alice", "key", "drone").body()["session"])

    def open_without_capacity(self) -> None:
        self.world.ec2.dry = dict.fromkeys(("us-east-2a", "us-east-2b"), 0)
        self.open()

    def boot(self) -> None:
        self.world.pass_time(6)

    def deliver(self) -> None:
        self.world.deliver()

    def poll(self) -> None:
        self.world.wake.sessions.show("alice", self.session)

    def close(self) -> None:
        self.world.wake.sessions.close("alice", self.session)

    def reconcile(self) -> None:
        self.world.wake.reconciler.run()

    def make_ready(self) -> None:
        assert self.world.ready("alice", self.session)["state"] == "ready"

    def leave(self) -> None:
        for member in self.world.members.values():
            member.act()
            member.leave()
        self.world.pass_time(6)

    def expire(self) -> None:
        self.world.pass_time(400)

    def stop_from_outside(self) -> None:
        for instance in self.world.running():
            self.world.ec2.halt(instance)
        self.world.pass_time(6)


Step = Callable[[Scene], None]

SCENES: dict[str, tuple[list[Step], Step]] = {
    "opening a session": ([], Scene.open),
    "opening a session where two zones are dry": ([], Scene.open_without_capacity),
    "hearing that the member runs": ([Scene.open, Scene.boot], Scene.deliver),
    "a poll that finds the member running": ([Scene.open, Scene.boot], Scene.poll),
    "a poll that sees the name in sync": ([Scene.open, Scene.boot, Scene.deliver, Scene.boot], Scene.poll),
    "ending a session that starts": ([Scene.open], Scene.close),
    "ending a ready session": ([Scene.open, Scene.make_ready], Scene.close),
    "hearing that the member stopped itself": ([Scene.open, Scene.make_ready, Scene.leave], Scene.deliver),
    "hearing that the member was stopped": ([Scene.open, Scene.make_ready, Scene.stop_from_outside], Scene.deliver),
    "reconciling a member that never said ready": ([Scene.open, Scene.boot, Scene.expire], Scene.reconcile),
    "reconciling a member that stopped itself": ([Scene.open, Scene.make_ready, Scene.leave], Scene.reconcile),
    "reconciling a session that starts": ([Scene.open, Scene.boot], Scene.reconcile),
}


@pytest.mark.parametrize("name", SCENES)
def test_the_caller_vanishes_and_nothing_is_left(name: str) -> None:
    for world, _scene in every_death(name):
        world.events.clear()
        assert_nothing_is_left(world)


@pytest.mark.parametrize("name", [name for name, (_, killed) in SCENES.items() if killed in (Scene.open, Scene.poll)])
def test_the_caller_repeats_the_call_and_gets_its_session(name: str) -> None:
    for world, scene in every_death(name):
        world.pass_time(16)
        scene.open()
        assert world.ready("alice", scene.session)["state"] == "ready"
        assert len(world.leased()) == 1
        world.live(LONGER_THAN_ALL_DEADLINES, step=STEP)
        assert_nothing_is_left(world)


def every_death(name: str) -> Any:
    """Play a scene once for every call in it, killed right after that call; yield each world as the kill left it."""
    before, killed = SCENES[name]
    for calls in range(MOST_CALLS):
        with a_world() as world:
            scene = Scene(world)
            for step in before:
                step(scene)
            with world.wire.killing_after(calls):
                try:
                    killed(scene)
                except Killed:
                    pass
                else:
                    assert calls > 0
                    return
            yield world, scene
    raise AssertionError(f"'{name}' makes more than {MOST_CALLS} calls")


def all_are_claimable(world: World) -> bool:
    """Whether nothing of any lease is left."""
    items = world.table.get_many(world.ec2.instances)
    return all(is_claimable(items.get(name), world.now) for name in world.ec2.instances)


def assert_nothing_is_left(world: World) -> None:
    """After the deadlines and one reconcile all is stopped or stopping, after two more all can be used again."""
    world.live(LONGER_THAN_ALL_DEADLINES, events=False, step=STEP)
    world.wake.reconciler.run()
    world.pass_time(6)
    assert world.running() == []
    assert world.leased() == []
    for _ in range(2):
        if world.route53.records or not all_are_claimable(world):
            world.pass_time(60)
            world.wake.reconciler.run()
    assert world.route53.records == {}
    assert all_are_claimable(world)
    world.ec2.dry.clear()
    assert world.wake.sessions.open("bob", "key", "drone").progress.state == "starting"
