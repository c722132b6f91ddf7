# Copyright: mitlab.pixel maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Decide which members to hold for which class, which to let go, and which to start. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from .members import ON, Member
from .releases import release_order


@dataclass(frozen=True)
class Target:
    """How many members are to be held for a class, and until when (epoch seconds)."""

    purpose: str
    count: int
    until: float


@dataclass(frozen=True)
class Known:
    """What the lease table knows of a member.

    Attributes:
        free: whether it may be claimed.
        held_for, held_until: for which class it is held, and until when; None when it is not.
        hot: whether it said that it waits, ready for whoever claims it.
    """

    free: bool = True
    held_for: str | None = None
    held_until: float | None = None
    hot: bool = False


UNKNOWN = Known()
"""A member without an item: nobody ever had it."""


@dataclass(frozen=True)
class HotPlan:
    """What to do for one target.

    Attributes:
        hold: members to hold, in order: those to prolong first.
        new: those of them that are not held yet.
        let_go: ids of members that are held and no longer wanted.
        start: members, held already, that do not run.
        short: how many members are missing because no free one is left.
    """

    target: Target
    hold: tuple[Member, ...] = ()
    new: tuple[Member, ...] = ()
    let_go: tuple[str, ...] = ()
    start: tuple[Member, ...] = ()
    short: int = 0

    @property
    def changed(self) -> bool:
        return bool(self.hold or self.let_go or self.start)


@dataclass
class Pool:
    """A pool as it was observed, and as it became since.

    Attributes:
        members: those that may be held, without canaries and such as are gone.
        known: what the lease table knows, by instance id.
        dry: availability zones that had no capacity a moment ago.
    """

    members: Sequence[Member]
    known: dict[str, Known]
    dry: set[str] = field(default_factory=set)

    def of(self, member: Member) -> Known:
        """Return what is known of a member."""
        return self.known.get(member.instance_id, UNKNOWN)

    def held(self, member: Member) -> str | None:
        """Return for which class a member is held."""
        return self.of(member).held_for


def plan_hot(pool: Pool, target: Target) -> HotPlan:
    """Decide what to do for one class.

    Members that were claimed count: the hold is on them still, and the students who came early have what was meant for
    them. One that has been used and has stopped since is started again.
    """
    held = sorted(
        (member for member in pool.members if pool.held(member) == target.purpose),
        key=lambda member: (pool.of(member).free, not pool.of(member).hot, member.state not in ON, member.instance_id),
    )
    kept, surplus = held[: target.count], [m for m in held[target.count :] if pool.of(m).free]
    prolong = [member for member in kept if pool.of(member).held_until != target.until]
    new = _choose(pool, target.count - len(kept))
    start = [m for m in [*kept, *new] if pool.of(m).free and m.state == "stopped"]
    return HotPlan(
        target=target,
        hold=(*prolong, *new),
        new=tuple(new),
        let_go=tuple(member.instance_id for member in surplus),
        start=tuple(start),
        short=max(0, target.count - len(kept) - len(new)),
    )


def _choose(pool: Pool, count: int) -> list[Member]:
    """Choose free members: those that run, then the newest release, spread over the zones that have capacity."""
    free = [
        member
        for member in pool.members
        if member.state in (*ON, "stopped")
        and not member.on_first_boot
        and pool.of(member).free
        and pool.held(member) is None
        and not (member.zone in pool.dry and member.state == "stopped")
    ]
    free.sort(key=lambda member: member.instance_id)
    free.sort(key=lambda member: release_order(member.release or ""), reverse=True)
    free.sort(key=lambda member: member.state not in ON)
    return _spread(free, count)


def _spread(members: Iterable[Member], count: int) -> list[Member]:
    """Take members in order, but of equals always one from the zone that has given the fewest."""
    left, chosen = list(members), []
    by_zone: Counter[str] = Counter()
    while left and len(chosen) < count:
        first = left[0]
        equal = [m for m in left if (m.release, m.state in ON) == (first.release, first.state in ON)]
        member = min(equal, key=lambda one: (by_zone[one.zone], one.instance_id))
        by_zone[member.zone] += 1
        left.remove(member)
        chosen.append(member)
    return chosen
