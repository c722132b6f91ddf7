"""What a lease is, and when it lives. Pure: plain items in, answers out; the clock is an argument.

The attributes of a member's item (table key `instance_id`):

| attribute | type | meaning |
|---|---|---|
| `pool`, `az`, `release` | S | the member's pool, availability zone and release |
| `state` | S | `free`, `claimed`, `ready`, `in_use` or `draining` |
| `session`, `owner` | S | the session that holds the lease, or held it last, and the caller who has it |
| `generation` | N | grows by one at every claim |
| `player_digest`, `controller_digest` | S | SHA-256 of the session's tokens |
| `lease_until` | N | epoch seconds; the lease lives while `session` is there and this is later than now |
| `ready_at` | N | epoch seconds; since when it can be used: it said ready, and its name was published |
| `connect_until` | N | epoch seconds; set at ready: the first player must have come by then |
| `cap_until` | N | epoch seconds; no heartbeat carries the lease beyond |
| `claimed_at`, `drained_at`, `seen_at` | N | epoch seconds of the claim, the drain, the member's last word |
| `connected` | BOOL | whether a player has ever connected under this generation |
| `hold_until`, `hold_for` | N, S | epoch seconds; until then the member is held, and for which class |
| `hot_at` | N | epoch seconds; since when it runs held, ready for whoever claims it |
| `hostname`, `address` | S | the member's name and public address while it runs |
| `change`, `published_at` | S, N | the DNS change that publishes the name; when all name servers knew it |
| `leaving_until` | N | epoch seconds; until then somebody may still stop or terminate it: it is not freed before |
| `suspect`, `suspect_at` | S, N | what the reconciler doubts about the member, and since when |
| `end_reason` | S | why the lease ended early, when somebody ended it |
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

MemberState = Literal["free", "claimed", "ready", "in_use", "draining"]
LeaseState = Literal["claimed", "ready", "in_use", "draining"]

EndReason = Literal[
    "closed", "left", "never_connected", "cap", "start_timeout", "no_capacity", "member_stopped", "lost"
]
"""Why a session ended: its caller closed it; its players left; none came; it reached its longest duration; the member
was not ready in time; no capacity to start a member; the member was stopped from outside; another lease replaced it."""

Item = Mapping[str, Any]
"""An item of the lease table as plain Python: str, int, float, bool, list, dict, set."""


class LeaseLost(Exception):  # noqa: N818 - the word of the contract, and what happened
    """The lease is no longer this member's: it ended, expired at its cap, or was given to someone else."""


@dataclass(frozen=True)
class LeaseTimings:
    """How long a lease lives in each of its states; seconds.

    `start` from the claim until the member must be ready; `connect` from ready until the first player must have come;
    `heartbeat` the longest pause between two heartbeats while players are connected; `grace` how long a member
    waits for players to come back; `cap` the longest session.
    """

    start: float = 600
    connect: float = 300
    heartbeat: float = 60
    grace: float = 120
    cap: float = 4 * 3600

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if value <= 0:
                raise ValueError(f"lease timing '{name}' is {value}: give a number of seconds greater than 0")


@dataclass(frozen=True)
class Lease:
    """The exclusive right of one session to one member. Deadlines are epoch seconds.

    A lease in state `draining` is over: its digests are empty, its `lease_until` is 0, and its member must stop.
    """

    instance_id: str
    pool: str
    state: LeaseState
    session: str
    generation: int
    player_digest: str
    controller_digest: str
    lease_until: float
    cap_until: float
    connect_until: float | None = None
    hostname: str | None = None
    address: str | None = None


@dataclass(frozen=True)
class Standing:
    """What a member heeds: its lease, if it has one, live or still to drain; and until which epoch second it is held.

    Never held: 0.
    """

    lease: Lease | None
    held_until: float = 0


NAMED = ("hostname", "address", "change", "published_at")
"""What a member's item keeps of its name while it runs."""
CLAIM_ATTRIBUTES = ("state", "session", "lease_until", "generation", "hold_until", "hot_at", *NAMED)
"""What of a member's item has to be known to claim it."""


def is_live(item: Item | None, now: float) -> bool:
    """Tell whether a member's item holds a live lease. The Ansible modules apply this same rule, and no other."""
    return item is not None and "session" in item and float(item.get("lease_until", 0)) > now


def is_claimable(item: Item | None, now: float) -> bool:
    """Tell whether a member may be claimed: never used, or freed since.

    A lease that only expired is not enough: its machine may still run with the last person's players on it, so it is
    stopped and freed first.
    """
    return item is None or (item.get("state", "free") == "free" and not is_live(item, now))


def is_held(item: Item | None, now: float) -> bool:
    """Tell whether a member is held: running, or about to, for a class that is about to begin.

    Until the hold passes nobody stops it unless a session has used it up; anybody may claim it. A claim leaves the
    hold as it is: it says for which class the member was meant, and so how many more the class needs.
    """
    return item is not None and float(item.get("hold_until", 0)) > now


def is_waiting(item: Item | None, now: float) -> bool:
    """Tell whether a member is held and nobody has claimed it, so that it has to stay as it is."""
    return item is not None and is_held(item, now) and is_claimable(item, now)


def is_hot(item: Item | None, now: float) -> bool:
    """Tell whether a member waits, and has said that it can be used."""
    return item is not None and is_waiting(item, now) and "hot_at" in item


def is_leaving(item: Item, now: float) -> bool:
    """Tell whether a member was drained from outside a moment ago, so that its stop may still be under way."""
    return float(item.get("leaving_until", 0)) > now


def lease_of(item: Item | None, now: float) -> Lease | None:
    """Return the lease in a member's item that its machine must heed: a live one, or one that still drains; or None."""
    if item is None or "session" not in item:
        return None
    return parse_lease(item) if is_live(item, now) or item["state"] == "draining" else None


def parse_lease(item: Item) -> Lease:
    """Return the lease in a member's item that holds one, live or not.

    Raises:
        KeyError: the item holds no lease.
    """
    return Lease(
        instance_id=item["instance_id"],
        pool=item["pool"],
        state=cast(LeaseState, item["state"]),
        session=item["session"],
        generation=int(item["generation"]),
        player_digest=item.get("player_digest", ""),
        controller_digest=item.get("controller_digest", ""),
        lease_until=float(item["lease_until"]),
        cap_until=float(item["cap_until"]),
        connect_until=None if item.get("connect_until") is None else float(item["connect_until"]),
        hostname=item.get("hostname"),
        address=item.get("address"),
    )


def end_reason(item: Item, now: float) -> EndReason:
    """Return why the last lease in a member's item ended, from what the item still tells."""
    if "end_reason" in item:
        return cast(EndReason, item["end_reason"])
    if float(item.get("cap_until", now + 1)) <= float(item.get("drained_at", now)):
        return "cap"
    if item.get("connected"):
        return "left"
    return "never_connected" if item.get("connect_until") is not None else "start_timeout"
