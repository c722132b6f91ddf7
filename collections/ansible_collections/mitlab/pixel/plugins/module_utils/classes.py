# Copyright: mitlab.pixel maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Classes as people write them: checked, with one clear error, and turned into plain values. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from .errors import PixelError

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LONGEST = 24 * 60
"""Minutes at most that something is done ahead of a class."""

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_TIME = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")
_REQUIRED = ("name", "weekdays", "start", "end", "seats")
_OPTIONAL = ("pool", "time_zone", "hot", "lead_minutes", "first_day", "last_day", "except_days")


@dataclass(frozen=True)
class Defaults:
    """What holds for every class, or for those that do not say otherwise.

    Attributes:
        pool: the pool of a class that names none.
        time_zone: the time zone of a class that names none.
        max_size: the most members that a pool may have.
        lead: minutes before the beginning of a class at which its members are started and held.
        grace: minutes after the beginning until which they are held.
        grow: minutes before the beginning at which the pool gets its size.
    """

    pool: str
    time_zone: str
    max_size: int
    lead: int = 15
    grace: int = 15
    grow: int = 60


@dataclass(frozen=True)
class WeeklyClass:
    """A class as it takes place every week.

    Attributes:
        weekdays: numbers of the days, 0 is Monday.
        start, end: times of the day in the time zone.
        seats: how many members its pool needs while it lasts.
        hot: how many of them run when it begins.
        lead, grow: minutes before the beginning, as in `Defaults`; the pool grows no later than its members are held.
        first_day, last_day: the days between which it takes place, both included; None for no such limit.
        except_days: days on which it does not.
    """

    name: str
    pool: str
    weekdays: frozenset[int]
    start: time
    end: time
    zone: ZoneInfo
    seats: int
    hot: int
    lead: int
    grow: int
    first_day: date | None = None
    last_day: date | None = None
    except_days: frozenset[date] = frozenset()


def read_classes(written: object, defaults: Defaults) -> list[WeeklyClass]:
    """Return the classes that somebody has written down.

    Raises:
        PixelError: one of them cannot be meant; names the class, the field and the mend.
    """
    if not isinstance(written, Sequence) or isinstance(written, str):
        raise PixelError(f"pixel_classes is {written!r}: give a list of classes, or [] for none")
    _read_zone(defaults.time_zone, "pixel_time_zone")
    for setting in ("lead", "grace", "grow"):
        _whole(getattr(defaults, setting), f"pixel_class_{setting}_minutes", LONGEST)
    found: list[WeeklyClass] = []
    for number, one in enumerate(written, 1):
        read = _Reader(number, one).read(defaults)
        if any(other.name == read.name for other in found):
            raise PixelError(f"pixel_classes: the name {read.name} is there twice: give each class a name of its own")
        found.append(read)
    return found


class _Reader:
    """One class as it was written."""

    def __init__(self, number: int, written: object) -> None:
        if not isinstance(written, Mapping):
            raise PixelError(f"pixel_classes: class {number} is {written!r}: give {', '.join(_REQUIRED)}")
        self._written = written
        self._where = f"pixel_classes: class {written.get('name', number)}: "

    def read(self, defaults: Defaults) -> WeeklyClass:
        """Return the class."""
        written = self._written
        for field in _REQUIRED:
            if written.get(field) in (None, "", []):
                raise self._wrong(field, "is missing", "give it")
        for field in written:
            if field not in _REQUIRED + _OPTIONAL:
                raise self._wrong(str(field), "is no setting of a class", f"use {', '.join(_REQUIRED + _OPTIONAL)}")
        if not _NAME.fullmatch(str(written["name"])):
            raise self._wrong("name", f"is {written['name']!r}", "use up to 32 lower-case letters, digits and dashes")
        start, end = self._time("start"), self._time("end")
        if end <= start:
            raise self._wrong("end", f"is {end:%H:%M}, not after start, {start:%H:%M}", "a class ends on its own day")
        seats = self._number("seats", None, defaults.max_size, "pixel_max_size", least=1)
        lead = self._number("lead_minutes", defaults.lead, LONGEST)
        first, last = self._day("first_day"), self._day("last_day")
        if first is not None and last is not None and last < first:
            raise self._wrong("last_day", f"is {last}, before first_day, {first}", "give a later day")
        return WeeklyClass(
            name=str(written["name"]),
            pool=str(written.get("pool") or defaults.pool),
            weekdays=self._weekdays(),
            start=start,
            end=end,
            zone=_read_zone(written.get("time_zone") or defaults.time_zone, f"{self._where}time_zone"),
            seats=seats,
            hot=self._number("hot", seats, seats, "seats"),
            lead=lead,
            grow=max(lead, defaults.grow),
            first_day=first,
            last_day=last,
            except_days=frozenset(self._a_day("except_days", day) for day in self._list("except_days")),
        )

    def _wrong(self, field: str, what: str, mend: str) -> PixelError:
        return PixelError(f"{self._where}{field} {what}: {mend}")

    def _time(self, field: str) -> time:
        value = self._written[field]
        match = _TIME.fullmatch(value) if isinstance(value, str) else None
        if match is None:
            mend = 'write it in quotes, such as "09:30": YAML takes it for a number' if isinstance(value, int) else ""
            raise self._wrong(field, f"is {value!r}", mend or 'give a time of the day in quotes, such as "09:30"')
        return time(int(match[1]), int(match[2]))

    def _weekdays(self) -> frozenset[int]:
        days = self._list("weekdays")
        for day in days:
            if day not in WEEKDAYS:
                raise self._wrong("weekdays", f"names {day!r}", f"use {', '.join(WEEKDAYS)}")
        return frozenset(WEEKDAYS.index(day) for day in days)

    def _list(self, field: str) -> list[Any]:
        value = self._written.get(field) or []
        if not isinstance(value, Sequence) or isinstance(value, str):
            raise self._wrong(field, f"is {value!r}", "give a list")
        return list(value)

    def _day(self, field: str) -> date | None:
        value = self._written.get(field)
        return None if value in (None, "") else self._a_day(field, value)

    def _a_day(self, field: str, value: object) -> date:
        try:
            is_day = isinstance(value, date) and not isinstance(value, datetime)
            return value if is_day else date.fromisoformat(str(value))
        except ValueError:
            raise self._wrong(field, f"is {value!r}", 'give a day such as "2026-10-05"') from None

    def _number(self, field: str, default: int | None, most: int, why: str = "", least: int = 0) -> int:
        value = self._written.get(field)
        return _whole(default if value is None else value, f"{self._where}{field}", most, why, least)


def _whole(value: object, where: str, most: int, why: str = "", least: int = 0) -> int:
    text = str(value)
    if isinstance(value, bool) or not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
        bound = f"{why}, which is {most}" if why else str(most)
        raise PixelError(f"{where} is {value!r}: give a whole number from {least} to {bound}")
    return int(text)


def _read_zone(name: object, where: str) -> ZoneInfo:
    try:
        return ZoneInfo(str(name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise PixelError(
            f"{where} is {name!r}, and no such time zone is known here: give one such as Europe/Berlin"
        ) from None
