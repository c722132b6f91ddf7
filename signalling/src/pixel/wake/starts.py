"""Starting many members with few calls: all together, and in parts only when AWS refuses the whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pixel.wake.aws import Ec2, Refused

CALLS = 5
"""StartInstances calls at most in one turn: what the bucket of the account holds when it is full."""


@dataclass
class Started:
    """What became of the members that were to be started; those in no set are still to be tried."""

    started: set[str] = field(default_factory=set)
    dry: set[str] = field(default_factory=set)
    wrong: dict[str, str] = field(default_factory=dict)
    dry_zones: set[str] = field(default_factory=set)
    calls: int = 0
    throttled: bool = False


def start(ec2: Ec2, zones: Mapping[str, str], calls: int = CALLS) -> Started:
    """Start members, given their ids with their availability zones, in at most `calls` calls.

    StartInstances starts all or none. Without capacity, the members are tried zone by zone, then in halves, so that a
    zone that can still take some takes them; when a single one is refused its zone is dry, and no other of that zone
    is tried. With one in a wrong state (`wrong`: its id and state, `missing` when there is none), the others are tried.
    """
    result = Started()
    groups = [sorted(zones, key=lambda member: (zones[member], member))] if zones else []
    while groups and result.calls < calls:
        group = groups.pop(0)
        if {zones[member] for member in group} <= result.dry_zones:
            result.dry |= set(group)
            continue
        result.calls += 1
        try:
            ec2.start(group)
        except Refused as refused:
            if refused.why == "throttled":
                result.throttled = True
                return result
            groups[:0] = (
                _split_dry(group, zones, result) if refused.why == "capacity" else _split_wrong(ec2, group, result)
            )
        else:
            result.started |= set(group)
    for group in groups:
        result.dry |= {member for member in group if zones[member] in result.dry_zones}
    return result


def _split_dry(group: list[str], zones: Mapping[str, str], result: Started) -> list[list[str]]:
    by_zone: dict[str, list[str]] = {}
    for member in group:
        by_zone.setdefault(zones[member], []).append(member)
    if len(by_zone) > 1:
        return list(by_zone.values())
    if len(group) == 1:
        result.dry.add(group[0])
        result.dry_zones.add(zones[group[0]])
        return []
    return _halves(group)


def _split_wrong(ec2: Ec2, group: list[str], result: Started) -> list[list[str]]:
    machines = ec2.machines(group)
    states = {member: machines[member].state if member in machines else "missing" for member in group}
    wrong = {member: state for member, state in states.items() if state not in ("stopped", "pending", "running")}
    if not wrong and len(group) == 1:
        wrong = states
    result.wrong |= wrong
    startable = [member for member in group if member not in wrong]
    if not startable:
        return []
    return [startable] if wrong else _halves(startable)


def _halves(group: list[str]) -> list[list[str]]:
    middle = len(group) // 2
    return [group[:middle], group[middle:]]
