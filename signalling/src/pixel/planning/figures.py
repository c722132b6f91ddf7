"""What the report says: its scope and its figures. Amounts are in dollars, of the whole period."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from pixel.planning.costs import Machine


@dataclass(frozen=True)
class Scope:
    """What is reported: days of a time zone, first and last included, and the pools with their sizes.

    A pool without a size has as many members as were taken at once. `refusal` is the accepted share of people refused,
    `works` how likely a member starts and works.
    """

    first: date
    last: date
    zone: ZoneInfo
    sizes: Mapping[str, int | None]
    machine: Machine
    snapshot_gb: float
    refusal: float
    works: float

    @property
    def begin(self) -> float:
        """The epoch second at which the first day begins."""
        return self.begin_of(self.first)

    @property
    def end(self) -> float:
        """The epoch second at which the last day is over."""
        return self.begin_of(self.last + timedelta(days=1))

    def begin_of(self, day: date) -> float:
        """Return the epoch second at which a day begins."""
        return datetime(day.year, day.month, day.day, tzinfo=self.zone).timestamp()

    @property
    def hours(self) -> float:
        """Hours of the period: a day of the change to summer time has 23."""
        return (self.end - self.begin) / 3600

    def day(self, at: float) -> date:
        """Return the day of an epoch second."""
        return datetime.fromtimestamp(at, self.zone).date()

    def days(self) -> list[date]:
        """Return all days of the period."""
        return [self.first + timedelta(days=number) for number in range((self.last - self.first).days + 1)]


@dataclass(frozen=True)
class Ready:
    """Seconds from the claim until the member could be used: half of all waited at most `p50`, 95 in 100 `p95`."""

    count: int
    p50: float | None
    p95: float | None


@dataclass(frozen=True)
class ClassFigures:
    """What the holder of one API key has used of one pool. `cost` is what its sessions alone have cost."""

    pool: str
    owner: str
    sessions: int
    minutes: float
    refused: int
    cost: float


@dataclass(frozen=True)
class Advice:
    """What size the measured load asks for.

    Attributes:
        class_size: the most sessions of one API key that began one right after the other: a class.
        for_class: members for a class of this size.
        arrivals: other sessions that began in the busiest hour.
        minutes: mean minutes that one of those took a member, boot and grace included.
        load: arrivals times minutes, in erlangs.
        for_others: members that refuse at most the accepted share of that load.
        wanted: the most members taken at once, and as many more as found the pool empty on the worst day.
        size: the first two together, or what was wanted if that is more.
    """

    class_size: int
    for_class: int
    arrivals: int
    minutes: float
    load: float
    for_others: int
    wanted: int
    size: int


@dataclass(frozen=True)
class PoolFigures:
    """One pool.

    `refused` are the sessions wanted in vain, `turned_away` those of them that did not come about later either;
    `costs` are what the pool has cost, by what for, `always_on` what it would have, never stopped.
    """

    pool: str
    size: int
    sessions: int
    minutes: float
    running_hours: float
    gigabytes: float
    peak: int
    refused: int
    turned_away: int
    leaks: int
    ready: Ready
    costs: Mapping[str, float]
    always_on: float
    advice: Advice

    @property
    def cost(self) -> float:
        """All that the pool has cost."""
        return sum(self.costs.values())


@dataclass(frozen=True)
class DayFigures:
    """One day: sessions by owner, minutes of use, the most members taken at once, wakes refused, leaks stopped."""

    day: date
    sessions: Mapping[str, int]
    minutes: float
    peak: int
    refused: int
    leaks: int


@dataclass(frozen=True)
class Figures:
    """The whole report. `wake_path` is what waking and watching has cost, for all pools together."""

    scope: Scope
    pools: Sequence[PoolFigures]
    classes: Sequence[ClassFigures]
    days: Sequence[DayFigures]
    waits: Sequence[float]
    reasons: Mapping[str, int]
    refusals: Mapping[str, int]
    leaks: Mapping[str, int]
    wake_path: float

    @property
    def cost(self) -> float:
        """All that the pools and the wake path have cost."""
        return sum(pool.cost for pool in self.pools) + self.wake_path

    @property
    def always_on(self) -> float:
        """What the pools would have cost, never stopped, with the same wake path."""
        return sum(pool.always_on for pool in self.pools) + self.wake_path
