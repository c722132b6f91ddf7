# Copyright: mitlab.pixel maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What classes ask of a pool at a given moment, and the moments at which that changes. Pure; the moment is an argument.

Times of the day are those of the class's time zone, also across changes to and from daylight-saving time: a class at
10:00 is at 10:00 in summer and in winter. Minutes before and after its beginning are counted on a clock that nobody
sets. A beginning that the change to summer time skips takes place as much later.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from .classes import WEEKDAYS, Defaults, WeeklyClass
from .errors import PixelError

DAYS_SHOWN = 7


@dataclass(frozen=True)
class Meeting:
    """A class on one day; moments in UTC."""

    of: WeeklyClass
    begins: datetime
    ends: datetime

    def needs_size(self, now: datetime) -> bool:
        """Tell whether the pool has to have its size."""
        return self.begins - timedelta(minutes=self.of.grow) <= now < self.ends

    def held_until(self, grace: int) -> datetime:
        """Return until when its members are held."""
        return min(self.begins + timedelta(minutes=grace), self.ends)

    def needs_hot(self, now: datetime, grace: int) -> bool:
        """Tell whether its members have to run and be held."""
        return self.begins - timedelta(minutes=self.of.lead) <= now < self.held_until(grace)


@dataclass(frozen=True)
class Hold:
    """Members that are to be held for a class; none means that those it has are let go."""

    purpose: str
    count: int
    until: float

    def result(self) -> dict[str, Any]:
        """Return the hold as the module `hot_members` takes it."""
        return {"name": self.purpose, "count": self.count, "until": self.until}


@dataclass(frozen=True)
class Wanted:
    """What classes ask of a pool now.

    Attributes:
        size: how many members it has to have.
        classes: names of the classes that ask for it.
        holds: what is to be held, one for every class of the pool.
    """

    size: int
    classes: tuple[str, ...]
    holds: tuple[Hold, ...]


def meetings(classes: Iterable[WeeklyClass], first: datetime, last: datetime) -> list[Meeting]:
    """Return the meetings that begin from `first` on and before `last`, in order."""
    found = [
        meeting
        for one in classes
        for day in _days(first.astimezone(one.zone).date(), last.astimezone(one.zone).date())
        if (meeting := _meeting(one, day)) is not None and first <= meeting.begins < last
    ]
    return sorted(found, key=lambda meeting: (meeting.begins, meeting.of.name))


def wanted(classes: Sequence[WeeklyClass], pool: str, base: int, defaults: Defaults, now: datetime) -> Wanted:
    """Return what the classes of a pool ask of it now.

    Classes at the same time add up. Outside of them, and when they need less, the pool has its own size, `base`.

    Raises:
        PixelError: classes of the next days need more members together than the pool may have.
    """
    ours = [one for one in classes if one.pool == pool]
    day = timedelta(days=1)
    near = meetings(ours, now - 2 * day, now + (DAYS_SHOWN + 2) * day)
    _check_sums([meeting for meeting in near if meeting.ends > now], defaults.max_size)
    asking = [meeting for meeting in near if meeting.needs_size(now)]
    hot = {meeting.of.name: meeting for meeting in near if meeting.needs_hot(now, defaults.grace)}
    return Wanted(
        size=max(base, sum(meeting.of.seats for meeting in asking)),
        classes=tuple(meeting.of.name for meeting in asking),
        holds=tuple(
            Hold(one.name, one.hot, hot[one.name].held_until(defaults.grace).timestamp())
            if one.name in hot
            else Hold(one.name, 0, now.timestamp())
            for one in ours
        ),
    )


def timetable(classes: Iterable[WeeklyClass], now: datetime) -> list[str]:
    """Return the meetings of the next seven days, and those under way, as lines of a table, in local times.

    No lines when there are none.
    """
    heads = ("day", "grows", "held from", "begins", "ends", "time zone", "class", "pool", "seats", "hot")
    near = meetings(classes, now - timedelta(days=1), now + timedelta(days=DAYS_SHOWN))
    rows = [_row(meeting) for meeting in near if meeting.ends > now]
    if not rows:
        return []
    widths = [max(len(row[column]) for row in [heads, *rows]) for column in range(len(heads))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in [heads, *rows]
    ]


def runs(classes: Iterable[WeeklyClass]) -> list[dict[str, Any]]:
    """Return the weekly moments at which `playbooks/schedule.yml` has something to do, as readable settings."""
    found: list[dict[str, Any]] = []
    for one in classes:
        begins = one.start.hour * 60 + one.start.minute
        ends = one.end.hour * 60 + one.end.minute
        moments = {"grow": begins - one.grow, "hold": begins - one.lead, "shrink": ends}
        found += [_run(one, what, minute) for what, minute in moments.items() if what != "hold" or one.hot]
    return found


def _run(one: WeeklyClass, what: str, minute: int) -> dict[str, Any]:
    days, minute = divmod(minute, 24 * 60)
    limits = {"first_day": one.first_day, "last_day": one.last_day}
    return {
        "name": f"{one.name} {what}",
        "class": one.name,
        "pool": one.pool,
        "what": what,
        "weekdays": [WEEKDAYS[day] for day in sorted((day + days) % 7 for day in one.weekdays)],
        "time": f"{minute // 60:02}:{minute % 60:02}",
        "time_zone": one.zone.key,
        **{name: str(day + timedelta(days=days)) if day else None for name, day in limits.items()},
    }


def _days(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first += timedelta(days=1)


def _meeting(one: WeeklyClass, day: date) -> Meeting | None:
    """Return the meeting of a day, if there is one on it."""
    if day.weekday() not in one.weekdays or day in one.except_days:
        return None
    if (one.first_day and day < one.first_day) or (one.last_day and day > one.last_day):
        return None
    begins = datetime.combine(day, one.start, one.zone).astimezone(UTC)
    ends = datetime.combine(day, one.end, one.zone).astimezone(UTC)
    return Meeting(one, begins, max(begins, ends))


def _check_sums(near: Sequence[Meeting], most: int) -> None:
    for meeting in near:
        moment = meeting.begins - timedelta(minutes=meeting.of.grow)
        together = [other for other in near if other.needs_size(moment)]
        seats = sum(other.of.seats for other in together)
        if seats > most:
            names = ", ".join(f"{other.of.name} ({other.of.seats})" for other in together)
            local = meeting.begins.astimezone(meeting.of.zone)
            raise PixelError(
                f"pixel_classes: the seats of {names} at {local:%a %Y-%m-%d %H:%M} come to {seats}, above "
                f"pixel_max_size, which is {most}: move a class, lower its seats, or raise pixel_max_size"
            )


def _row(meeting: Meeting) -> tuple[str, ...]:
    one = meeting.of

    def local(minutes: int = 0) -> str:
        return f"{(meeting.begins - timedelta(minutes=minutes)).astimezone(one.zone):%H:%M}"

    day = f"{meeting.begins.astimezone(one.zone):%a %Y-%m-%d}"
    held = local(one.lead) if one.hot else "-"
    ends = f"{meeting.ends.astimezone(one.zone):%H:%M}"
    return (day, local(one.grow), held, local(), ends, one.zone.key, one.name, one.pool, str(one.seats), str(one.hot))
