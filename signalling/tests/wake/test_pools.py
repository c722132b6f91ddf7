"""Turns, and the pace of starts."""

from __future__ import annotations

from pixel.wake.pools import LONGEST_GATHER, Done, Pool, finish, pace

NOW = 1000.0


def test_a_lone_start_lets_the_next_one_follow_after_a_second() -> None:
    assert pace(Pool("drone"), NOW) == (NOW + 1, 0)


def test_in_a_burst_each_start_waits_twice_as_long_as_the_one_before_up_to_four_seconds() -> None:
    pool, now, pauses = Pool("drone"), NOW, []
    for _ in range(6):
        start_at, burst = pace(pool, now)
        pauses.append(start_at - now)
        pool, now = Pool("drone", start_at=start_at, burst=burst), start_at
    assert pauses == [1, 2, 4, 4, 4, 4]


def test_after_a_quiet_time_a_start_is_a_lone_one_again() -> None:
    busy = Pool("drone", start_at=NOW, burst=7)
    assert pace(busy, NOW + 2 * LONGEST_GATHER + 0.1) == (NOW + 2 * LONGEST_GATHER + 1.1, 0)


def test_a_turn_takes_out_only_what_it_has_done() -> None:
    pool = Pool("drone", pending=frozenset({"i-1", "i-2"}), open=frozenset({"i-1", "i-2"}), busy_until=NOW + 15)
    write = finish(pool, Done(started=frozenset({"i-1"})), NOW)
    assert write.delete == {"pending": {"i-1"}}
    assert write.values == {":mark": NOW + 15}


def test_cooldowns_that_are_over_are_forgotten() -> None:
    pool = Pool("drone", cooldowns={"a": NOW - 1, "b": NOW + 1})
    assert finish(pool, Done(cooldowns={"c": NOW + 9}), NOW).set["cooldowns"] == {"b": NOW + 1, "c": NOW + 9}


def test_a_pool_that_nobody_used_is_empty_and_idle() -> None:
    assert Pool.parse("drone", None) == Pool("drone")
    assert Pool.parse("drone", None).idle
