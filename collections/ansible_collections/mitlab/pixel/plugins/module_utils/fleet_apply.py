# Copyright: mitlab.pixel maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Carry out a fleet plan: launch, see first boots through, retire; or foresee what that would do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from .aws import Client
from .ec2 import run_instances, terminate_instances
from .first_boot import FirstBoot
from .fleet_launch import Launched, launch
from .fleet_plan import FleetPlan, FleetRequest, foreseen, plan_fleet
from .leases import Leases
from .members import Member, changes_by_zone, counted


@dataclass(frozen=True)
class Pool:
    """What was observed before anything was planned.

    Attributes:
        members: the pool's instances, also terminated ones that EC2 still lists.
        zones: availability zone by subnet; empty when no member is missing.
        leases: tells who uses members, and takes them out of use before each step that takes one away.
    """

    members: Sequence[Member]
    zones: Mapping[str, str]
    leases: Leases


@dataclass
class Outcome:
    """What became of a pool, or would become of it.

    Attributes:
        members: the pool as last seen, without those that are gone.
        problems: what is not as the operator wanted, with the mend.
    """

    members: list[Member]
    created: list[Member] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    terminated: list[Member] = field(default_factory=list)
    kept: dict[str, str] = field(default_factory=dict)
    missing: Mapping[str, int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        return bool(self.created or self.stopped or self.terminated)

    def sentences(self) -> list[str]:
        """Say what was changed."""
        said = changes_by_zone("created", self.created)
        if self.stopped:
            said.append(f"stopped {counted(len(self.stopped), 'new member')} after the first boot")
        return said + changes_by_zone("terminated", self.terminated)


def plan_with_leases(request: FleetRequest, pool: Pool, members: Sequence[Member]) -> FleetPlan:
    """Plan; ask who has leased what only when the plan takes a member away."""
    plan = plan_fleet(request, members, pool.zones, {})
    return plan_fleet(request, members, pool.zones, pool.leases.in_use()) if plan.needs_leases else plan


def foresee(request: FleetRequest, pool: Pool) -> Outcome:
    """Return what `apply` would do when all goes well; nothing is changed."""
    plan = plan_with_leases(request, pool, pool.members)
    grown = foreseen(request, plan, pool.members, pool.zones)
    outcome = Outcome(members=grown, created=grown[len(pool.members) :], stopped=list(plan.stop))
    final = plan_with_leases(request, pool, grown) if plan.create or plan.stop else plan
    return _retired(outcome, final)


def apply(
    ec2: Client, request: FleetRequest, pool: Pool, launch_request: Mapping[str, Any], first_boot: FirstBoot | None
) -> Outcome:
    """Bring the pool to its size, new members first; what could not be done is among the outcome's problems.

    Old members are retired last, by a plan made from the pool as it is then, and only when all new ones are well. A run
    that dies in between is completed by the next.

    Args:
        launch_request: the parameters of RunInstances but for subnet, counts and token.
        first_boot: sees new members through their first boot; None leaves that to a later run.
    """
    plan = plan_with_leases(request, pool, pool.members)
    outcome = Outcome(members=list(pool.members))
    if plan.create:
        launched = launch(
            partial(run_instances, ec2), launch_request, plan.create, pool.zones, pool.members, request.release
        )
        _add_launched(outcome, launched)
    booting = [*(member.instance_id for member in outcome.created), *plan.stop]
    if booting and first_boot:
        boots = first_boot.see_through(booting)
        outcome.members = boots.members or outcome.members
        outcome.stopped += boots.stopped
        outcome.kept |= boots.kept
        outcome.problems += [boots.problem] if boots.problem else []
        if boots.problem:
            return _retired(outcome, FleetPlan())
    if plan.create or plan.stop:
        plan = plan_with_leases(request, pool, outcome.members)
    leaving = [member for member in outcome.members if member.instance_id in plan.terminate]
    in_use = pool.leases.drain(leaving)
    unused = tuple(one for one in plan.terminate if one not in in_use)
    terminate_instances(ec2, unused)
    return _retired(outcome, replace(plan, terminate=unused, kept={**plan.kept, **in_use}))


def _add_launched(outcome: Outcome, launched: Launched) -> None:
    outcome.created = launched.members
    outcome.members += launched.members
    outcome.missing = launched.missing
    if launched.missing:
        outcome.problems.append(launched.shortage())


def _retired(outcome: Outcome, plan: FleetPlan) -> Outcome:
    """Return the outcome once the plan's members are terminated."""
    outcome.terminated = [member for member in outcome.members if member.instance_id in plan.terminate]
    outcome.members = [m for m in outcome.members if not m.gone and m.instance_id not in plan.terminate]
    outcome.kept |= plan.kept
    return outcome
