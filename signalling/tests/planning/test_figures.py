"""The report's figures, of records made by hand."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixel.lease.usage import Use
from pixel.planning.charts import ticks
from pixel.planning.costs import Machine
from pixel.planning.figures import Figures, Scope
from pixel.planning.money import currency
from pixel.planning.prices import load
from pixel.planning.reckoning import figures, most_at_once, percentile
from pixel.planning.render import data, page
from pixel.planning.use import Leak, Refusal, Usage

BERLIN = ZoneInfo("Europe/Berlin")


def scope(first: date, last: date, size: int | None = 4, mbit: float = 10) -> Scope:
    return Scope(first, last, BERLIN, {"drone": size}, Machine("g4dn.xlarge", 100, mbit), 0, 0.01, 1.0)


def at(day: int, hour: int, minute: int = 0) -> float:
    return datetime(2026, 10, day, hour, minute, tzinfo=BERLIN).timestamp()


def use(begin: float, minutes: float = 30, owner: str = "alice") -> Use:
    ended = begin + 60 + minutes * 60
    return Use(owner, "1.4.0", "left", begin, begin + 60, ended, ended + 60)


def used(*uses: Use, refusals: Iterable[Refusal] = (), leaks: Iterable[Leak] = ()) -> Usage:
    return Usage({"drone": {f"s{number}": one for number, one in enumerate(uses)}}, list(refusals), list(leaks))


def reported(usage: Usage, first: int = 1, last: int = 31, size: int | None = 4, mbit: float = 10) -> Figures:
    return figures(scope(date(2026, 10, first), date(2026, 10, last), size, mbit), usage, load())


def test_a_day_of_the_change_to_winter_time_has_twenty_five_hours() -> None:
    assert scope(date(2026, 10, 25), date(2026, 10, 25)).hours == 25
    always_on = reported(used(), first=25, last=25).always_on
    assert always_on > 4 * 25 * 0.71


def test_a_session_late_in_the_evening_belongs_to_the_day_of_the_time_zone() -> None:
    days = reported(used(use(at(2, 0, 30)))).days
    assert [one.day.day for one in days if one.sessions] == [2]


def test_a_session_over_midnight_takes_a_member_on_both_days() -> None:
    days = {one.day.day: one for one in reported(used(use(at(2, 23, 45), minutes=60))).days}
    assert [day for day, one in days.items() if one.peak] == [2, 3]
    assert days[3].sessions == {}


def test_a_pool_without_a_size_has_as_many_members_as_were_taken_at_once() -> None:
    usage = used(use(at(2, 9)), use(at(2, 9, 20)), use(at(3, 9)))
    assert reported(usage, size=None).pools[0].size == 2


def test_egress_beyond_what_is_free_is_shared_out_by_use() -> None:
    usage = used(use(at(1, 0), minutes=6000, owner="alice"), use(at(6, 0), minutes=3000, owner="bob"))
    report = reported(usage, mbit=20)
    gigabytes = (6000 + 3000) / 60 * 9
    months = report.scope.hours / 730
    assert report.pools[0].costs["egress"] == pytest.approx((gigabytes - 100 * months) * 0.09)
    alice, bob = report.classes
    hours = (use(0, 6000).stopped_at / 3600 * 0.715, use(0, 3000).stopped_at / 3600 * 0.715)
    assert (alice.cost - hours[0]) / (bob.cost - hours[1]) == pytest.approx(2)


def test_who_is_refused_again_in_another_hour_is_refused_once() -> None:
    refusals = [
        Refusal("drone", at(2, 10), "pool_empty", "alice", frozenset({"aaaaaaaa"})),
        Refusal("drone", at(2, 11), "pool_empty", "alice", frozenset({"aaaaaaaa", "bbbbbbbb"})),
        Refusal("drone", at(2, 11), "over_cap", "bob", frozenset({"aaaaaaaa"})),
    ]
    report = reported(used(refusals=refusals))
    assert report.pools[0].refused == 3
    assert report.refusals == {"pool_empty": 2, "over_cap": 1}
    assert {one.owner: one.refused for one in report.classes} == {"alice": 2, "bob": 1}


def test_who_was_refused_and_served_later_was_not_turned_away() -> None:
    refusal = Refusal("drone", at(2, 10), "pool_empty", "alice", frozenset({"s0", "other"}))
    (pool,) = reported(used(use(at(2, 10, 5)), refusals=[refusal])).pools
    assert (pool.refused, pool.turned_away) == (2, 1)


def test_a_class_that_comes_at_once_is_told_from_people_who_come_one_by_one() -> None:
    lesson = [use(at(6, 10) + 15 * number, 60, "robotics") for number in range(6)]
    others = [use(at(6, 15, minute), 28) for minute in (0, 20, 40)]
    advice = reported(used(*lesson, *others)).pools[0].advice
    assert (advice.class_size, advice.for_class) == (6, 6)
    assert (advice.arrivals, advice.minutes, advice.load) == (3, 30, 1.5)
    assert (advice.for_others, advice.size) == (6, 12)


def test_the_worst_day_s_refusals_are_wanted_on_top_of_what_was_taken() -> None:
    refusals = [
        Refusal("drone", at(day, 10), "pool_empty", "alice", frozenset(f"{day}-{number}" for number in range(many)))
        for day, many in ((2, 9), (3, 4))
    ]
    advice = reported(used(use(at(2, 9), minutes=1), refusals=refusals)).pools[0].advice
    assert (advice.wanted, advice.size) == (10, 10)


def test_leaks_are_told_by_kind_and_day() -> None:
    report = reported(used(leaks=[Leak("drone", at(5, 3), "unleased", frozenset({"i-1@1", "i-2@1"}))]))
    assert report.leaks == {"unleased": 2}
    assert [one.leaks for one in report.days if one.leaks] == [2]


def test_a_percentile_is_a_value_that_was_seen() -> None:
    assert percentile([1, 2, 3, 4], 0.5) == 2
    assert percentile([1, 2, 3, 4], 0.95) == 4
    assert percentile([7], 0.5) == 7
    assert percentile([], 0.5) is None


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 20)), max_size=30))
def test_the_most_at_once_is_what_counting_every_moment_finds(spans: list[tuple[int, int]]) -> None:
    ends = [(float(begin), float(begin + length)) for begin, length in spans]
    assert most_at_once(ends) == max((sum(b <= moment < e for b, e in ends) for moment in range(71)), default=0)


@given(st.floats(0, 1e9))
def test_an_axis_has_few_round_ticks_and_reaches_the_greatest_value(most: float) -> None:
    found = ticks(most)
    assert 2 <= len(found) <= 7
    assert found[-1] >= most


def test_a_page_of_a_year_has_a_bar_for_each_week_and_no_more_colours_than_there_are() -> None:
    uses = [use(at(1, 9) + 86400 * number, owner=f"key{number}") for number in range(20)]
    report = figures(scope(date(2026, 1, 1), date(2026, 12, 31)), used(*uses), load())
    prices = load()
    html = page(data(report, {"key0": "<b>bold</b>"}, prices, currency("eur", 1.25, prices)))
    assert "Sessions a week, by class" in html
    assert "others" in html
    assert "<b>bold</b>" not in html
    assert "1 euro = 1.25 dollars, as given" in html
    assert "<script" not in html
