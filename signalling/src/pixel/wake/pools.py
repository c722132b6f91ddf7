"""A pool's item in the lease table (key `pool#<name>`): what waits to be done for it, and whose turn it is. Pure.

| attribute | type | meaning |
|---|---|---|
| `pending` | SS | members claimed and not yet started |
| `open` | SS | members leased whose name is not yet published |
| `closing` | SS | members that are stopping or stopped, to be freed |
| `held` | SS | members held for a class: claims try them first |
| `busy_until` | N | epoch seconds; until then one invocation drives the pool, and this value is its mark |
| `driven_at` | N | epoch seconds at which it was driven last |
| `start_at`, `burst` | N | when the next StartInstances may be sent, and how many the present burst has had |
| `full_at` | N | epoch second at which a caller found no free member |
| `cooldowns` | M | availability zone to the epoch second until which it has no capacity |

Calls are made together because many invocations add to these sets, and one of them at a time takes a turn and does
what is due for all. An invocation that dies in its turn delays the others until `busy_until`; it leaves its work in
the sets.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pixel.lease.writes import Write

PREFIX = "pool#"
TURN = 15.0
"""Seconds that a turn may last: longer than its calls need, with their retries."""
LONGEST_GATHER = 4.0
"""Seconds that a claim waits at most for others to be started with it."""
FULL_FOR = 2.0
"""Seconds for which a full pool is believed to be full; well below the `Retry-After` that callers are told."""


@dataclass(frozen=True)
class Pool:
    """A pool's item."""

    name: str
    pending: frozenset[str] = frozenset()
    open: frozenset[str] = frozenset()
    closing: frozenset[str] = frozenset()
    held: frozenset[str] = frozenset()
    busy_until: float = 0
    driven_at: float = 0
    start_at: float = 0
    burst: int = 0
    full_at: float = 0
    cooldowns: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def parse(cls, name: str, item: Mapping[str, Any] | None) -> Pool:
        """Return the pool in an item; an empty one if there is none yet."""
        stored: dict[str, Any] = dict(item or {})
        known = {key: value for key, value in stored.items() if key in cls.__dataclass_fields__}
        known |= {key: frozenset(known[key]) for key in ("pending", "open", "closing", "held") if key in known}
        known["name"] = name
        return cls(**known)

    @property
    def idle(self) -> bool:
        """Whether nothing waits to be done."""
        return not (self.pending or self.open or self.closing)

    def may_start(self, now: float) -> bool:
        """Whether the turn is nobody's, and a start may be sent."""
        return self.busy_until <= now and self.start_at <= now

    def is_full(self, now: float) -> bool:
        """Whether somebody has found no free member a moment ago: a whole class need not look for itself."""
        return now - self.full_at < FULL_FOR


@dataclass(frozen=True)
class Done:
    """What a turn has done: members to take out of each set, and zones found without capacity."""

    started: frozenset[str] = frozenset()
    opened: frozenset[str] = frozenset()
    closed: frozenset[str] = frozenset()
    cooldowns: Mapping[str, float] = field(default_factory=dict)
    called_start: bool = False


def pool_key(name: str) -> str:
    """Return the key of a pool's item."""
    return PREFIX + name


def enqueue(pool: str, members: Iterable[str]) -> Write:
    """Ask for claimed members to be started and published."""
    ids = set(members)
    return Write(key=pool_key(pool), add={"pending": ids, "open": ids}, delete={"held": ids})


def watch(pool: str, members: Iterable[str]) -> Write:
    """Ask for running members to be published."""
    return Write(key=pool_key(pool), add={"open": set(members)})


def hold(pool: str, members: Iterable[str]) -> Write:
    """Have claims try members first, which are held and run; and ask for them to be published."""
    ids = set(members)
    return Write(key=pool_key(pool), add={"held": ids, "open": ids})


def unhold(pool: str, members: Iterable[str]) -> Write:
    """Have claims try members first no longer: somebody has them, or their hold has passed."""
    return Write(key=pool_key(pool), delete={"held": set(members)})


def close(pool: str, members: Iterable[str]) -> Write:
    """Ask for members to be freed once they have stopped."""
    return Write(key=pool_key(pool), add={"closing": set(members)})


def full(pool: str, now: float) -> Write:
    """Say that no member was free."""
    return Write(key=pool_key(pool), set={"full_at": now})


def enqueue_and_take(pool: str, member: str, now: float) -> Write:
    """Ask for a member to be started, and take the turn, if it is nobody's and a start may be sent."""
    return Write(
        key=pool_key(pool),
        set={"busy_until": now + TURN, "driven_at": now},
        add={"pending": {member}, "open": {member}},
        delete={"held": {member}},
        condition=f"{_NOBODYS_TURN} AND (attribute_not_exists(#start_at) OR #start_at <= :now)",
        values={":now": now},
    )


def take(pool: str, now: float, gap: float) -> Write:
    """Take the turn, if it is nobody's and the last one was at least `gap` seconds ago."""
    return Write(
        key=pool_key(pool),
        set={"busy_until": now + TURN, "driven_at": now},
        condition=f"{_NOBODYS_TURN} AND (attribute_not_exists(#driven_at) OR #driven_at <= :before)",
        values={":now": now, ":before": now - gap},
    )


def finish(pool: Pool, done: Done, now: float) -> Write:
    """Give the turn back, with what was done; fails if the turn lasted too long and is another's now."""
    start_at, burst = pace(pool, now) if done.called_start else (pool.start_at, pool.burst)
    cooldowns = {az: until for az, until in {**pool.cooldowns, **done.cooldowns}.items() if until > now}
    removed = {"pending": done.started, "open": done.opened, "closing": done.closed}
    return Write(
        key=pool_key(pool.name),
        set={"busy_until": 0, "start_at": start_at, "burst": burst, "cooldowns": cooldowns},
        delete={name: set(ids) for name, ids in removed.items() if ids},
        condition="#busy_until = :mark",
        values={":mark": pool.busy_until},
    )


def pace(pool: Pool, now: float) -> tuple[float, int]:
    """Return when the next StartInstances may be sent, and its number in the burst.

    A lone claim is started at once. In a burst each start waits twice as long as the one before, up to four seconds,
    so that those who come in the meantime are started with it: a class costs a handful of calls.
    """
    quiet = now > pool.start_at + 2 * LONGEST_GATHER
    burst = 0 if quiet else pool.burst + 1
    return now + min(2.0**burst, LONGEST_GATHER), burst


_NOBODYS_TURN = "(attribute_not_exists(#busy_until) OR #busy_until <= :now)"
