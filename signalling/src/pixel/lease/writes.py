"""The conditional writes of a lease: the only way it changes, so that no two parties can both believe it is theirs.

Each function returns the write as data; nothing here calls AWS. `Table.write` sends one, `Table.transact` several
as one. Every write may be sent again after a lost answer: it then either fails its condition, and the item tells that
it had been done, or it changes nothing further.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pixel.lease.model import EndReason, Lease, LeaseTimings

LEASED = "(#state = :claimed OR #state = :ready OR #state = :in_use)"
MINE = "#session = :session AND #generation = :generation"
NOBODYS = "(attribute_not_exists(#session) OR #lease_until <= :now)"


@dataclass(frozen=True)
class Write:
    """An update of one item, if its condition holds. Attribute names in the condition are written `#name`."""

    key: str
    set: Mapping[str, Any] = field(default_factory=dict)
    remove: Sequence[str] = ()
    add: Mapping[str, Any] = field(default_factory=dict)
    delete: Mapping[str, Any] = field(default_factory=dict)
    condition: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Claim:
    """What a claim writes besides the deadlines."""

    instance_id: str
    pool: str
    az: str
    session: str
    generation: int
    player_digest: str
    controller_digest: str


def claim(new: Claim, timings: LeaseTimings, now: float) -> Write:
    """Claim a member that is free, with the generation after the one that was read.

    The generation is part of the condition, so that the tokens, which are made of it, are known before the write.
    """
    return Write(
        key=new.instance_id,
        set={
            "pool": new.pool,
            "az": new.az,
            "state": "claimed",
            "session": new.session,
            "generation": new.generation,
            "player_digest": new.player_digest,
            "controller_digest": new.controller_digest,
            "claimed_at": now,
            "lease_until": now + timings.start,
            "cap_until": now + timings.cap,
        },
        remove=(
            *("connect_until", "connected", "seen_at", "drained_at", "end_reason"),
            *("hostname", "address", "change", "published_at", "suspect", "suspect_at"),
        ),
        condition="(attribute_not_exists(#generation) AND :before = :zero OR #generation = :before)"
        f" AND (attribute_not_exists(#state) OR #state = :free) AND {NOBODYS}",
        values={":before": new.generation - 1, ":zero": 0, ":free": "free", ":now": now},
    )


def ready(lease: Lease, timings: LeaseTimings, now: float) -> Write:
    """Say that the claimed member is ready: the first player has until the connect deadline to come."""
    until = min(now + timings.connect, lease.cap_until)
    return Write(
        key=lease.instance_id,
        set={"state": "ready", "connect_until": until, "lease_until": until, "seen_at": now},
        condition=f"{MINE} AND #state = :claimed AND #lease_until > :now",
        values={**_mine(lease), ":claimed": "claimed", ":now": now},
    )


def heartbeat(lease: Lease, players: int, timings: LeaseTimings, now: float) -> Write:
    """Keep the lease while players are connected; without players, only say that the member is alive.

    With players the lease lives through one missed heartbeat and the whole grace after it. A lease that expired while
    the table could not be reached lives again, unless it has been ended or given away meanwhile, or reached its cap.
    """
    alive: dict[str, Any] = {"seen_at": now}
    if players > 0:
        until = min(now + timings.heartbeat + timings.grace, lease.cap_until)
        alive |= {"state": "in_use", "connected": True, "lease_until": until}
    return Write(
        key=lease.instance_id,
        set=alive,
        condition=f"{MINE} AND {LEASED} AND #cap_until > :now",
        values={**_mine(lease), **_LEASED_VALUES, ":now": now},
    )


def drain(instance_id: str, lease: Lease | None, now: float) -> Write:
    """Give the member up, so that nobody can claim it before it has stopped: if the lease is mine, or nobody's."""
    mine = f"({MINE}) OR " if lease is not None else ""
    return Write(
        key=instance_id,
        set={"state": "draining", "drained_at": now, "lease_until": 0},
        remove=("player_digest", "controller_digest", "suspect", "suspect_at"),
        condition=f"{mine}{NOBODYS}",
        values={":now": now, **(_mine(lease) if lease is not None else {})},
    )


def end(instance_id: str, session: str, generation: int, reason: EndReason, now: float) -> Write:
    """End a session's lease from outside: the member must stop, and says so or is stopped."""
    return Write(
        key=instance_id,
        set={"state": "draining", "drained_at": now, "lease_until": 0, "end_reason": reason},
        remove=("player_digest", "controller_digest", "suspect", "suspect_at"),
        condition=f"{MINE} AND {LEASED}",
        values={":session": session, ":generation": generation, **_LEASED_VALUES},
    )


def free_unstarted(instance_id: str, session: str, generation: int) -> Write:
    """Free a claimed member that could not be started: nothing runs, so nothing has to drain."""
    return Write(
        key=instance_id,
        set={"state": "free", "lease_until": 0},
        remove=("player_digest", "controller_digest", "suspect", "suspect_at"),
        condition=f"{MINE} AND #state = :claimed",
        values={":session": session, ":generation": generation, ":claimed": "claimed"},
    )


def free_stopped(instance_id: str, generation: int, now: float) -> Write:
    """Free a member that has stopped and that no live lease holds."""
    return Write(
        key=instance_id,
        set={"state": "free", "lease_until": 0},
        remove=(
            *("player_digest", "controller_digest", "suspect", "suspect_at"),
            *("hostname", "address", "change", "published_at"),
        ),
        condition=f"#generation = :generation AND {NOBODYS}",
        values={":generation": generation, ":now": now},
    )


_LEASED_VALUES = {":claimed": "claimed", ":ready": "ready", ":in_use": "in_use"}


def _mine(lease: Lease) -> dict[str, Any]:
    return {":session": lease.session, ":generation": lease.generation}
