"""How the report's figures are worked out of what is kept of use. Pure: records in, numbers out."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta

from pixel.lease.usage import Use
from pixel.planning.costs import MONTH_HOURS, Month, control
from pixel.planning.figures import Advice, ClassFigures, DayFigures, Figures, PoolFigures, Ready, Scope
from pixel.planning.prices import Prices
from pixel.planning.sizing import members_for_arrivals, members_for_class
from pixel.planning.use import Refusal, Usage

CLASS = 5
RIGHT_AFTER = 120.0
"""Sessions of one API key are a class if at least so many begin, each at most so many seconds after the one before."""


def figures(scope: Scope, usage: Usage, prices: Prices) -> Figures:
    """Work the figures of a period out.

    Raises:
        PriceError: no price of the instance type is known.
    """
    rate = _Rate(scope, usage, prices)
    everything = [use for sessions in usage.sessions.values() for use in sessions.values()]
    pools = [_pool(scope, pool, usage, rate) for pool in scope.sizes]
    leaks: Counter[str] = Counter()
    for leak in usage.leaks:
        leaks[leak.kind] += len(leak.members)
    return Figures(
        scope=scope,
        pools=pools,
        classes=[*_classes(usage, rate)],
        days=[*_days(scope, everything, usage)],
        waits=sorted(use.ready_at - use.claimed_at for use in everything if use.ready_at is not None),
        reasons=dict(Counter(use.reason for use in everything).most_common()),
        refusals={
            reason: wanted(refusal for refusal in usage.refusals if refusal.reason == reason)
            for reason in dict.fromkeys(refusal.reason for refusal in usage.refusals)
        },
        leaks=dict(leaks),
        wake_path=_wake_path(scope, everything, prices),
    )


def minutes(use: Use) -> float:
    """Return the minutes in which a session's member could be used."""
    return 0.0 if use.ready_at is None else max(0.0, use.ended_at - use.ready_at) / 60


def running_hours(use: Use) -> float:
    """Return the hours that a session's member was taken: a little more than it is billed for, which begins later."""
    return (use.stopped_at - use.claimed_at) / 3600


def most_at_once(spans: Iterable[tuple[float, float]]) -> int:
    """Return how many spans of time overlap at most; one that ends when another begins does not."""
    changes = sorted(change for begin, end in spans for change in ((begin, 1), (end, -1)))
    level = most = 0
    for _, change in changes:
        level += change
        most = max(most, level)
    return most


def percentile(ordered: Sequence[float], share: float) -> float | None:
    """Return the value that `share` of the ordered values do not exceed (nearest rank); None if there are none."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else None


def wanted(refusals: Iterable[Refusal]) -> int:
    """Return how many different sessions were wanted in vain: who tries again wants the same one."""
    return len({(refusal.pool, refusal.owner, session) for refusal in refusals for session in refusal.wanted})


class _Rate:
    """What a session's hours and gigabytes cost, with the egress steps shared out over all of the period's data."""

    def __init__(self, scope: Scope, usage: Usage, prices: Prices) -> None:
        self.prices = prices
        self.hour = prices.hour(scope.machine.instance_type)
        self.address = prices.of("public_ipv4_hour")
        self._gb_hour = scope.machine.mbit * 0.45
        total = sum(self.gigabytes(use) for sessions in usage.sessions.values() for use in sessions.values())
        months = scope.hours / MONTH_HOURS
        self.gigabyte = prices.egress_usd(total / months) * months / total if total else 0.0

    def gigabytes(self, use: Use) -> float:
        return minutes(use) / 60 * self._gb_hour

    def session(self, use: Use) -> float:
        return running_hours(use) * (self.hour + self.address) + self.gigabytes(use) * self.gigabyte


def _pool(scope: Scope, pool: str, usage: Usage, rate: _Rate) -> PoolFigures:
    uses = list(usage.sessions.get(pool, {}).values())
    refusals = [refusal for refusal in usage.refusals if refusal.pool == pool]
    peak = most_at_once((use.claimed_at, use.stopped_at) for use in uses)
    size = scope.sizes[pool]
    size = peak if size is None else size
    months = scope.hours / MONTH_HOURS
    hours = sum(map(running_hours, uses))
    gigabytes = sum(map(rate.gigabytes, uses))
    kept = {
        "volumes": size * scope.machine.volume_gb * rate.prices.of("gp3_gb_month") * months,
        "snapshots": scope.snapshot_gb * rate.prices.of("snapshot_gb_month") * months,
        "egress": gigabytes * rate.gigabyte,
    }
    return PoolFigures(
        pool=pool,
        size=size,
        sessions=len(uses),
        minutes=sum(map(minutes, uses)),
        running_hours=hours,
        gigabytes=gigabytes,
        peak=peak,
        refused=wanted(refusals),
        turned_away=len({session for one in refusals for session in one.wanted} - usage.sessions.get(pool, {}).keys()),
        leaks=sum(len(leak.members) for leak in usage.leaks if leak.pool == pool),
        ready=_ready(uses),
        costs={"instances": hours * rate.hour, "addresses": hours * rate.address, **kept},
        always_on=size * scope.hours * (rate.hour + rate.address) + sum(kept.values()),
        advice=_advice(scope, uses, refusals, peak),
    )


def _ready(uses: Iterable[Use]) -> Ready:
    waits = sorted(use.ready_at - use.claimed_at for use in uses if use.ready_at is not None)
    return Ready(len(waits), percentile(waits, 0.5), percentile(waits, 0.95))


def _advice(scope: Scope, uses: Sequence[Use], refusals: Sequence[Refusal], peak: int) -> Advice:
    bursts = [*_bursts(uses)]
    in_class = {id(use) for burst in bursts for use in burst}
    others = [use for use in uses if id(use) not in in_class]
    class_size = max(map(len, bursts), default=0)
    for_class = members_for_class(class_size, 1.0, scope.works, scope.refusal) if class_size else 0
    arrivals = max(Counter(use.claimed_at // 3600 for use in others).values(), default=0)
    taken = sum(map(running_hours, others)) * 60 / len(others) if others else 0.0
    load = arrivals * taken / 60
    for_others = members_for_arrivals(load, scope.refusal)
    empty: dict[date, list[Refusal]] = defaultdict(list)
    for refusal in refusals:
        if refusal.reason == "pool_empty":
            empty[scope.day(refusal.at)].append(refusal)
    most = peak + max(map(wanted, empty.values()), default=0)
    return Advice(
        class_size=class_size,
        for_class=for_class,
        arrivals=arrivals,
        minutes=taken,
        load=load,
        for_others=for_others,
        wanted=most,
        size=max(for_class + for_others, most),
    )


def _bursts(uses: Iterable[Use]) -> Iterator[list[Use]]:
    """Yield the sessions of each class: of one API key, and begun one right after the other."""
    by_owner: dict[str, list[Use]] = defaultdict(list)
    for use in uses:
        by_owner[use.owner].append(use)
    for owned in by_owner.values():
        burst: list[Use] = []
        for use in sorted(owned, key=lambda use: use.claimed_at):
            if burst and use.claimed_at - burst[-1].claimed_at > RIGHT_AFTER:
                if len(burst) >= CLASS:
                    yield burst
                burst = []
            burst.append(use)
        if len(burst) >= CLASS:
            yield burst


def _classes(usage: Usage, rate: _Rate) -> Iterator[ClassFigures]:
    for pool, sessions in usage.sessions.items():
        refusals = [refusal for refusal in usage.refusals if refusal.pool == pool]
        owners = {use.owner for use in sessions.values()} | {refusal.owner for refusal in refusals}
        for owner in sorted(owners):
            uses = [use for use in sessions.values() if use.owner == owner]
            yield ClassFigures(
                pool=pool,
                owner=owner,
                sessions=len(uses),
                minutes=sum(map(minutes, uses)),
                refused=wanted(refusal for refusal in refusals if refusal.owner == owner),
                cost=sum(map(rate.session, uses)),
            )


def _days(scope: Scope, uses: Sequence[Use], usage: Usage) -> Iterator[DayFigures]:
    by_day: dict[date, list[Use]] = defaultdict(list)
    for use in uses:
        by_day[scope.day(use.claimed_at)].append(use)
    for day in scope.days():
        begun = by_day[day]
        yield DayFigures(
            day=day,
            sessions=dict(sorted(Counter(use.owner for use in begun).items())),
            minutes=sum(map(minutes, begun)),
            peak=most_at_once(
                (use.claimed_at, use.stopped_at)
                for use in uses
                if use.claimed_at < scope.begin_of(day + timedelta(days=1)) and use.stopped_at > scope.begin_of(day)
            ),
            refused=wanted(refusal for refusal in usage.refusals if scope.day(refusal.at) == day),
            leaks=sum(len(leak.members) for leak in usage.leaks if scope.day(leak.at) == day),
        )


def _wake_path(scope: Scope, uses: Sequence[Use], prices: Prices) -> float:
    months = scope.hours / MONTH_HOURS
    waits = [use.ready_at - use.claimed_at for use in uses if use.ready_at is not None]
    month = Month(
        members=0,
        sessions=len(uses) / months,
        minutes=sum(map(minutes, uses)) / len(uses) if uses else 0.0,
        boot=sum(waits) / len(waits) / 60 if waits else 0.0,
        grace=0.0,
        snapshot_gb=0.0,
    )
    return control(month, prices).total * months
