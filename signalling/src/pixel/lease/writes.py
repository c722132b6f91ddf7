"""The conditional writes of a lease: the only way it changes, so that no two parties can both believe it is theirs.

Each function returns the write as data; nothing here calls AWS. `Table.write` sends one, `Table.transact` several
as one. Every write may be sent again after a lost answer: it then either fails its condition, and the item tells that
it had been done, or it changes nothing further.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pixel.lease.model import NAMED, EndReason, Item, Lease, LeaseTimings, is_live

LEASED = "(#state = :claimed OR #state = :ready OR #state = :in_use)"
MINE = "#session = :session AND #generation = :generation"
_PRIVATE = ("player_digest", "controller_digest", "suspect", "suspect_at", "hot_at")
"""What an ended lease leaves nothing of: its tokens' digests, doubts about its member, and that it waits."""
NOBODYS = "(attribute_not_exists(#session) OR #lease_until <= :now)"
NOT_HELD = "(attribute_not_exists(#hold_until) OR #hold_until <= :now)"
NOT_LEAVING = "(attribute_not_exists(#leaving_until) OR #leaving_until <= :now)"
FREE = "(attribute_not_exists(#state) OR #state = :free)"
WAITING = f"#hold_until > :now AND {FREE} AND {NOBODYS}"
"""The member is held, and nobody has claimed it."""


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
    release: str = ""
    named: bool = False
    """Whether the member waits, running under the name that its item has."""


def claim(new: Claim, timings: LeaseTimings, now: float) -> Write:
    """Claim a member that is free, with the generation after the one that was read.

    The generation is part of the condition, so that the tokens, which are made of it, are known before the write.
    """
    return Write(
        key=new.instance_id,
        set={
            "pool": new.pool,
            "az": new.az,
            "release": new.release,
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
            *("ready_at", "connect_until", "connected", "seen_at", "drained_at", "end_reason"),
            *("suspect", "suspect_at", "hot_at"),
            *(() if new.named else NAMED),
        ),
        condition="(attribute_not_exists(#generation) AND :before = :zero OR #generation = :before)"
        f" AND {FREE} AND {NOBODYS}",
        values={":before": new.generation - 1, ":zero": 0, ":free": "free", ":now": now},
    )


def ready(lease: Lease, timings: LeaseTimings, now: float) -> Write:
    """Say that the claimed member is ready: the first player has until the connect deadline to come."""
    until = min(now + timings.connect, lease.cap_until)
    return Write(
        key=lease.instance_id,
        set={"state": "ready", "ready_at": now, "connect_until": until, "lease_until": until, "seen_at": now},
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
    """Give the member up, so that nobody can claim it before it has stopped: if the lease is mine, or nobody's.

    A member that is held is nobody's to give up, unless its own session has used it.
    """
    mine = f"({MINE}) OR " if lease is not None else ""
    return Write(
        key=instance_id,
        set={"state": "draining", "drained_at": now, "lease_until": 0},
        remove=_PRIVATE,
        condition=f"{mine}({NOBODYS} AND {NOT_HELD})",
        values={":now": now, **(_mine(lease) if lease is not None else {})},
    )


def hot(instance_id: str, now: float) -> Write:
    """Say that a member that is held can be used by whoever claims it."""
    return Write(
        key=instance_id,
        set={"hot_at": now, "seen_at": now},
        condition=WAITING,
        values={":free": "free", ":now": now},
    )


def named(member: Item, address: str, hostname: str, change: str, now: float) -> Write:
    """Keep the address and the name of a member that is leased, or waits, and the id of the change in the DNS."""
    condition, values = _expected(member, now)
    return Write(
        key=member["instance_id"],
        set={"address": address, "hostname": hostname, "change": change},
        condition=condition,
        values=values,
    )


def published(member: Item, timings: LeaseTimings, now: float) -> Write:
    """Say that the member's name is known to all name servers.

    A member that was ready before waited for this: its first player has the whole connect deadline from now on.
    """
    condition, values = _expected(member, now)
    waited: dict[str, float] = {}
    if is_live(member, now):
        condition, values = f"{condition} AND #state = :state", {**values, ":state": member["state"]}
        if member["state"] == "ready":
            until = min(now + timings.connect, float(member["cap_until"]))
            waited = {"ready_at": now, "connect_until": until, "lease_until": until}
    return Write(key=member["instance_id"], set={"published_at": now, **waited}, condition=condition, values=values)


def unpublished(member: Item, now: float) -> Write:
    """Say that the record of a member that is leased, or waits, was lost, so that it is published again."""
    condition, values = _expected(member, now)
    return Write(key=member["instance_id"], remove=("change", "published_at"), condition=condition, values=values)


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
    """Free a member that has stopped, if it is as it was read, no live lease holds it, and no stop is under way."""
    return Write(
        key=member["instance_id"],
        set={"state": "free", "lease_until": 0},
        remove=(*_PRIVATE, "hostname", "address", "change", "published_at", "leaving_until"),
        condition=f"{_same_generation(member)} AND {NOBODYS} AND {NOT_LEAVING}",
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
        condition=f"#suspect_at = :suspect_at AND {_same_generation(member)} AND {NOBODYS} AND {NOT_HELD}",
        values={":suspect_at": float(member["suspect_at"]), ":now": now, **_generation(member)},
    )


def gone(member: Item, now: float) -> Delete:
    """Delete the item of a member whose instance is gone, if it is as it was read and no live lease holds it."""
    return Delete(
        member["instance_id"], f"{_same_generation(member)} AND {NOBODYS}", {":now": now, **_generation(member)}
    )


def _expected(member: Item, now: float) -> tuple[str, dict[str, Any]]:
    """Return the condition, with its values, that the member is still leased as it was read, or still waits."""
    if not is_live(member, now):
        return WAITING, {":free": "free", ":now": now}
    mine = {":session": member["session"], ":generation": member["generation"]}
    return f"{MINE} AND {LEASED}", {**mine, **_LEASED_VALUES}


def _same_generation(member: Item) -> str:
    return "#generation = :generation" if "generation" in member else "attribute_not_exists(#generation)"


def _generation(member: Item) -> dict[str, Any]:
    return {":generation": member["generation"]} if "generation" in member else {}


_LEASED_VALUES = {":claimed": "claimed", ":ready": "ready", ":in_use": "in_use"}


def _mine(lease: Lease) -> dict[str, Any]:
    return {":session": lease.session, ":generation": lease.generation}
