"""What is kept of use: sessions that are over, wakes that were refused, leaks that were stopped. Pure.

The items, in the lease table, one for each hour (UTC) in which there was something to keep; DynamoDB deletes them by
`expires_at`, `KEEP` seconds later:

| key | attributes | holds |
|---|---|---|
| `usage#sessions#<pool>#<hour>` | `s_<session>` (S) | one session that began in this hour: `Use.text` |
| `usage#refused#<pool>#<hour>` | `<reason>__<API key id>` (SS) | wakes that were refused, by the sessions they wanted |
| `usage#leaks#<pool>#<hour>` | `<kind>` (SS) | members that the reconciler had to stop, with when it drained them |

Every write may be repeated: it names what it adds, so nothing counts twice. Whoever reads knows all keys of a period,
and gets them directly: there is nothing to scan.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from pixel.lease.model import EndReason, Item, end_reason
from pixel.lease.writes import Write

PREFIX = "usage#"
KEEP = 400 * 86400
"""Seconds that a record is kept: a school year, and the month to report on it."""

HOUR = 3600.0
_HOUR_FORM = "%Y-%m-%dT%H"

Kind = Literal["sessions", "refused", "leaks"]
KINDS: tuple[Kind, ...] = ("sessions", "refused", "leaks")
GivenUp = Literal["no_capacity", "member_stopped"]
"""Why a session that was opened never got a running member, and no other could be given to it."""
RefusalReason = Literal["pool_empty", "no_capacity", "over_cap", "member_stopped"]
LeakKind = Literal["expired", "unleased", "stuck"]
"""How a member was found running for nobody: its lease had expired; it never had one; it was drained and ran on."""

REFUSALS: tuple[RefusalReason, ...] = ("pool_empty", "no_capacity", "over_cap", "member_stopped")
LEAKS: tuple[LeakKind, ...] = ("expired", "unleased", "stuck")
_SESSION = "s_"
_HANDLE = 8
"""Letters of a session's id that tell the sessions of an hour apart: forty bits."""


@dataclass(frozen=True)
class Use:
    """One session that is over. Times are epoch seconds, kept to the second.

    Attributes:
        claimed_at: it got its member.
        ready_at: the member could be used; None if it never could.
        ended_at: its lease ended.
        stopped_at: its member was found stopped.
    """

    owner: str
    release: str
    reason: EndReason
    claimed_at: float
    ready_at: float | None
    ended_at: float
    stopped_at: float

    @classmethod
    def of(cls, member: Item, now: float) -> Use:
        """Return the last session of a member that has stopped, from the member's item.

        Raises:
            KeyError: no session ever held the member.
        """
        return cls(
            owner=member["owner"],
            release=member.get("release", ""),
            reason=end_reason(member, now),
            claimed_at=round(float(member["claimed_at"])),
            ready_at=None if "ready_at" not in member else round(float(member["ready_at"])),
            ended_at=round(float(member.get("drained_at", member["lease_until"]))),
            stopped_at=round(now),
        )

    def text(self) -> str:
        """Return the record, times in seconds after the claim: short, for the reconciler's scan reads past it."""
        ready = None if self.ready_at is None else self.ready_at - self.claimed_at
        after = (ready, self.ended_at - self.claimed_at, self.stopped_at - self.claimed_at)
        return json.dumps((self.owner, self.release, self.reason, self.claimed_at, *after), separators=(",", ":"))

    @classmethod
    def parse(cls, text: str) -> Use:
        """Return what a record holds."""
        owner, release, reason, claimed_at, ready, ended, stopped = json.loads(text)
        return cls(
            owner=owner,
            release=release,
            reason=reason,
            claimed_at=claimed_at,
            ready_at=None if ready is None else claimed_at + ready,
            ended_at=claimed_at + ended,
            stopped_at=claimed_at + stopped,
        )


def ended(member: Item, now: float) -> Write:
    """Keep the last session of a member that has stopped. A session that is kept already stays as it is."""
    name = _SESSION + member["session"][:_HANDLE]
    use = Use.of(member, now)
    return Write(
        key=_key("sessions", member["pool"], use.claimed_at),
        set={name: use.text(), "expires_at": int(use.claimed_at) + KEEP},
        condition=f"attribute_not_exists(#{name})",
    )


def refused(pool: str, reason: RefusalReason, owner: str, session: str, now: float) -> Write:
    """Count a wake that was refused. A caller who tries again with the same key wants the same session."""
    caller = re.sub(r"\W", "_", owner)  # becomes part of an attribute's name
    return Write(
        key=_key("refused", pool, now),
        set={"expires_at": int(now) + KEEP},
        add={f"{reason}__{caller}": {session[:_HANDLE]}},
    )


def leaked(member: Item, kind: LeakKind, drained_at: float) -> Write:
    """Count a member that is being stopped because it ran for nobody. One drain of it counts once."""
    return Write(
        key=_key("leaks", member["pool"], drained_at),
        set={"expires_at": int(drained_at) + KEEP},
        add={kind: {f"{member['instance_id']}@{int(drained_at)}"}},
    )


def keys(pool: str, begin: float, end: float) -> Iterator[str]:
    """Yield the keys of everything that is kept of a pool from `begin` until before `end` (epoch seconds)."""
    at = begin - begin % HOUR
    while at < end:
        for kind in KINDS:
            yield _key(kind, pool, at)
        at += HOUR


def hour(key: str) -> float:
    """Return the epoch second at which the hour of an item's key begins."""
    return datetime.strptime(key.rpartition("#")[2] + "+0000", _HOUR_FORM + "%z").timestamp()


def uses(item: Mapping[str, Any]) -> dict[str, Use]:
    """Return the sessions in an item of kind `sessions`, by the beginnings of their ids."""
    return {name.removeprefix(_SESSION): Use.parse(value) for name, value in item.items() if name.startswith(_SESSION)}


def refusals(item: Mapping[str, Any]) -> dict[tuple[RefusalReason, str], frozenset[str]]:
    """Return the refused wakes in an item of kind `refused`: by reason and API key id, who wanted a session."""
    return {
        (reason, name.removeprefix(f"{reason}__")): frozenset(value)
        for name, value in item.items()
        for reason in REFUSALS
        if name.startswith(f"{reason}__")
    }


def leaks(item: Mapping[str, Any]) -> dict[LeakKind, frozenset[str]]:
    """Return the leaks in an item of kind `leaks`, each under the first kind that it was found as."""
    counted: frozenset[str] = frozenset()
    found: dict[LeakKind, frozenset[str]] = {}
    for kind in LEAKS:
        new = frozenset(item.get(kind, ())) - counted
        counted |= new
        if new:
            found[kind] = new
    return found


def _key(kind: Kind, pool: str, at: float) -> str:
    # Without its fraction, which datetime rounds: up into the next hour, at its very end.
    return f"{PREFIX}{kind}#{pool}#{datetime.fromtimestamp(math.floor(at), UTC):{_HOUR_FORM}}"
