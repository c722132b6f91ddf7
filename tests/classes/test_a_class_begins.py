"""A class is about to begin: its members run and wait, nobody stops them, and students have theirs at once."""

from __future__ import annotations

import time

from .conftest import CONFIRM, POOL, UNLEASED, Classroom

READY = 10.0
"""Seconds at most from a student's call to a machine that is ready, when it was held: about two, and busy machines."""


def test_held_members_wait_for_the_class_serve_it_at_once_and_stop_when_nobody_came(classroom: Classroom) -> None:
    held = set(classroom.hold(3, time.time() + 600)["held"]["robotics"])
    classroom.until(lambda: classroom.hot() == held, "held members are ready and have their names")

    long_enough = time.time() + 2 * (UNLEASED + CONFIRM)
    while time.time() < long_enough:
        classroom.wake.reconciler.run()
        stopped = classroom.modules.succeed(
            "power", state="stopped", tags={"pixel:pool": POOL}, lease_table=classroom.table.name
        )
        assert stopped["changes"] == []
        assert classroom.running() == held
        time.sleep(0.5)

    classroom.sandbox.reset_calls()
    member, seconds = classroom.session("key")
    assert member in held
    assert seconds < READY
    assert {"ec2.StartInstances", "route53.ChangeResourceRecordSets"}.isdisjoint(classroom.sandbox.calls())

    begun = time.time() + 1
    classroom.hold(3, begun)
    classroom.until(lambda: classroom.running() == {member}, "those that nobody has claimed are stopped")
    assert time.time() >= begun
    assert classroom.leased() == {member}


def test_a_held_member_that_was_used_stops_and_is_made_ready_again(classroom: Classroom) -> None:
    (held,) = classroom.hold(1, time.time() + 600)["held"]["robotics"]
    classroom.until(lambda: classroom.hot() == {held}, "it is ready")
    assert classroom.session("first")[0] == held
    classroom.wake.sessions.close("alice", classroom.wake.sessions.open("alice", "first", POOL).session.session)
    classroom.until(lambda: not classroom.running() and not classroom.leased(), "it stops after its session")
    classroom.until(lambda: classroom.table.get(held)["state"] == "free", "it is free again")
    assert classroom.hold(1, time.time() + 600)["started"] == [held]
    classroom.until(lambda: classroom.hot() == {held}, "it is ready again")
