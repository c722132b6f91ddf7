"""Recurrence rules, read back by python-dateutil, which is what AWX reads them with."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.mitlab.pixel.plugins.filter.awx_rrule import awx_rrule
from ansible_collections.mitlab.pixel.plugins.module_utils.errors import PixelError
from ansible_collections.mitlab.pixel.plugins.module_utils.recurrence import WEEKDAYS, Recurrence, read_recurrence
from dateutil import rrule, tz
from hypothesis import given, settings
from hypothesis import strategies as st

ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"]
AWAY_FROM_CHANGES = st.times(time(4), time(23, 59)).map(lambda moment: moment.replace(second=0, microsecond=0))
"""Times that every day has exactly once in all these zones."""


def fires(rule: str, start: datetime, end: datetime) -> list[datetime]:
    """Return when AWX starts a job, in UTC."""
    ruleset = rrule.rrulestr(rule.replace(" ", "\n"), forceset=True, tzids=tz.gettz)
    return [moment.astimezone(UTC) for moment in ruleset.between(start, end, inc=True)]


def local(zone: str, moments: list[datetime]) -> list[str]:
    """Return moments as the clock on the wall shows them."""
    return [f"{moment.astimezone(ZoneInfo(zone)):%a %Y-%m-%d %H:%M}" for moment in moments]


def test_a_rule_reads_as_awx_wants_it() -> None:
    hold = {"name": "robotics hold", "time": "09:45", "weekdays": ["wed", "mon"], "last_day": "2027-02-12"}

    assert read_recurrence(hold, "Europe/Berlin").rrule() == (
        "DTSTART;TZID=Europe/Berlin:20260105T094500 RRULE:FREQ=WEEKLY;INTERVAL=1;BYDAY=MO,WE;UNTIL=20270212T225959Z"
    )


@pytest.mark.parametrize(
    ("zone", "change", "before", "after"),
    [
        ("Europe/Berlin", date(2026, 3, 29), "08:45", "07:45"),
        ("Europe/Berlin", date(2026, 10, 25), "07:45", "08:45"),
        ("America/New_York", date(2026, 3, 8), "14:45", "13:45"),
        ("America/New_York", date(2026, 11, 1), "13:45", "14:45"),
    ],
)
def test_a_class_stays_at_its_hour_when_the_clocks_change(zone: str, change: date, before: str, after: str) -> None:
    rule = read_recurrence({"time": "09:45", "weekdays": ["mon"]}, zone).rrule()
    midnight = datetime.combine(change, time(), UTC)

    moments = fires(rule, midnight - timedelta(days=7), midnight + timedelta(days=7))

    assert [f"{moment:%H:%M}" for moment in moments] == [before, after]
    assert all(shown.startswith("Mon") and shown.endswith("09:45") for shown in local(zone, moments))


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(ZONES), AWAY_FROM_CHANGES, st.sets(st.integers(0, 6)), st.dates(date(2026, 1, 1), date(2028, 1, 1))
)
def test_it_fires_once_on_each_of_its_days_at_its_time_and_never_else(
    zone: str, moment: time, weekdays: set[int], day: date
) -> None:
    rule = Recurrence(moment, zone, tuple(sorted(weekdays))).rrule()
    begin = datetime.combine(day, time(), ZoneInfo(zone))
    days = [day + timedelta(days=ahead) for ahead in range(8)]

    shown = local(zone, fires(rule, begin, datetime.combine(days[-1], time(), ZoneInfo(zone))))

    wanted = [each for each in days[:-1] if not weekdays or each.weekday() in weekdays]
    assert shown == [f"{each:%a %Y-%m-%d} {moment:%H:%M}" for each in wanted]


@pytest.mark.parametrize("change", [date(2026, 3, 29), date(2026, 10, 25)])
def test_every_hour_is_sixty_minutes_also_when_the_clocks_change(change: date) -> None:
    rule = read_recurrence({"time": "00:07", "every": "hour"}, "Europe/Berlin").rrule()
    midnight = datetime.combine(change, time(), UTC)

    moments = fires(rule, midnight, midnight + timedelta(days=1))

    assert len(moments) == 24
    assert {later - earlier for earlier, later in pairwise(moments)} == {timedelta(hours=1)}


def test_the_first_and_the_last_day_count() -> None:
    week = {"time": "23:30", "first_day": "2026-10-05", "last_day": "2026-10-07"}
    rule = read_recurrence(week, "America/New_York").rrule()

    moments = fires(rule, datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))

    assert local("America/New_York", moments) == [
        "Mon 2026-10-05 23:30",
        "Tue 2026-10-06 23:30",
        "Wed 2026-10-07 23:30",
    ]


@given(st.sampled_from(ZONES), st.times(), st.sets(st.integers(0, 6)), st.dates(date(2026, 1, 1), date(2028, 1, 1)))
def test_the_start_of_a_rule_is_its_first_occurrence(zone: str, moment: time, days: set[int], first: date) -> None:
    recurrence = Recurrence(moment.replace(second=0, microsecond=0), zone, tuple(sorted(days)), first_day=first)
    stamp = recurrence.rrule().split(":")[1].split(" ")[0]

    start = datetime.strptime(stamp, "%Y%m%dT%H%M%S").date()

    assert first <= start < first + timedelta(days=7)
    assert not days or start.weekday() in days


def test_the_same_settings_give_the_same_rule_whatever_the_order_of_the_days() -> None:
    rules = {
        read_recurrence({"time": "10:00", "weekdays": days}, "UTC").rrule()
        for days in (list(WEEKDAYS), list(reversed(WEEKDAYS)))
    }

    assert len(rules) == 1


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"time": 585}, ["time", "585", "in quotes"]),
        ({"time": "25:00"}, ["time", "25:00"]),
        ({"time": "09:45", "weekdays": ["monday"]}, ["weekdays", "monday", "mon, tue"]),
        ({"time": "09:45", "weekdays": "mon"}, ["weekdays", "mon", "list"]),
        ({"time": "09:45", "time_zone": "Berlin"}, ["time_zone", "Berlin", "Europe/Berlin"]),
        ({"time": "09:45", "every": "minute"}, ["every", "minute", "hour"]),
        ({"time": "09:45", "every": "hour", "weekdays": ["mon"]}, ["every", "weekdays"]),
        ({"time": "09:45", "last_day": "12.02.2027"}, ["last_day", "12.02.2027"]),
        ({"time": "09:45", "first_day": "2027-02-12", "last_day": "2026-02-12"}, ["last_day", "before", "first_day"]),
    ],
)
def test_a_wrong_setting_is_named_with_its_schedule(wrong: dict[str, Any], told: list[str]) -> None:
    with pytest.raises(PixelError) as refusal:
        read_recurrence({"name": "nightly stop", **wrong}, "UTC")

    assert [word for word in ["nightly stop", *told] if word not in str(refusal.value)] == []


def test_the_filter_tells_a_wrong_setting_as_ansible_does() -> None:
    with pytest.raises(AnsibleFilterError, match="nightly stop"):
        awx_rrule({"name": "nightly stop", "time": "late"}, "UTC")
