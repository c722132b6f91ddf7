"""One person's way through the wake function, from the first call to the stopped machine."""

from __future__ import annotations

import pytest

from pixel import tokens

from .fake_ec2 import Instance
from .world import SECRET, World

SCHEDULE = 60.0
"""Seconds between two runs of the reconciler."""


def open_session(world: World, key: str = "k1", owner: str = "alice", pool: str = "drone") -> str:
    return str(world.wake.sessions.open(owner, key, pool).body()["session"])


def test_a_session_starts_a_member_and_becomes_ready_with_its_name_and_tokens(world: World) -> None:
    world.fill(3)
    session = open_session(world)
    assert len(world.running()) == 1
    body = world.ready("alice", session)
    address = world.running()[0].address
    assert body["state"] == "ready"
    assert body["ip"] == address
    assert body["hostname"] == f"drone-{str(address).replace('.', '-')}.pixel.test"
    assert body["url"] == f"https://{body['hostname']}/#token={body['tokens']['player']}"
    item = world.item(world.running()[0])
    assert tokens.matches(body["tokens"]["player"], item["player_digest"])
    assert tokens.matches(body["tokens"]["controller"], item["controller_digest"])
    assert body["tokens"]["player"] == tokens.mint(SECRET, session, item["generation"], "player")


def runs_for(world: World, instance: Instance, *, members_act: bool) -> float:
    """Return how many seconds an instance runs from now on, the reconciler at work every minute."""
    began = world.now
    while instance.state in ("pending", "running"):
        assert world.now - began < 3600, "it runs for ever"
        if members_act:
            world.live(SCHEDULE)
        else:
            world.pass_time(SCHEDULE)
        world.wake.reconciler.run()
    return world.now - began


@pytest.mark.parametrize("members_act", [True, False], ids=["the member minds its deadlines", "the member hangs"])
def test_a_caller_who_never_connects_costs_at_most_the_start_and_connect_deadlines(
    world: World, members_act: bool
) -> None:
    (instance,) = world.fill(1)
    session = open_session(world)
    seconds = runs_for(world, instance, members_act=members_act)
    timings = world.settings.timings
    assert seconds <= timings.start + timings.connect + SCHEDULE
    reason = world.wake.sessions.show("alice", session).body()["reason"]
    assert reason == ("never_connected" if members_act else "start_timeout")
