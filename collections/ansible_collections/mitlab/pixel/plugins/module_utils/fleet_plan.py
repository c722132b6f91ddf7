# Copyright: mitlab.pixel maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Decide how a pool gets its size from one release. Pure: nothing here knows boto3 or Ansible."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from .members import OFF, RELEASE_TAG, Member, Use, counted
from .releases import release_order


@dataclass(frozen=True)
class FleetRequest:
    """What the operator wants of a pool.

    Attributes:
        size: how many members of the release there shall be; 0 means none.
        finish_boots: whether members are stopped after their first boot, also those that an earlier run launched.
        prune_releases: whether stopped members of other releases are retired once the pool has its size.
        batch: how many members are launched at most, before others are retired in their place; 0: all.
    """

    pool: str
    release: str
    size: int
    finish_boots: bool = True
    prune_releases: bool = True
    batch: int = 0


@dataclass(frozen=True)
class FleetPlan:
    """What to do: members to launch, first boots to finish, members to retire, and those left alone with the reason.

    Attributes:
        create: how many members to launch by subnet.
        stop: members whose first boot an earlier run did not live to finish: to be stopped when they have booted.
        terminate: stopped members without a lease that are too many, or of another release.
        kept: members that are too many or of another release, and in use or on the way, with the reason.
    """

    create: Mapping[str, int] = field(default_factory=dict)
    stop: tuple[str, ...] = ()
    terminate: tuple[str, ...] = ()
    kept: Mapping[str, str] = field(default_factory=dict)

    @property
    def changed(self) -> bool:
        return bool(self.create or self.stop or self.terminate)

    @property
    def needs_leases(self) -> bool:
        """Whether it matters who is leased: nothing is stopped or terminated without knowing."""
        return bool(self.stop or self.terminate)


def shortfall(request: FleetRequest, members: Iterable[Member]) -> int:
    """Return how many members of the release are missing."""
    return max(0, request.size - len(_of_release(request, members)))


def plan_fleet(
    request: FleetRequest,
    members: Sequence[Member],
    zones: Mapping[str, str],
    leases: Mapping[str, Use],
) -> FleetPlan:
    """Decide what to launch, to stop after its first boot, and to retire.

    Only stopped members without a lease are retired: a running or leased one is somebody's. While the pool is
    short of its size nothing is retired: a member of an older release is better than none. In batches, only what the
    pool has beyond its size, of all releases together, is retired meanwhile. A canary that has not passed
    is no member: it does not count, and is retired as soon as it is stopped.

    Args:
        members: the pool's instances, all states.
        zones: availability zone by subnet, in the operator's order; may be empty when nothing is missing.
        leases: live leases and holds by instance id.
    """
    existing = [member for member in members if not member.gone]
    alive = [member for member in existing if not member.on_trial]
    current = _of_release(request, alive)
    missing = shortfall(request, alive)
    surplus = _surplus(current, len(current) - request.size, leases)
    others = [member for member in alive if member.release != request.release] if request.prune_releases else []
    others.sort(key=lambda member: (release_order(member.release or ""), member.instance_id))
    kept: dict[str, str] = {}
    terminate: list[str] = []
    for member in [*surplus, *others]:
        reason = _use(member, leases)
        spare = request.batch and len(alive) - len(terminate) > request.size
        if reason is None and missing and not spare:
            reason = f"the pool is short of {counted(missing, 'member')}"
        if reason is None:
            terminate.append(member.instance_id)
        else:
            kept[member.instance_id] = reason
    for canary in existing:
        if canary.on_trial:
            if reason := _use(canary, leases):
                kept[canary.instance_id] = reason
            else:
                terminate.append(canary.instance_id)
    stop = [
        member.instance_id
        for member in alive
        if request.finish_boots and member.on_first_boot and member.instance_id not in leases
    ]
    return FleetPlan(
        create=spread(min(missing, request.batch or missing), current, zones) if missing else {},
        stop=tuple(stop),
        terminate=tuple(sorted(terminate)),
        kept=kept,
    )


def spread(count: int, members: Iterable[Member], zones: Mapping[str, str]) -> dict[str, int]:
    """Spread new members over subnets so that availability zones become as even as they can; earlier subnets first.

    Args:
        count: how many to place.
        members: those there are already.
        zones: availability zone by subnet, those to place in.

    Returns:
        How many by subnet; none when there is no subnet.
    """
    if not zones:
        return {}
    members = list(members)
    by_zone = Counter(member.zone for member in members)
    by_subnet = Counter(member.subnet_id for member in members)
    order = {subnet: place for place, subnet in enumerate(zones)}
    placed: Counter[str] = Counter()
    for _number in range(count):
        subnet = min(zones, key=lambda one: (by_zone[zones[one]], by_subnet[one], order[one]))
        by_zone[zones[subnet]] += 1
        by_subnet[subnet] += 1
        placed[subnet] += 1
    return {subnet: placed[subnet] for subnet in zones if placed[subnet]}


def foreseen(
    request: FleetRequest, plan: FleetPlan, members: Sequence[Member], zones: Mapping[str, str]
) -> list[Member]:
    """Return the pool as it will be once the plan's members are launched and their first boots are over."""
    state = "stopped" if request.finish_boots else "running"
    new = [
        Member(f"new-{place}-{subnet}", state, zones[subnet], {RELEASE_TAG: request.release}, subnet)
        for subnet, count in plan.create.items()
        for place in range(count)
    ]
    return [replace(m, state="stopped") if m.instance_id in plan.stop else m for m in members] + new


def _of_release(request: FleetRequest, members: Iterable[Member]) -> list[Member]:
    return [m for m in members if not (m.gone or m.on_trial) and m.release == request.release]


def _surplus(current: Sequence[Member], count: int, leases: Mapping[str, Use]) -> list[Member]:
    """Choose members of the release that are too many: those that may be retired first, from the fullest zones.

    The longest unused would be a guess; the most evenly spread rest is not.
    """
    by_zone = Counter(member.zone for member in current)
    left = list(current)
    chosen: list[Member] = []
    for _number in range(max(0, count)):
        member = min(left, key=lambda one: (_use(one, leases) is not None, -by_zone[one.zone], one.instance_id))
        left.remove(member)
        by_zone[member.zone] -= 1
        chosen.append(member)
    return chosen


def _use(member: Member, leases: Mapping[str, Use]) -> str | None:
    """Say why a member may not be retired; None when it may."""
    if member.instance_id in leases:
        return leases[member.instance_id].reason
    if member.state == "stopped":
        return None
    return "still stopping" if member.state in OFF else member.state
