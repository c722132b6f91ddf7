# Copyright: mitlab.pixel maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Carry out the plans for held members: hold, start, let go; and take others where one cannot be had."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from .aws import Client
from .ec2 import start_instances
from .holds import hold, let_go
from .hot_plan import HotPlan, Known, Pool, Target, plan_hot
from .members import Member, changes_by_zone, counted

ROUNDS = 5
"""Times that a class is planned for: somebody may be faster, and one availability zone after the other may be dry."""


class Actions(Protocol):
    """What is done about members; each returns what came of it."""

    def hold(self, members: Sequence[Member], target: Target) -> set[str]:
        """Hold members; return the ids of those that are."""

    def let_go(self, ids: Sequence[str], purpose: str) -> set[str]:
        """Let members go; return the ids of those that are held no more."""

    def start(self, members: Sequence[Member]) -> dict[str, str]:
        """Start members; return those that could not be, by id, with the reason."""


@dataclass(frozen=True)
class OnAws:
    """What a run does. `now` is in epoch seconds."""

    ec2: Client
    dynamodb: Client
    table: str
    now: float

    def hold(self, members: Sequence[Member], target: Target) -> set[str]:
        return hold(self.dynamodb, self.table, members, target, self.now)

    def let_go(self, ids: Sequence[str], purpose: str) -> set[str]:
        return let_go(self.dynamodb, self.table, ids, purpose, self.now)

    def start(self, members: Sequence[Member]) -> dict[str, str]:
        return start_instances(self.ec2, members)


class Foreseen:
    """What check mode does: nothing, and all goes well."""

    def hold(self, members: Sequence[Member], target: Target) -> set[str]:
        del target
        return {member.instance_id for member in members}

    def let_go(self, ids: Sequence[str], purpose: str) -> set[str]:
        del purpose
        return set(ids)

    def start(self, members: Sequence[Member]) -> dict[str, str]:
        del members
        return {}


@dataclass
class Outcome:
    """What became of the classes' members; ids by class where it says so.

    Attributes:
        held: members held for each class, also those that somebody has claimed.
        new, prolonged, let_go: what was written, by class.
        started: members that were started.
        short: how many are missing, by class.
    """

    held: dict[str, list[str]] = field(default_factory=dict)
    new: dict[str, set[str]] = field(default_factory=dict)
    prolonged: dict[str, set[str]] = field(default_factory=dict)
    let_go: dict[str, set[str]] = field(default_factory=dict)
    started: list[Member] = field(default_factory=list)
    short: dict[str, int] = field(default_factory=dict)

    def sentences(self) -> list[str]:
        """Say what was changed."""
        said = []
        for verb, after, written in (
            ("held", "", self.new),
            ("held", " until another time", self.prolonged),
            ("let go", "", self.let_go),
        ):
            said += [f"{verb} {counted(len(ids), 'member')} for {name}{after}" for name, ids in written.items() if ids]
        return said + changes_by_zone("started", self.started)

    def problems(self, pool: Pool) -> list[str]:
        """Say which classes have too few members, and the mend."""
        where = f"{', '.join(sorted(pool.dry))} without capacity" if pool.dry else "no other member of the pool is free"
        return [
            f"class {name} has {len(self.held[name])} of {len(self.held[name]) + short} members held: {where}; run "
            f"again later, or make the pool larger (pixel_size, or the seats of the class)"
            for name, short in self.short.items()
            if short
        ]


def bring_about(pool: Pool, targets: Sequence[Target], actions: Actions) -> Outcome:
    """Bring the held members of each class to their number, and have them started.

    A member is held before it is started, so that nobody stops it in between; one that finds no capacity is let go
    again, and another zone's is taken. Classes that let members go come first. `pool` is kept up with what is done.
    """
    outcome = Outcome()
    for target in sorted(targets, key=lambda one: not plan_hot(pool, one).let_go):
        plan = plan_hot(pool, target)
        for _round in range(ROUNDS):
            if not plan.changed:
                break
            _carry_out(pool, plan, actions, outcome)
            plan = plan_hot(pool, target)
        outcome.short[target.purpose] = plan.short
        outcome.held[target.purpose] = [m.instance_id for m in pool.members if pool.held(m) == target.purpose]
    return outcome


def _carry_out(pool: Pool, plan: HotPlan, actions: Actions, outcome: Outcome) -> None:
    target, purpose = plan.target, plan.target.purpose
    held = actions.hold(plan.hold, target) if plan.hold else set()
    for member in plan.hold:
        before = pool.of(member)
        pool.known[member.instance_id] = (
            replace(before, held_for=purpose, held_until=target.until)
            if member.instance_id in held
            else replace(before, free=False, held_for=None, held_until=None)
        )
    new = {member.instance_id for member in plan.new} & held
    outcome.new[purpose] = outcome.new.get(purpose, set()) | new
    outcome.prolonged[purpose] = outcome.prolonged.get(purpose, set()) | (held - new)
    startable = [member for member in plan.start if pool.held(member) == purpose]
    left = actions.start(startable) if startable else {}
    dry = {member.instance_id: member.zone for member in startable if left.get(member.instance_id, "").startswith("no")}
    started = [member for member in startable if member.instance_id not in left]
    outcome.started += started
    states = dict.fromkeys((m.instance_id for m in started), "pending") | dict.fromkeys(left.keys() - dry, "stopping")
    pool.members = [replace(m, state=states.get(m.instance_id, m.state)) for m in pool.members]
    pool.dry |= set(dry.values())
    given_back = [*plan.let_go, *dry]
    released = actions.let_go(given_back, purpose) if given_back else set()
    pool.known.update(dict.fromkeys(released, Known()))
    outcome.new[purpose] -= released
    outcome.let_go[purpose] = outcome.let_go.get(purpose, set()) | (released & set(plan.let_go))
