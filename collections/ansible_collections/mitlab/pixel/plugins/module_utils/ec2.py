# Copyright: mitlab.pixel maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The only place that asks EC2 about instances, and changes them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from .aws import Client, batches, pages
from .errors import AWS_ERRORS, PixelError, code_of, message_of
from .members import Member, member_from

PAGE = 1000
"""The largest page of DescribeInstances."""
FILTER_VALUES = 200
"""Values in one filter (EC2's limit)."""
LIVE = ["pending", "running", "stopping", "stopped"]
"""The states of instances that exist."""
START_BATCH = 250
"""Instances in one StartInstances call; EC2 publishes no limit, and one that finds no capacity spoils its batch."""
STOP_BATCH = 500
"""Instances in one StopInstances call; EC2 publishes no limit."""
TERMINATE_BATCH = 250
"""Instances in one TerminateInstances call; EC2 allows 1,000 and recommends less."""

CAPACITY = frozenset({"InsufficientInstanceCapacity", "InsufficientHostCapacity", "InsufficientCapacity"})
"""EC2's codes for an availability zone that has no machine of this type free."""
UNFIT = frozenset({"IncorrectInstanceState", "IncorrectState", "InvalidInstanceID.NotFound"})
"""EC2's codes for an instance that has moved on, or gone, since it was described."""


def tag_filters(tags: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return EC2 filters for instances that carry all the tags.

    Raises:
        PixelError: there are none: that would choose every instance of the account.
    """
    if not tags:
        raise PixelError("tags is empty: name at least one tag, such as pixel:pool, that the members carry")
    return [{"Name": f"tag:{key}", "Values": [value]} for key, value in tags.items()]


def describe_members(ec2: Client, filters: Sequence[Mapping[str, Any]]) -> list[Member]:
    """Return the instances that match, also terminated ones that EC2 still lists, in the order of their ids."""
    found = pages(ec2.describe_instances, "Reservations", Filters=list(filters), MaxResults=PAGE)
    members = [member_from(instance) for reservation in found for instance in reservation["Instances"]]
    return sorted(members, key=lambda member: member.instance_id)


def instances_of_images(ec2: Client, image_ids: Sequence[str]) -> list[Member]:
    """Return the existing instances that were launched from one of the images."""
    found: list[Member] = []
    for batch in batches(image_ids, FILTER_VALUES):
        filters = [
            {"Name": "image-id", "Values": list(batch)},
            {"Name": "instance-state-name", "Values": LIVE},
        ]
        found += describe_members(ec2, filters)
    return found


def passed_status_checks(ec2: Client) -> set[str]:
    """Return the ids of the region's running instances that pass both status checks.

    By filter and in pages of 1,000: DescribeInstanceStatus takes at most 100 ids.
    """
    filters = [
        {"Name": "instance-state-name", "Values": ["running"]},
        {"Name": "instance-status.status", "Values": ["ok"]},
        {"Name": "system-status.status", "Values": ["ok"]},
    ]
    found = pages(ec2.describe_instance_status, "InstanceStatuses", Filters=filters, MaxResults=PAGE)
    return {status["InstanceId"] for status in found}


def subnet_zones(ec2: Client, subnets: Sequence[str]) -> dict[str, str]:
    """Return the availability zone of each subnet, in the given order.

    Raises:
        PixelError: a subnet does not exist.
    """
    try:
        found = {
            subnet["SubnetId"]: subnet["AvailabilityZone"]
            for subnet in pages(ec2.describe_subnets, "Subnets", SubnetIds=list(subnets))
        }
    except AWS_ERRORS as error:
        if not code_of(error).startswith("InvalidSubnetI"):
            raise
        raise PixelError(
            f"subnets names one that does not exist ({message_of(error)}): give ids of this region"
        ) from error
    return {subnet: found[subnet] for subnet in subnets}


def run_instances(ec2: Client, request: Mapping[str, Any]) -> list[Member]:
    """Launch instances and return them. Replayable: the request carries its `ClientToken`."""
    answer = ec2.run_instances(**request, aws_retry=True)
    return [member_from(instance) for instance in answer["Instances"]]


def terminate_instances(ec2: Client, ids: Sequence[str]) -> None:
    """Terminate instances, in batches. Replayable: terminating twice is no error in EC2 (TerminateInstances)."""
    for batch in batches(ids, TERMINATE_BATCH):
        _tolerant(lambda some: ec2.terminate_instances(InstanceIds=list(some), aws_retry=True), batch)


def stop_instances(ec2: Client, ids: Sequence[str]) -> dict[str, str]:
    """Stop instances, in batches; return those left alone, with the reason.

    Replayable: stopping a stopped instance is no error in EC2 (StopInstances).
    """
    left: dict[str, str] = {}
    for batch in batches(ids, STOP_BATCH):
        left |= _tolerant(lambda some: ec2.stop_instances(InstanceIds=list(some), aws_retry=True), batch)
    return left


def start_instances(ec2: Client, members: Iterable[Member]) -> dict[str, str]:
    """Start stopped instances, in batches of one availability zone; return those left alone, with the reason.

    A stopped instance can start in its own zone only, and one that finds no capacity fails its whole batch: so zones
    do not share a batch. Replayable: starting a running instance is no error in EC2 (StartInstances).
    """
    by_zone: dict[str, list[str]] = {}
    for member in members:
        by_zone.setdefault(member.zone, []).append(member.instance_id)
    left: dict[str, str] = {}
    for zone, ids in by_zone.items():
        for batch in batches(ids, START_BATCH):
            left |= _tolerant(lambda some: ec2.start_instances(InstanceIds=list(some), aws_retry=True), batch, zone)
    return left


def tag_instances(ec2: Client, ids: Sequence[str], tags: Mapping[str, str]) -> None:
    """Tag instances. Replayable: CreateTags overwrites."""
    pairs = [{"Key": key, "Value": value} for key, value in sorted(tags.items())]
    ec2.create_tags(Resources=list(ids), Tags=pairs, aws_retry=True)


def _tolerant(change: Callable[[Sequence[str]], object], ids: Sequence[str], zone: str = "") -> dict[str, str]:
    """Change instances in one call; when EC2 refuses the call for some of them, find out which by halves.

    Returns:
        The instances left alone, with the reason. Once a single instance found no capacity, its zone is dry: the
        rest of this batch is not asked for.
    """
    left: dict[str, str] = {}
    waiting = [ids]
    while waiting:
        some = waiting.pop()
        try:
            change(some)
        except AWS_ERRORS as error:
            code = code_of(error)
            if code not in UNFIT | CAPACITY:
                raise
            if len(some) > 1:
                middle = len(some) // 2
                waiting += [some[middle:], some[:middle]]
            elif code in UNFIT:
                left[some[0]] = f"changed by someone else meanwhile ({code})"
            else:
                dry = [*some, *(instance_id for batch in waiting for instance_id in batch)]
                return left | dict.fromkeys(dry, f"no capacity in {zone} ({code})")
    return left
