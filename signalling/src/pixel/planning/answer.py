"""`pixel plan`'s question and answer. Pure: numbers in, numbers out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pixel.planning.costs import WEEKS, Cost, Machine, Month, ways
from pixel.planning.prices import Prices
from pixel.planning.sizing import erlang_b, members_for_arrivals, members_for_class, spares_for_arrivals


@dataclass(frozen=True)
class Walkers:
    """People who come one by one.

    Attributes:
        per_hour: arrivals an hour while they come.
        minutes: mean minutes of use.
        hours_week: hours a week in which they come.
    """

    per_hour: float
    minutes: float
    hours_week: float


@dataclass(frozen=True)
class Class:
    """A class that comes all at once.

    Attributes:
        seats: people in it.
        comes: probability that one of them comes.
        minutes: minutes of use.
        per_month: times a month.
    """

    seats: int
    comes: float
    minutes: float
    per_month: float


@dataclass(frozen=True)
class Habits:
    """How members behave, and what is accepted.

    Attributes:
        refusal: accepted share of people refused; for a class, probability that anybody is.
        works: probability that a member starts and works.
        boot: minutes from the start until a member can be used.
        grace: minutes it waits, after the last player has left, before it stops.
        stop: minutes from then until it can be started again; not billed.
    """

    refusal: float
    works: float
    boot: float
    grace: float
    stop: float


@dataclass(frozen=True)
class Wish:
    """What may be fixed beforehand; None or 0: as it is found.

    Attributes:
        size: members of the pool.
        spares: hot spares.
        spare_hours: hours a week in which spares are kept hot.
        snapshot_gb: GB that the snapshots of the kept images hold.
    """

    size: int | None
    spares: int | None
    spare_hours: float
    snapshot_gb: float


@dataclass(frozen=True)
class Plan:
    """The answer. `refused` is the share of single people refused while the class has its members; dollars a month."""

    load: float
    for_walkers: int
    for_class: int
    size: int
    refused: float
    spares: int
    month: Month
    costs: Mapping[str, Cost]


def plan(
    walkers: Walkers | None, group: Class | None, habits: Habits, wish: Wish, machine: Machine, prices: Prices
) -> Plan:
    """Answer how many members a pool needs, and what it costs.

    While a class holds its members, single people still come: the two numbers add up.

    Raises:
        ValueError: no number of members is enough.
        PriceError: no price of the instance type is known.
    """
    load, for_walkers, spares, sessions, minutes = 0.0, 0, 0, 0.0, 0.0
    if walkers is not None:
        load = walkers.per_hour * (habits.boot + walkers.minutes + habits.grace + habits.stop) / 60
        for_walkers = members_for_arrivals(load, habits.refusal)
        spares = spares_for_arrivals(walkers.per_hour * habits.boot / 60, habits.refusal)
        sessions += walkers.per_hour * walkers.hours_week * WEEKS
        minutes += sessions * walkers.minutes
    for_class = 0
    if group is not None:
        for_class = members_for_class(group.seats, group.comes, habits.works, habits.refusal)
        people = group.seats * group.comes * group.per_month
        sessions += people
        minutes += people * group.minutes
    size = for_walkers + for_class if wish.size is None else wish.size
    spares = min(size, spares if wish.spares is None else wish.spares)
    month = Month(
        members=size,
        sessions=sessions,
        minutes=minutes / sessions if sessions else 0.0,
        boot=habits.boot,
        grace=habits.grace,
        snapshot_gb=wish.snapshot_gb,
    )
    return Plan(
        load=load,
        for_walkers=for_walkers,
        for_class=for_class,
        size=size,
        refused=erlang_b(max(0, size - for_class), load),
        spares=spares,
        month=month,
        costs=ways(month, machine, prices, spares, wish.spare_hours),
    )
