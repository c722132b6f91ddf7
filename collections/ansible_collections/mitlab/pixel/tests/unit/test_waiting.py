from __future__ import annotations

from ansible_collections.mitlab.pixel.plugins.module_utils.waiting import Deadline


class Clock:
    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


def polled(timeout: float) -> list[float]:
    clock = Clock()
    for _poll in Deadline(timeout, clock.time, clock.sleep).polls():
        pass
    return clock.pauses


def test_polls_are_short_at_first_and_longer_later() -> None:
    assert polled(60) == [1, 2, 4, 8, 15, 15, 15]


def test_the_last_poll_is_at_the_deadline() -> None:
    assert polled(2.5) == [1, 1.5]


def test_a_deadline_that_has_passed_polls_no_more() -> None:
    assert polled(0) == []


def test_waits_that_follow_each_other_share_the_deadline() -> None:
    clock = Clock()
    deadline = Deadline(10, clock.time, clock.sleep)
    next(deadline.polls())
    for _poll in deadline.polls():
        pass
    assert clock.now == 10
