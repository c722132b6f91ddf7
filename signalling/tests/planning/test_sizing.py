"""How many members a pool needs."""

from __future__ import annotations

import heapq
import math
import random
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixel.planning.sizing import (
    binomial,
    erlang_b,
    members_for_arrivals,
    members_for_class,
    spares_for_arrivals,
)

PUBLISHED = [
    # lines, share blocked, erlangs: the Erlang B table as textbooks print it
    (1, 0.01, "0.0101"),
    (5, 0.01, "1.36"),
    (10, 0.01, "4.46"),
    (20, 0.01, "12.0"),
    (50, 0.01, "37.9"),
    (100, 0.01, "84.1"),
    (5, 0.02, "1.66"),
    (10, 0.02, "5.08"),
    (20, 0.02, "13.2"),
    (100, 0.02, "88.0"),
    (10, 0.05, "6.22"),
    (20, 0.05, "15.2"),
    (10, 0.10, "7.51"),
    (10, 0.001, "3.09"),
    # https://erlang.com/calculatormanual/howmuchtrafficcanatrunkgrouphandle.htm
    (15, 0.01, "8.108"),
]

shares = st.floats(0.001, 0.5)
loads = st.floats(0.01, 300)


def greatest_load(lines: int, share: float) -> float:
    """Return the load at which just this share is refused."""
    low, high = 0.0, 10.0 * lines + 10
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if erlang_b(lines, middle) < share else (low, middle)
    return low


@pytest.mark.parametrize(("lines", "share", "erlangs"), PUBLISHED)
def test_erlang_b_says_what_the_published_table_says(lines: int, share: float, erlangs: str) -> None:
    last_digit = 10.0 ** -len(erlangs.partition(".")[2])
    assert greatest_load(lines, share) == pytest.approx(float(erlangs), abs=last_digit * 0.51)


@pytest.mark.parametrize(
    ("per_hour", "minutes", "members"),
    [(2, 40, 5), (6, 40, 10), (12, 40, 15), (20, 55, 28), (30, 70, 47), (60, 40, 53)],
)
def test_a_pool_refuses_one_in_a_hundred(per_hour: int, minutes: int, members: int) -> None:
    assert members_for_arrivals(per_hour * minutes / 60, 0.01) == members


def test_erlang_b_agrees_with_a_simulation_whose_sessions_are_not_exponential() -> None:
    chance = random.Random(7)
    members, arrivals, now, refused = 5, 60_000, 0.0, 0
    busy_until: list[float] = []
    for _ in range(arrivals):
        now += chance.expovariate(3.0)
        while busy_until and busy_until[0] <= now:
            heapq.heappop(busy_until)
        if len(busy_until) == members:
            refused += 1
        else:
            heapq.heappush(busy_until, now + chance.lognormvariate(-0.5, 1.0))  # mean 1
    assert refused / arrivals == pytest.approx(erlang_b(members, 3.0), abs=0.01)


def test_erlang_b_is_the_textbook_formula_where_factorials_still_fit() -> None:
    for members, load in product((0, 1, 3, 12), (0.0, 0.5, 4.0, 30.0)):
        terms = [load**count / math.factorial(count) for count in range(members + 1)]
        assert erlang_b(members, load) == pytest.approx(terms[-1] / sum(terms))


@given(loads, shares)
def test_one_member_less_would_refuse_too_many(load: float, share: float) -> None:
    members = members_for_arrivals(load, share)
    assert erlang_b(members, load) <= share
    assert members == 0 or erlang_b(members - 1, load) > share


def test_thousands_of_members_are_no_trouble() -> None:
    assert 0 < erlang_b(5000, 5000) < 0.02
    assert members_for_arrivals(5000, 0.01) < 5200


def test_a_load_that_no_pool_carries_is_refused() -> None:
    with pytest.raises(ValueError, match="give fewer or shorter sessions"):
        members_for_arrivals(1e9, 0.01)


def test_nobody_needs_no_members() -> None:
    assert members_for_arrivals(0.0, 0.01) == 0


def test_a_class_of_which_all_come_and_all_members_work_has_a_member_each() -> None:
    assert members_for_class(30, 1.0, 1.0, 0.01) == 30


def test_a_class_of_which_some_stay_away_needs_fewer() -> None:
    # P(more than 27 of 30 come) = 0.0514 and P(more than 26) = 0.1225, for people who come with 0.82
    at_most = [sum(math.comb(30, k) * 0.82**k * 0.18 ** (30 - k) for k in range(n + 1, 31)) for n in range(31)]
    assert members_for_class(30, 0.82, 1.0, 0.05) == next(n for n, more in enumerate(at_most) if more <= 0.05)


def test_members_that_may_fail_are_made_up_for_by_more() -> None:
    members = members_for_class(10, 1.0, 0.9, 0.01)
    assert members > 10
    works = [math.comb(members, k) * 0.9**k * 0.1 ** (members - k) for k in range(10)]
    assert sum(works) <= 0.01 < sum(math.comb(members - 1, k) * 0.9**k * 0.1 ** (members - 1 - k) for k in range(10))


@given(st.integers(1, 40), st.floats(0.05, 1.0), st.floats(0.5, 1.0), shares)
def test_one_member_less_would_fail_a_class_too_often(seats: int, comes: float, works: float, share: float) -> None:
    def refused(members: int) -> float:
        people, working = list(binomial(seats, comes)), list(binomial(members, works))
        return sum(p * w for (k, p), (m, w) in product(enumerate(people), enumerate(working)) if k > m)

    members = members_for_class(seats, comes, works, share)
    assert refused(members) <= share + 1e-9
    assert members == 0 or refused(members - 1) > share - 1e-9


@given(st.integers(0, 400), st.floats(0, 1))
def test_a_distribution_is_whole(trials: int, chance: float) -> None:
    assert sum(binomial(trials, chance)) == pytest.approx(1)


def test_spares_cover_all_but_a_share_of_poisson_arrivals() -> None:
    # mean 0.6: P(more than 2) = 0.0231, P(more than 3) = 0.0034
    assert spares_for_arrivals(0.6, 0.01) == 3
    assert spares_for_arrivals(0.6, 0.03) == 2
    assert spares_for_arrivals(0.0, 0.01) == 0
