# Copyright: mitlab.pixel maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Launch members over availability zones, so that a run may die at any point and be repeated.

The plan of a repeated run is made from what EC2 then shows. What EC2 does not show yet is covered by the ClientToken:
it is a digest of the whole request and of the ids that the availability zone held just before it. A repeated run that
sees the same zone asks for the same with the same token, and EC2 answers with the members it has made already; when it
does see them, it asks for fewer, with another token. For that the batches of a zone have a fixed size, filled in turn.

EC2 remembers a token for at least a day after its instances were terminated, and a replayed answer differs in the
instances' states only ("Ensuring idempotency in Amazon EC2 API requests"). So an answer with terminated instances comes
from an earlier life of the pool, and the next token of the same series is tried.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .ec2 import CAPACITY
from .errors import AWS_ERRORS, code_of
from .fleet_plan import spread
from .launch_template_plan import Template, Version
from .members import POOL_TAG, RELEASE_TAG, Member, counted

RUN_BATCH = 200
"""Members in one RunInstances call; EC2 recommends to break up large requests, its example into batches of 100."""

UNUSABLE_ZONE = CAPACITY | {"InsufficientFreeAddressesInSubnet", "Unsupported"}
"""Codes that end the launching in one zone: no machine or address is free, or the type is not offered there."""
ACCOUNT_LIMIT = frozenset({"InstanceLimitExceeded", "VcpuLimitExceeded"})
"""Codes that end the launching altogether."""

RunInstances = Callable[[Mapping[str, Any]], list[Member]]


def launch_request(
    template: Template, version: Version, pool: str, more_tags: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Return the parameters of RunInstances for members of a release, but for subnet, counts and token.

    The version is named by number, so that a default that moves meanwhile changes nothing. All tags are given at the
    launch, also those that the version holds: so no member is ever without.
    """
    marks = {POOL_TAG: pool, RELEASE_TAG: version.release, "Name": f"{pool}-{version.release}", **(more_tags or {})}
    specifications = {
        specification["ResourceType"]: {tag["Key"]: tag["Value"] for tag in specification["Tags"]}
        for specification in version.data.get("TagSpecifications", ())
    }
    return {
        "LaunchTemplate": {"LaunchTemplateId": template.template_id, "Version": str(version.number)},
        "TagSpecifications": [
            {
                "ResourceType": kind,
                "Tags": [
                    {"Key": key, "Value": value}
                    for key, value in sorted((specifications.get(kind, {}) | marks).items())
                ],
            }
            for kind in ("instance", "volume")
        ],
    }


@dataclass
class Launched:
    """What came of a launch.

    Attributes:
        members: those made.
        missing: how many could not be made, by availability zone that should have had them.
        reasons: EC2's code by availability zone that gave fewer than asked.
    """

    members: list[Member] = field(default_factory=list)
    missing: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)

    def shortage(self) -> str:
        """Say how many members are missing, where, why, and the mend."""
        count = sum(self.missing.values())
        where = ", ".join(f"{number} in {zone}" for zone, number in self.missing.items())
        codes = ", ".join(sorted(set(self.reasons.values())))
        if ACCOUNT_LIMIT & set(self.reasons.values()):
            mend = "ask AWS for a higher quota of running instances of this type, or lower size"
        else:
            mend = "run again later, or add subnets of other availability zones to subnets"
        return f"{counted(count, 'member')} could not be launched ({where}), for want of capacity ({codes}): {mend}"


def launch(
    run_instances: RunInstances,
    request: Mapping[str, Any],
    wanted: Mapping[str, int],
    zones: Mapping[str, str],
    members: Sequence[Member],
    release: str,
) -> Launched:
    """Launch members; where a zone gives fewer than asked, the others fill in.

    Args:
        run_instances: launches one batch and returns the members made.
        request: the parameters of RunInstances but for subnet, counts and token.
        wanted: how many by subnet, as planned.
        zones: availability zone by subnet.
        members: every instance of the pool that EC2 shows, also terminated ones.
        release: the release whose members are to be spread evenly.
    """
    launched = Launched()
    there = [member for member in members if member.release == release and not member.gone]
    known = {zone: sorted(m.instance_id for m in members if m.zone == zone) for zone in zones.values()}
    usable = dict(zones)
    todo = dict(wanted)
    while todo:
        for subnet, count in todo.items():
            zone = zones[subnet]
            made, reason = _fill(run_instances, {**request, "SubnetId": subnet}, count, known[zone])
            launched.members += made
            if reason is not None:
                launched.reasons[zone] = reason
                usable = {one: its_zone for one, its_zone in usable.items() if its_zone != zone}
            if reason in ACCOUNT_LIMIT:
                usable = {}
                break
        left = sum(wanted.values()) - len(launched.members)
        todo = spread(left, [*there, *launched.members], usable)
    if left := sum(wanted.values()) - len(launched.members):
        for subnet, count in spread(left, [*there, *launched.members], zones).items():
            launched.missing[zones[subnet]] = launched.missing.get(zones[subnet], 0) + count
    return launched


def _fill(
    run_instances: RunInstances, request: Mapping[str, Any], count: int, known: list[str]
) -> tuple[list[Member], str | None]:
    """Launch members in one subnet, batch by batch.

    Args:
        known: ids of the zone's instances; those made are added.

    Returns:
        The members made, and EC2's code when it gave fewer than asked.
    """
    made: list[Member] = []
    while len(made) < count:
        size = min(RUN_BATCH, count - len(made))
        try:
            batch = _run_once({**request, "MinCount": 1, "MaxCount": size}, run_instances, known)
        except AWS_ERRORS as error:
            if code_of(error) not in UNUSABLE_ZONE | ACCOUNT_LIMIT:
                raise
            return made, code_of(error)
        made += batch
        known += [member.instance_id for member in batch]
        if len(batch) < size:
            return made, "InsufficientInstanceCapacity"
    return made, None


def _run_once(request: Mapping[str, Any], run_instances: RunInstances, known: Sequence[str]) -> list[Member]:
    """Launch one batch, exactly once however often this is repeated."""
    attempt = 0
    while True:
        batch = run_instances({**request, "ClientToken": client_token(request, known, attempt)})
        if not any(member.gone for member in batch):
            return batch
        attempt += 1


def client_token(request: Mapping[str, Any], known: Sequence[str], attempt: int) -> str:
    """Return the token of a request in a zone with these instances (at most 64 ASCII characters)."""
    text = json.dumps([request, sorted(known), attempt], sort_keys=True)
    return "pixel-" + hashlib.sha256(text.encode()).hexdigest()[:48]
