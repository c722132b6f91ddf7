"""One attempt at a time; a steady period while it works, back-off while it does not."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from pixel.signalling.attempts import Attempts


def test_an_attempt_under_way_is_not_made_twice():
    attempts = Attempts(limit=60)
    assert attempts.due(0)
    attempts.begin(0)
    assert not attempts.due(59)


def test_an_attempt_without_an_answer_has_failed_after_its_limit():
    attempts = Attempts(limit=60)
    attempts.begin(0)
    assert attempts.due(60)


def test_a_success_is_repeated_after_the_period():
    attempts = Attempts(10)
    attempts.begin(0)
    attempts.succeeded(1)
    assert not attempts.due(10)
    assert attempts.due(11)


def test_what_is_done_once_is_never_due_again():
    attempts = Attempts()
    attempts.begin(0)
    attempts.succeeded(0)
    assert not attempts.due(1e12)


def test_soon_during_an_attempt_makes_another_right_after_it():
    attempts = Attempts(10)
    attempts.begin(0)
    attempts.soon(0)
    attempts.succeeded(1)
    assert attempts.due(1)


@given(st.integers(1, 100), st.floats(0, 1, exclude_max=True))
def test_however_often_it_fails_the_next_attempt_is_never_far(failures, chance):
    attempts = Attempts(longest=30, chance=lambda: chance)
    now, pauses = 0.0, []
    for _ in range(failures):
        attempts.begin(now)
        attempts.failed(now)
        due = next(now + wait / 4 for wait in range(1, 200) if attempts.due(now + wait / 4))
        pauses.append(due - now)
        now = due
    assert all(0.25 <= pause <= 30.25 for pause in pauses)
    assert math.isclose(pauses[0], max(0.5, 1 - chance / 2), abs_tol=0.25)
