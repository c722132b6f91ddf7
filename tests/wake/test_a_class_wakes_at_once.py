"""Two hundred people call at the same moment for a hundred machines, under AWS's documented token buckets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

MEMBERS, CALLERS = 100, 200
MOST_STARTS = 8


@pytest.mark.slow
@pytest.mark.parametrize("_run", [0, *(pytest.param(run, marks=pytest.mark.soak) for run in range(1, 10))])
def test_each_member_goes_to_one_caller_and_the_others_are_told_when_to_try_again(
    classroom: Callable[[int, int], Any], _run: int
) -> None:
    a_class_wakes(classroom(MEMBERS, CALLERS))


def test_a_small_class_wakes_at_once(classroom: Callable[[int, int], Any]) -> None:
    a_class_wakes(classroom(10, 20))


def a_class_wakes(room: Any) -> None:
    """Have the class call, and check what it was given."""
    room.sandbox.set_faults(buckets=True)
    room.sandbox.reset_calls()
    burst = room.burst()
    assert burst.failures == []
    room.poll_until_started(burst.sessions)
    leased = room.leased()
    assert len(leased) == len(burst.sessions) == len(room.members)
    assert set(leased.values()) == set(burst.sessions)
    assert len(burst.refusals) == room.callers - len(room.members)
    assert {(refusal.status, refusal.code) for refusal in burst.refusals} == {(503, "pool_empty")}
    assert all(refusal.retry_after for refusal in burst.refusals)
    assert room.running() == set(leased)
    assert room.sandbox.calls()["ec2.StartInstances"] <= MOST_STARTS
