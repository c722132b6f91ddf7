"""Reading what is kept of use: known keys of the lease table, got directly."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from pixel.lease import usage
from pixel.lease.table import BATCH_GET, Table
from pixel.lease.usage import LeakKind, RefusalReason, Use


@dataclass(frozen=True)
class Refusal:
    """Wakes of one caller that were refused within one hour, which begins at `at`: which sessions were wanted."""

    pool: str
    at: float
    reason: RefusalReason
    owner: str
    wanted: frozenset[str]


@dataclass(frozen=True)
class Leak:
    """Members of a pool that the reconciler had to stop within one hour, which begins at `at`."""

    pool: str
    at: float
    kind: LeakKind
    members: frozenset[str]


@dataclass
class Usage:
    """What is kept of a period: sessions by pool and the beginnings of their ids, refused wakes, leaks."""

    sessions: dict[str, dict[str, Use]] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)
    leaks: list[Leak] = field(default_factory=list)

    def add(self, pool: str, key: str, item: dict[str, object]) -> None:
        """Add what an item of a pool holds."""
        self.sessions.setdefault(pool, {}).update(usage.uses(item))
        at = usage.hour(key)
        self.refusals += [
            Refusal(pool, at, reason, owner, wanted) for (reason, owner), wanted in usage.refusals(item).items()
        ]
        self.leaks += [Leak(pool, at, kind, members) for kind, members in usage.leaks(item).items()]


def read(
    table: Table, pools: Iterable[str], begin: float, end: float, told: Callable[[str, float], None] = lambda *_: None
) -> Usage:
    """Return what is kept of pools from `begin` until before `end` (epoch seconds).

    Refused wakes and leaks are kept by the hour (UTC): of an hour that `begin` or `end` cuts, all of them are returned.

    Nothing is scanned: each BatchGetItem asks for thirty-three hours of a pool, and members' items are not touched.
    `told` hears the pool and what share of it has been read.
    """
    found = Usage()
    for pool in pools:
        found.sessions[pool] = {}
        keys = list(usage.keys(pool, begin, end))
        for start in range(0, len(keys), BATCH_GET):
            for key, item in table.get_many(keys[start : start + BATCH_GET]).items():
                found.add(pool, key, item)
            told(pool, min(1.0, (start + BATCH_GET) / len(keys)))
        found.sessions[pool] = {
            session: use for session, use in found.sessions[pool].items() if begin <= use.claimed_at < end
        }
    return found
