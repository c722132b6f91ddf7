"""The report's figures, reckoned again from the journal of what happened: by other code, with prices written here."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import pytest

from .conftest import BERLIN, MEMBERS, Reported
from .school import Visit

pytestmark = pytest.mark.xdist_group("report")  # one school for all

HOUR_USD = 0.526 + 4 * 0.046
ADDRESS_USD = 0.005
DAYS = 7


def served(reported: Reported, key: str | None = None) -> list[Visit]:
    """Return the visits that got a member."""
    return [v for v in reported.school.visits if v.claimed_at and (key is None or v.owner == reported.keys[key])]


def used_hours(visit: Visit) -> float:
    return (visit.left_at - visit.ready_at) / 3600 if visit.ready_at and visit.left_at else 0.0


def running_hours(visit: Visit) -> float:
    assert visit.claimed_at and visit.stopped_at
    return (visit.stopped_at - visit.claimed_at) / 3600


def test_everything_happened_that_was_to_happen(reported: Reported) -> None:
    assert len(served(reported)) == 6
    assert sum(visit.refused for visit in reported.school.visits) == 1
    assert reported.school.leaks == 1


def test_sessions_and_hours(reported: Reported) -> None:
    total = reported.data["total"]
    assert total["sessions"] == 6
    assert total["minutes"] == pytest.approx(60 * sum(map(used_hours, served(reported))), abs=0.1)
    (pool,) = reported.data["pools"]
    assert pool["running_hours"] == pytest.approx(sum(map(running_hours, served(reported))), abs=0.01)


def test_refusals_and_leaks(reported: Reported) -> None:
    total = reported.data["total"]
    assert (total["refused"], total["leaks"]) == (1, 1)
    assert total["turned_away"] == 1
    assert total["turned_away_share"] == pytest.approx(1 / 7, abs=0.0001)
    assert reported.data["refusals"] == {"pool_empty": 1}
    assert reported.data["leaks"] == {"expired": 1}
    assert reported.data["ended"] == {"left": 5, "start_timeout": 1}


def test_the_most_members_taken_at_once(reported: Reported) -> None:
    spans = [(visit.claimed_at, visit.stopped_at) for visit in served(reported)]
    at_each_claim = [sum(begin <= claim < end for begin, end in spans) for claim, _ in spans]  # type: ignore[operator]
    assert reported.data["total"]["peak"] == max(at_each_claim) == 3


def test_the_time_until_a_member_could_be_used(reported: Reported) -> None:
    waits = sorted(v.ready_at - v.claimed_at for v in served(reported) if v.ready_at and v.claimed_at)
    ready = reported.data["pools"][0]["ready"]
    assert ready["count"] == len(waits) == 5
    assert ready["p50"] == waits[math.ceil(0.5 * 5) - 1] == 90
    assert ready["p95"] == waits[-1] == 100
    counted = {(one["from"], one["to"]): one["sessions"] for one in reported.data["waits"]}
    assert counted[(60, 90)] == 3
    assert counted[(90, 120)] == 2


def test_what_each_class_used_and_cost(reported: Reported) -> None:
    gigabytes = sum(map(used_hours, served(reported))) * 10 * 3600 / 8 / 1000
    assert gigabytes < 100 * DAYS * 24 / 730  # within what AWS gives away, so egress costs nothing
    by_name = {one["name"]: one for one in reported.data["classes"]}
    assert by_name.keys() == {"robotics", "notebook"}
    for name, refused in (("robotics", 1), ("notebook", 0)):
        visits = served(reported, name)
        cost = sum(map(running_hours, visits)) * (HOUR_USD + ADDRESS_USD)
        assert by_name[name]["sessions"] == len(visits)
        assert by_name[name]["refused"] == refused
        assert by_name[name]["minutes"] == pytest.approx(60 * sum(map(used_hours, visits)), abs=0.1)
        assert by_name[name]["cost"] == pytest.approx(cost, abs=0.01)


def test_what_the_pool_cost_and_what_it_would_have_always_on(reported: Reported) -> None:
    (pool,) = reported.data["pools"]
    month = DAYS * 24 / 730
    kept = (MEMBERS * 100 * 0.08 + 60 * 0.05) * month
    running = sum(map(running_hours, served(reported)))
    assert pool["cost"] == pytest.approx(running * (HOUR_USD + ADDRESS_USD) + kept, abs=0.02)
    assert pool["always_on"] == pytest.approx(MEMBERS * DAYS * 24 * (HOUR_USD + ADDRESS_USD) + kept, abs=0.02)
    total = reported.data["total"]
    assert total["cost"] == pytest.approx(pool["cost"] + total["wake_path"], abs=0.02)
    assert 0.3 < total["wake_path"] < 1.5


def test_every_day_is_the_school_s_own(reported: Reported) -> None:
    days = {one["day"]: one for one in reported.data["days"]}
    assert len(days) == DAYS
    for day, one in days.items():
        begun = [v for v in served(reported) if str(datetime.fromtimestamp(v.claimed_at or 0, BERLIN).date()) == day]
        assert sum(one["sessions"].values()) == len(begun), day
    late = next(v for v in served(reported) if v.claimed_at and datetime.fromtimestamp(v.claimed_at, UTC).hour == 22)
    assert days["2026-11-04"]["sessions"] == {"notebook": 1}
    assert days["2026-11-05"]["peak"] == 1  # it still ran, beside nobody
    assert late.stopped_at and datetime.fromtimestamp(late.stopped_at, BERLIN).day == 5


def test_the_advice_is_for_the_class_and_for_the_others(reported: Reported) -> None:
    advice = reported.data["pools"][0]["advice"]
    assert (advice["class_size"], advice["wanted"]) == (0, 4)  # three are no class; three were taken and one refused
    assert advice["size"] == max(advice["for_others"], 4)
