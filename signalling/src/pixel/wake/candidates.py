"""Which members to try to claim, and in what order. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

_SEMVER = re.compile(r"(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?")

ReleaseKey = tuple[int, int, int, bool, tuple[tuple[bool, int, str], ...]]


@dataclass(frozen=True)
class Candidate:
    """A member as the pool's roster knows it."""

    instance_id: str
    az: str
    release: str
    state: str


def order(
    roster: Iterable[Candidate],
    cooldowns: Mapping[str, float],
    now: float,
    start: int,
    held: Collection[str] = (),
) -> list[Candidate]:
    """Return the members worth a claim: held ones first, then zones with capacity, then the newest release.

    Equals come in a fixed order that begins at a place told by `start`, so that callers at the same moment, with
    different numbers, meet at different members. A zone in cool-down comes last, not never: capacity may be back, and a
    try is all there is to find out. A held member runs already: its zone's capacity does not matter.

    Args:
        roster: the pool's members.
        cooldowns: availability zone to the epoch second until which it has no capacity.
        now: epoch seconds.
        start: any number.
        held: members that are held, as far as the pool knows.
    """
    usable = sorted(
        (member for member in roster if member.state not in ("shutting-down", "terminated")),
        key=lambda member: member.instance_id,
    )
    hot = _rotated([member for member in usable if member.instance_id in held], start)
    cold = _rotated([member for member in usable if member.instance_id not in held], start)
    cold.sort(key=lambda member: release_key(member.release), reverse=True)
    cold.sort(key=lambda member: (cooldowns.get(member.az, 0) > now, member.state == "stopping"))
    return hot + cold


def _rotated(members: list[Candidate], start: int) -> list[Candidate]:
    place = start % len(members) if members else 0
    return members[place:] + members[:place]


def release_key(release: str) -> ReleaseKey:
    """Return a key that sorts releases as SemVer 2.0.0 does (§11); what is no release comes before all releases."""
    match = _SEMVER.fullmatch(release)
    if match is None:
        return (-1, 0, 0, False, ())
    major, minor, patch, pre = match.groups()
    parts = tuple(
        (not part.isdigit(), int(part) if part.isdigit() else 0, part) for part in (pre.split(".") if pre else ())
    )
    return (int(major), int(minor), int(patch), pre is None, parts)
