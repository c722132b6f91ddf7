# Copyright: mitlab.pixel maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Readable times, such as Mondays at 09:45 in Berlin, as the recurrence rules of AWX's schedules."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ansible_collections.mitlab.pixel.plugins.module_utils.errors import PixelError

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
FIELDS = ("time", "weekdays", "every", "time_zone", "first_day", "last_day")
FIRST_DAY = date(2026, 1, 1)
"""Where a recurrence begins that does not say when: a fixed day, so that the same settings give the same rule."""


@dataclass(frozen=True)
class Recurrence:
    """Something that happens again and again at a time of the wall clock.

    Attributes:
        time: hour and minute; of an hourly recurrence the minute alone counts.
        time_zone: the clock on the wall, an IANA name.
        weekdays: on which days, 0 is Monday; empty for every day.
        hourly: every hour instead of once a day.
        first_day, last_day: the days between which it happens, both included; no last day means for ever.
    """

    time: time
    time_zone: str
    weekdays: tuple[int, ...] = ()
    hourly: bool = False
    first_day: date = FIRST_DAY
    last_day: date | None = None

    def rrule(self) -> str:
        """Return the rule as AWX wants it: DTSTART with its zone, INTERVAL always, UNTIL in UTC.

        DTSTART is itself an occurrence, as RFC 5545 wants it. An hourly rule counts in UTC: an hour of the wall clock
        is missing, or is there twice, when the clocks change.
        """
        if self.hourly:
            start = f"DTSTART:{datetime.combine(self.first_day, time(0, self.time.minute)):%Y%m%dT%H%M%SZ}"
            return f"{start} RRULE:FREQ=HOURLY;INTERVAL=1{self._until()}"
        start = f"DTSTART;TZID={self.time_zone}:{datetime.combine(self._first_occurrence(), self.time):%Y%m%dT%H%M%S}"
        if not self.weekdays:
            return f"{start} RRULE:FREQ=DAILY;INTERVAL=1{self._until()}"
        days = ",".join(WEEKDAYS[day][:2].upper() for day in self.weekdays)
        return f"{start} RRULE:FREQ=WEEKLY;INTERVAL=1;BYDAY={days}{self._until()}"

    def _first_occurrence(self) -> date:
        wanted = self.weekdays or tuple(range(len(WEEKDAYS)))
        week = (self.first_day + timedelta(days=ahead) for ahead in range(len(WEEKDAYS)))
        return next(day for day in week if day.weekday() in wanted)

    def _until(self) -> str:
        if self.last_day is None:
            return ""
        end = datetime.combine(self.last_day, time(23, 59, 59), ZoneInfo(self.time_zone))
        return f";UNTIL={end.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def read_recurrence(settings: Mapping[str, Any], time_zone: str) -> Recurrence:
    """Read a recurrence from settings; unknown entries, such as a name, are somebody else's.

    Args:
        settings: `time` "HH:MM"; optional `weekdays` (mon … sun), `every` (hour), `time_zone`, `first_day`, `last_day`.
        time_zone: the zone of settings that name none.

    Raises:
        PixelError: a setting cannot be read; the message names it and the schedule.
    """
    name = settings.get("name", "without a name")
    if settings.get("every") not in (None, "hour"):
        raise PixelError(
            f"schedule {name}: every is '{settings['every']}': use hour, or leave it out for every day or weekdays"
        )
    hourly = settings.get("every") == "hour"
    if hourly and settings.get("weekdays"):
        raise PixelError(f"schedule {name}: every and weekdays exclude each other: leave one of them out")
    first, last = (_day(name, key, settings.get(key)) for key in ("first_day", "last_day"))
    first = first or FIRST_DAY
    if last and last < first:
        raise PixelError(f"schedule {name}: last_day {last} is before first_day {first}: exchange them")
    return Recurrence(
        time=_time(name, settings.get("time")),
        time_zone=_zone(name, settings.get("time_zone") or time_zone),
        weekdays=_weekdays(name, settings.get("weekdays") or []),
        hourly=hourly,
        first_day=first,
        last_day=last,
    )


def _time(name: str, value: Any) -> time:
    if not isinstance(value, str) or not re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", value):
        raise PixelError(f'schedule {name}: time is {value!r}: give hours and minutes in quotes, such as "09:45"')
    hours, minutes = value.split(":")
    return time(int(hours), int(minutes))


def _zone(name: str, value: Any) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError):
        raise PixelError(
            f"schedule {name}: there is no time zone '{value}': set time_zone or pixel_time_zone to an IANA name, "
            "such as Europe/Berlin"
        ) from None
    return str(value)


def _weekdays(name: str, values: Any) -> tuple[int, ...]:
    wrong = [value for value in values if value not in WEEKDAYS] if isinstance(values, list) else [values]
    if wrong:
        raise PixelError(f"schedule {name}: weekdays has {wrong[0]!r}: use a list of {', '.join(WEEKDAYS)}")
    return tuple(sorted({WEEKDAYS.index(value) for value in values}))


def _day(name: str, key: str, value: Any) -> date | None:
    if value in (None, ""):
        return None
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise PixelError(f'schedule {name}: {key} is {value!r}: give a day such as "2026-10-05"') from None
