"""The conditional writes of a lease: the only way it changes, so that no two parties can both believe it is theirs.

Each function returns the write as data; nothing here calls AWS. `Table.write` sends one, `Table.transact` several
as one. Every write may be sent again after a lost answer: it then either fails its condition, and the item tells that
it had been done, or it changes nothing further.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pixel.lease.model import EndReason, Item, Lease, LeaseTimings

LEASED = "(#state = :claimed OR #state = :ready OR #state = :in_use)"
MINE = "#session = :session AND #generation = :generation"
_PRIVATE = ("player_digest", "controller_digest", "suspect", "suspect_at")
"""What an ended lease leaves nothing of: its tokens' digests, and doubts about its member."""
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
class Delete:
    """The deletion of one item, if a condition holds."""

    key: str
    condition: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Claim:
    """What a claim writes besides the deadlines."""

    instance_id: str
    pool: str
    az: str
    session: str
    owner: str
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
            "owner": new.owner,
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
        remove=_PRIVATE,
        condition=f"{mine}{NOBODYS}",
        values={":now": now, **(_mine(lease) if lease is not None else {})},
    )


def named(lease: Lease, address: str, hostname: str, change: str) -> Write:
    """Keep a leased member's address and name, and the id of the DNS change that publishes them."""
    return Write(
        key=lease.instance_id,
        set={"address": address, "hostname": hostname, "change": change},
        condition=f"{MINE} AND {LEASED}",
        values={**_mine(lease), **_LEASED_VALUES},
    )


def published(lease: Lease, timings: LeaseTimings, now: float) -> Write:
    """Say that the member's name is known to all name servers.

    A member that was ready before waited for this: its first player has the whole connect deadline from now on.
    """
    waited = lease.state == "ready"
    until = min(now + timings.connect, lease.cap_until)
    return Write(
        key=lease.instance_id,
        set={"published_at": now, **({"connect_until": until, "lease_until": until} if waited else {})},
        condition=f"{MINE} AND #state = :state",
        values={**_mine(lease), ":state": lease.state},
    )


def unpublished(lease: Lease) -> Write:
    """Say that the member's record was lost, so that it is published again."""
    return Write(
        key=lease.instance_id,
        remove=("change", "published_at"),
        condition=f"{MINE} AND {LEASED}",
        values={**_mine(lease), **_LEASED_VALUES},
    )


def end(instance_id: str, session: str, generation: int, reason: EndReason, now: float) -> Write:
    """End a session's lease from outside: the member must stop, and says so or is stopped."""
    return Write(
        key=instance_id,
        set={"state": "draining", "drained_at": now, "lease_until": 0, "end_reason": reason},
        remove=_PRIVATE,
        condition=f"{MINE} AND {LEASED}",
        values={":session": session, ":generation": generation, **_LEASED_VALUES},
    )


def free_unstarted(instance_id: str, session: str, generation: int) -> Write:
    """Free a claimed member that could not be started: nothing runs, so nothing has to drain."""
    return Write(
        key=instance_id,
        set={"state": "free", "lease_until": 0},
        remove=_PRIVATE,
        condition=f"{MINE} AND #state = :claimed",
        values={":session": session, ":generation": generation, ":claimed": "claimed"},
    )


def free_stopped(member: Item, now: float) -> Write:
    """Free a member that has stopped, if it is as it was read and no live lease holds it."""
    return Write(
        key=member["instance_id"],
        set={"state": "free", "lease_until": 0},
        remove=(*_PRIVATE, "hostname", "address", "change", "published_at"),
        condition=f"{_same_generation(member)} AND {NOBODYS}",
        values={":now": now, **_generation(member)},
    )


def reap(member: Item, reason: EndReason, now: float) -> Write:
    """End a lease that has expired, so that its machine may be stopped: nobody can revive or claim it any more."""
    return Write(
        key=member["instance_id"],
        set={"state": "draining", "drained_at": now, "lease_until": 0, "end_reason": reason},
        remove=_PRIVATE,
        condition=f"{MINE} AND {LEASED} AND #lease_until <= :now",
        values={
            ":session": member["session"],
            ":generation": member["generation"],
            **_LEASED_VALUES,
            ":now": now,
        },
    )


def doubt(member: Item, what: str, now: float) -> Write:
    """Mark a member about which something looks wrong, so that a later look can confirm it."""
    return Write(
        key=member["instance_id"],
        set={"suspect": what, "suspect_at": now, "pool": member["pool"]},
        condition=_same_generation(member),
        values=_generation(member),
    )


def trust(member: Item) -> Write:
    """Take the mark of a doubt away."""
    return Write(key=member["instance_id"], remove=("suspect", "suspect_at"))


def take(member: Item, now: float) -> Write:
    """Drain a member that was doubted to run for nobody, if that is still so: it may then be stopped."""
    return Write(
        key=member["instance_id"],
        set={"state": "draining", "drained_at": now, "lease_until": 0},
        remove=("suspect", "suspect_at"),
        condition=f"#suspect_at = :suspect_at AND {_same_generation(member)} AND {NOBODYS}",
        values={":suspect_at": float(member["suspect_at"]), ":now": now, **_generation(member)},
    )


def gone(member: Item, now: float) -> Delete:
    """Delete the item of a member whose instance is gone, if it is as it was read and no live lease holds it."""
    return Delete(
        member["instance_id"], f"{_same_generation(member)} AND {NOBODYS}", {":now": now, **_generation(member)}
    )


def _same_generation(member: Item) -> str:
    return "#generation = :generation" if "generation" in member else "attribute_not_exists(#generation)"


def _generation(member: Item) -> dict[str, Any]:
    return {":generation": member["generation"]} if "generation" in member else {}


_LEASED_VALUES = {":claimed": "claimed", ":ready": "ready", ":in_use": "in_use"}


def _mine(lease: Lease) -> dict[str, Any]:
    return {":session": lease.session, ":generation": lease.generation}
