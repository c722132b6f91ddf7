from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from ansible_collections.mitlab.pixel.plugins.module_utils.class_plan import meetings, runs, timetable, wanted
from ansible_collections.mitlab.pixel.plugins.module_utils.classes import (
    WEEKDAYS,
    Defaults,
    WeeklyClass,
    read_classes,
)
from ansible_collections.mitlab.pixel.plugins.module_utils.errors import PixelError
from hypothesis import given
from hypothesis import strategies as st

BERLIN = ZoneInfo("Europe/Berlin")
DEFAULTS = Defaults("drone", "Europe/Berlin", 40)
ROBOTICS: dict[str, Any] = {"name": "robotics", "weekdays": ["tue"], "start": "10:00", "end": "12:00", "seats": 12}
TUESDAY = datetime(2026, 11, 24, tzinfo=BERLIN)

zones = st.sampled_from(
    (
        "Europe/Berlin",
        "America/New_York",
        "America/St_Johns",
        "Australia/Lord_Howe",
        "Asia/Kolkata",
        "Africa/Casablanca",
    )
)
moments = st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC))


@st.composite
def classes(draw: st.DrawFn) -> list[WeeklyClass]:
    """Up to three classes of small size."""
    found = []
    for number in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, 24 * 60 - 2))
        end = draw(st.integers(start + 1, 24 * 60 - 1))
        seats = draw(st.integers(1, 9))
        written = {
            "name": f"class-{number}",
            "weekdays": draw(st.sets(st.sampled_from(WEEKDAYS), min_size=1).map(sorted)),
            "start": f"{start // 60:02}:{start % 60:02}",
            "end": f"{end // 60:02}:{end % 60:02}",
            "seats": seats,
            "hot": draw(st.integers(0, seats)),
            "lead_minutes": draw(st.integers(0, 120)),
            "time_zone": draw(zones),
        }
        found += read_classes([written], DEFAULTS)
    return found


def at(hours: int, minutes: int = 0, day: datetime = TUESDAY) -> datetime:
    return day.replace(hour=hours, minute=minutes).astimezone(UTC)


def asked(now: datetime, *written: dict[str, Any], base: int = 6, defaults: Defaults = DEFAULTS) -> Any:
    return wanted(read_classes(list(written or [ROBOTICS]), defaults), "drone", base, defaults, now)


@pytest.mark.parametrize(
    ("moment", "size", "held"),
    [
        (at(8, 59), 6, 0),
        (at(9, 0), 12, 0),
        (at(9, 44), 12, 0),
        (at(9, 45), 12, 12),
        (at(10, 14), 12, 12),
        (at(10, 15), 12, 0),
        (at(11, 59), 12, 0),
        (at(12, 0), 6, 0),
    ],
)
def test_the_pool_grows_is_held_and_shrinks_around_a_class(moment: datetime, size: int, held: int) -> None:
    answer = asked(moment)
    assert (answer.size, answer.holds[0].count) == (size, held)


def test_members_are_held_until_the_grace_after_the_beginning() -> None:
    assert asked(at(9, 50)).holds[0].until == at(10, 15).timestamp()


def test_members_are_not_held_beyond_the_end_of_a_short_class() -> None:
    assert asked(at(9, 50), {**ROBOTICS, "end": "10:05"}).holds[0].until == at(10, 5).timestamp()


def test_classes_at_the_same_time_add_up() -> None:
    answer = asked(at(9, 50), ROBOTICS, {**ROBOTICS, "name": "art", "seats": 5, "hot": 3})
    assert answer.size == 17
    assert [(hold.purpose, hold.count) for hold in answer.holds] == [("robotics", 12), ("art", 3)]


def test_a_pool_is_never_smaller_than_its_own_size() -> None:
    assert asked(at(10), base=20).size == 20


def test_classes_of_another_pool_ask_nothing() -> None:
    answer = asked(at(9, 50), {**ROBOTICS, "pool": "paint"})
    assert (answer.size, answer.holds) == (6, ())


def test_a_day_off_has_no_class() -> None:
    assert asked(at(9, 50), {**ROBOTICS, "except_days": ["2026-11-24"]}).size == 6
    assert asked(at(9, 50), {**ROBOTICS, "first_day": "2026-11-25"}).size == 6
    assert asked(at(9, 50), {**ROBOTICS, "last_day": date(2026, 11, 23)}).size == 6


def test_members_are_held_on_the_day_before_for_a_class_just_after_midnight() -> None:
    early = {**ROBOTICS, "start": "00:05"}
    assert asked(at(23, 55, TUESDAY - timedelta(days=1)), early).holds[0].count == 12


@pytest.mark.parametrize("day", [datetime(2026, 3, 24, tzinfo=BERLIN), datetime(2026, 3, 31, tzinfo=BERLIN)])
def test_ten_o_clock_is_ten_o_clock_before_and_after_the_change_to_summer_time(day: datetime) -> None:
    assert asked(at(10, 0, day)).holds[0].count == 12
    assert asked(at(10, 0, day) - timedelta(minutes=16)).holds[0].count == 0


def test_a_beginning_that_summer_time_skips_takes_place_an_hour_later_on_the_clock() -> None:
    night = {**ROBOTICS, "weekdays": ["sun"], "start": "02:30", "end": "05:00"}
    (meeting,) = meetings(
        read_classes([night], DEFAULTS), datetime(2026, 3, 28, tzinfo=UTC), datetime(2026, 3, 30, tzinfo=UTC)
    )
    assert meeting.begins == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


@given(classes(), moments)
def test_every_class_meets_at_its_own_local_time_as_often_as_the_week_says(
    found: list[WeeklyClass], now: datetime
) -> None:
    week = meetings(found, now, now + timedelta(days=7))
    for one in found:
        own = [meeting for meeting in week if meeting.of == one]
        assert abs(len(own) - len(one.weekdays)) <= 1
        for meeting in own:
            local = meeting.begins.astimezone(one.zone)
            skipped = local.replace(tzinfo=None) - datetime.combine(local.date(), one.start)
            assert skipped in (timedelta(0), timedelta(minutes=30), timedelta(hours=1))
            assert meeting.begins <= meeting.ends


@given(classes(), moments, st.integers(0, 12))
def test_a_class_under_way_has_its_seats_and_what_is_held_is_within_the_size(
    found: list[WeeklyClass], now: datetime, base: int
) -> None:
    answer = wanted(found, "drone", base, DEFAULTS, now)
    under_way = [
        m for m in meetings(found, now - timedelta(days=2), now + timedelta(days=1)) if m.begins <= now < m.ends
    ]
    assert answer.size >= max(base, sum(meeting.of.seats for meeting in under_way))
    assert sum(hold.count for hold in answer.holds) <= answer.size


@given(classes(), moments)
def test_a_hold_ends_after_now_and_within_the_lead_and_the_grace(found: list[WeeklyClass], now: datetime) -> None:
    for hold, one in zip(wanted(found, "drone", 0, DEFAULTS, now).holds, found, strict=True):
        if hold.count:
            assert 0 < hold.until - now.timestamp() <= (one.lead + DEFAULTS.grace) * 60


@given(classes(), moments)
def test_nothing_changes_but_at_the_moments_that_are_told(found: list[WeeklyClass], now: datetime) -> None:
    """Between two minutes that `runs` names, and apart from holds that pass, what is wanted stays the same."""
    now = now.replace(second=0, microsecond=0)
    before, after = (wanted(found, "drone", 0, DEFAULTS, moment) for moment in (now - timedelta(minutes=1), now))
    told = {(run["class"], run["what"]) for run in runs(found) if _falls_on(run, now)}
    if any(_clock_changes(one.zone, now) for one in found):
        return
    grown = set(after.classes) - set(before.classes)
    shrunk = set(before.classes) - set(after.classes)
    held = {new.purpose for old, new in zip(before.holds, after.holds, strict=True) if new.count > old.count}
    assert {(name, "grow") for name in grown} <= told
    assert {(name, "shrink") for name in shrunk} <= told
    assert {(name, "hold") for name in held} <= told


def _falls_on(run: dict[str, Any], now: datetime) -> bool:
    local = now.astimezone(ZoneInfo(run["time_zone"]))
    return WEEKDAYS[local.weekday()] in run["weekdays"] and local.time() == time.fromisoformat(run["time"])


def _clock_changes(zone: ZoneInfo, now: datetime) -> bool:
    """Whether the clocks change within a day and a half: minutes before a class are not counted on them."""
    near = {(now + timedelta(hours=hours)).astimezone(zone).utcoffset() for hours in range(-36, 37, 12)}
    return len(near) > 1


def test_the_moments_of_a_class_are_told_as_readable_schedules() -> None:
    told = runs(read_classes([{**ROBOTICS, "start": "00:30", "end": "02:00", "first_day": "2026-11-24"}], DEFAULTS))
    assert [(run["name"], run["weekdays"], run["time"], run["first_day"]) for run in told] == [
        ("robotics grow", ["mon"], "23:30", "2026-11-23"),
        ("robotics hold", ["tue"], "00:15", "2026-11-24"),
        ("robotics shrink", ["tue"], "02:00", "2026-11-24"),
    ]


def test_the_timetable_shows_the_next_seven_days() -> None:
    head, *rows = timetable(read_classes([ROBOTICS], DEFAULTS), at(11))
    assert head.split()[:6] == ["day", "grows", "held", "from", "begins", "ends"]
    assert [row.split()[:6] for row in rows] == [
        ["Tue", "2026-11-24", "09:00", "09:45", "10:00", "12:00"],
        ["Tue", "2026-12-01", "09:00", "09:45", "10:00", "12:00"],
    ]
    assert timetable([], at(11)) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"name": "Robotics!"},
            "class Robotics!: name is 'Robotics!': use up to 32 lower-case letters, digits and dashes",
        ),
        ({"start": 600}, "class robotics: start is 600: write it in quotes"),
        ({"start": "25:00"}, "class robotics: start is '25:00': give a time of the day in quotes"),
        ({"end": "09:00"}, "class robotics: end is 09:00, not after start, 10:00"),
        ({"time_zone": "Mars/Base"}, "class robotics: time_zone is 'Mars/Base', and no such time zone is known here"),
        ({"weekdays": ["moon"]}, "class robotics: weekdays names 'moon': use mon, tue, wed, thu, fri, sat, sun"),
        ({"weekdays": "mon"}, "class robotics: weekdays is 'mon': give a list"),
        ({"seats": 41}, "class robotics: seats is 41: give a whole number from 1 to pixel_max_size, which is 40"),
        ({"seats": True}, "class robotics: seats is True: give a whole number"),
        ({"seats": None}, "class robotics: seats is missing: give it"),
        ({"hot": 13}, "class robotics: hot is 13: give a whole number from 0 to seats, which is 12"),
        ({"seat": 3}, "class robotics: seat is no setting of a class: use name, weekdays"),
        ({"first_day": "soon"}, "class robotics: first_day is 'soon': give a day such as"),
        (
            {"first_day": "2026-02-02", "last_day": "2026-01-01"},
            "class robotics: last_day is 2026-01-01, before first_day",
        ),
    ],
)
def test_a_class_that_cannot_be_meant_is_refused_by_name_and_field(change: dict[str, Any], message: str) -> None:
    with pytest.raises(PixelError) as refused:
        read_classes([{**ROBOTICS, **change}], DEFAULTS)
    assert message in str(refused.value)


def test_two_classes_of_one_name_are_refused() -> None:
    with pytest.raises(PixelError, match="the name robotics is there twice"):
        read_classes([ROBOTICS, ROBOTICS], DEFAULTS)


def test_what_is_no_list_is_refused() -> None:
    with pytest.raises(PixelError, match="give a list of classes"):
        read_classes("robotics", DEFAULTS)


def test_classes_that_together_need_more_than_the_pool_may_have_are_refused() -> None:
    art = {**ROBOTICS, "name": "art", "start": "11:00", "end": "13:00", "seats": 30}
    with pytest.raises(PixelError, match=r"art \(30\), .*robotics \(12\)|robotics \(12\), art \(30\)"):
        asked(at(8), ROBOTICS, art)
