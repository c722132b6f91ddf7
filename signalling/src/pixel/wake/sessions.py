"""Sessions: their items in the lease table, and what is told about them. Pure.

A session's item has the key `session#<id>`. The id is made of the caller and the `Idempotency-Key`, so the same key
finds the same session without another item. The item says which member the session got; how that member is getting on
is in the member's own item, the one source of truth: a session ends when its member's item no longer holds it.

An owner's item (`owner#<API key id>`) holds the set of the sessions that count against the caller's cap.
"""

from __future__ import annotations

import hmac
from base64 import b32encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pixel.lease.model import EndReason, Item, end_reason, is_live
from pixel.lease.writes import Write
from pixel.wake.pools import Pool

PREFIX = "session#"
OWNER_PREFIX = "owner#"
ABANDONED = 60.0
"""Seconds after which a session that was counted but never opened is counted no more: longer than a call lives."""

State = Literal["starting", "ready", "ended"]
Step = Literal["queued", "booting", "naming", "loading"]


@dataclass(frozen=True)
class Session:
    """A session's item: who has it, and which member it got. Times are epoch seconds."""

    session: str
    owner: str
    pool: str
    member: str
    generation: int
    state: Literal["open", "ended"]
    created_at: float
    reason: EndReason | None = None

    @classmethod
    def parse(cls, item: Item) -> Session:
        """Return the session in an item."""
        return cls(**{name: item[name] for name in cls.__dataclass_fields__ if name in item})

    @classmethod
    def on(cls, member: Item) -> Session:
        """Return the session that holds a member, or held it last, from the member's item.

        Raises:
            KeyError: no session ever held the member.
        """
        return cls(
            session=member["session"],
            owner=member["owner"],
            pool=member["pool"],
            member=member["instance_id"],
            generation=member["generation"],
            state="open",
            created_at=member["claimed_at"],
        )


@dataclass(frozen=True)
class Progress:
    """How a session is getting on. `step` is for a session that is starting, `reason` for one that has ended."""

    state: State
    step: Step | None = None
    reason: EndReason | None = None


def session_id(secret: bytes, owner: str, idempotency_key: str) -> str:
    """Return the id of the session that a caller's key stands for: 26 letters and digits."""
    mac = hmac.digest(secret, f"session|{len(owner)}|{owner}|{idempotency_key}".encode(), "sha256")
    return b32encode(mac[:16]).decode("ascii").rstrip("=").lower()


def session_key(session: str) -> str:
    """Return the key of a session's item."""
    return PREFIX + session


def owner_key(owner: str) -> str:
    """Return the key of an owner's item."""
    return OWNER_PREFIX + owner


def progress(session: Session, member: Item | None, pool: Pool, now: float) -> Progress:
    """Return how a session is getting on, from its item, its member's and its pool's."""
    if session.state == "ended":
        return Progress("ended", reason=session.reason)
    if member is None or (member.get("session"), member.get("generation")) != (session.session, session.generation):
        return Progress("ended", reason="lost")
    if member["state"] in ("free", "draining"):
        return Progress("ended", reason=end_reason(member, now))
    if not is_live(member, now):
        return _expired(member, now)
    if "published_at" in member and member["state"] in ("ready", "in_use"):
        return Progress("ready")
    if "published_at" in member:
        return Progress("starting", "loading")
    if "address" in member:
        return Progress("starting", "naming")
    return Progress("starting", "queued" if session.member in pool.pending else "booting")


def _expired(member: Item, now: float) -> Progress:
    """Return the progress of a session whose lease has expired and which nobody has ended yet.

    Its players may only be cut off from the table: until the cap, their next heartbeat revives the lease.
    """
    if member["state"] == "in_use" and float(member["cap_until"]) > now:
        return Progress("ready")
    return Progress("ended", reason=end_reason(member, now))


def opened(session: Session, expires_at: float) -> Write:
    """Create a session's item, or create it anew after a start that failed for want of capacity."""
    return Write(
        key=session_key(session.session),
        set={
            "session": session.session,
            "owner": session.owner,
            "pool": session.pool,
            "member": session.member,
            "generation": session.generation,
            "state": "open",
            "created_at": session.created_at,
            "expires_at": int(expires_at),
        },
        remove=("reason", "ended_at"),
        condition="attribute_not_exists(#state) OR (#state = :ended AND #reason = :no_capacity)",
        values={":ended": "ended", ":no_capacity": "no_capacity"},
    )


def moved(session: Session, member: str, generation: int) -> Write:
    """Give an open session another member, if it still has the one that is known here."""
    return Write(
        key=session_key(session.session),
        set={"member": member, "generation": generation},
        condition=_SAME,
        values=_same(session),
    )


def ended(session: Session, reason: EndReason, now: float, keep: float) -> Write:
    """End an open session, if it still has the member that is known here; DynamoDB deletes its item after `keep`."""
    return Write(
        key=session_key(session.session),
        set={"state": "ended", "reason": reason, "ended_at": now, "expires_at": int(now + keep)},
        condition=_SAME,
        values=_same(session),
    )


def reserve(session: str, owner: str, cap: int, now: float) -> Write:
    """Count a session against its owner's cap, before it is opened. Counting it twice counts once.

    Every try gets a ticket, so that an owner's callers at the same moment have different numbers.
    """
    return Write(
        key=owner_key(owner),
        set={_reserved_at(session): now},
        add={"sessions": {session}, "tickets": 1},
        condition="attribute_not_exists(#sessions) OR size(#sessions) < :cap OR contains(#sessions, :session)",
        values={":cap": cap, ":session": session},
    )


def release(session: str, owner: str) -> Write:
    """Stop counting a session against its owner's cap."""
    return Write(key=owner_key(owner), remove=(_reserved_at(session),), delete={"sessions": {session}})


def reserved(owner: Item) -> dict[str, float]:
    """Return the sessions counted in an owner's item, with the epoch second of each one's counting."""
    return {session: float(owner.get(_reserved_at(session), 0)) for session in owner.get("sessions", ())}


_SAME = "#state = :open AND #member = :member AND #generation = :generation"


def _same(session: Session) -> Mapping[str, Any]:
    return {":open": "open", ":member": session.member, ":generation": session.generation}


def _reserved_at(session: str) -> str:
    return f"at_{session}"
