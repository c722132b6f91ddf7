# Copyright: mitlab.pixel maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Members, their leases, and the tags they are chosen by. Pure: what AWS answered goes in, plain values come out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

POOL_TAG = "pixel:pool"
RELEASE_TAG = "pixel:release"
FIRST_BOOT_TAG = "pixel:first-boot"
"""Put on a member at launch with the value `stop`: it was made to boot once and be stopped."""
CANARY_TAG = "pixel:canary"
"""On the member that a release was tried with: `checking` until it has passed, `passed` ever after."""
CHECKING, PASSED = "checking", "passed"
TEMPLATE_VERSION_TAG = "aws:ec2launchtemplate:version"

GONE = frozenset({"shutting-down", "terminated"})
"""States of instances that are no members any more; EC2 still lists them for about an hour."""
ON = frozenset({"pending", "running"})
OFF = frozenset({"stopping", "stopped"})


@dataclass(frozen=True)
class Member:
    """One instance of a pool, as EC2 describes it.

    Attributes:
        state: EC2's name of the state, such as `stopped`.
        launched: when it was last started.
        created: when it was first started; None once it is terminated.
        address: its public IPv4 address, while it has one.
    """

    instance_id: str
    state: str
    zone: str
    tags: Mapping[str, str] = field(default_factory=dict)
    subnet_id: str | None = None
    image_id: str | None = None
    instance_type: str | None = None
    launched: datetime | None = None
    created: datetime | None = None
    address: str | None = None

    @property
    def pool(self) -> str | None:
        return self.tags.get(POOL_TAG)

    @property
    def release(self) -> str | None:
        return self.tags.get(RELEASE_TAG)

    @property
    def gone(self) -> bool:
        return self.state in GONE

    @property
    def on_trial(self) -> bool:
        """Whether it is a canary that has not passed: no member yet, and nobody may claim it."""
        return self.tags.get(CANARY_TAG) == CHECKING

    @property
    def on_first_boot(self) -> bool:
        """Whether it was made to boot once and be stopped, and has not been stopped since.

        EC2 moves `LaunchTime` at every start and says when an instance was first launched by the attachment time of
        its primary network interface (the EC2 API's description of Instance.LaunchTime). So nobody can have
        started this member to use it, and no write is needed to remember that.
        """
        return (
            self.state in ON
            and self.tags.get(FIRST_BOOT_TAG) == "stop"
            and self.created is not None
            and self.launched == self.created
        )


class Use(Protocol):
    """Why a member is in use: it is nobody else's to stop or to terminate."""

    @property
    def reason(self) -> str:
        """Say why the member is left alone."""


@dataclass(frozen=True)
class Lease:
    """A live lease: who has the member, and until when (epoch seconds)."""

    instance_id: str
    session: str
    until: float
    hostname: str | None = None

    @property
    def reason(self) -> str:
        """Say why the member is left alone."""
        return f"leased by session {self.session}"


@dataclass(frozen=True)
class Hold:
    """A member that runs, or is to run, for a class that is about to begin; until when (epoch seconds)."""

    instance_id: str
    purpose: str
    until: float

    @property
    def reason(self) -> str:
        """Say why the member is left alone."""
        return f"held for {self.purpose}"


@dataclass(frozen=True)
class TagFilter:
    """Tags that choose members."""

    tags: Mapping[str, str] = field(default_factory=dict)

    def first_match(self, member: Member) -> str | None:
        """Return the first of these tags that the member carries, as `key=value`; None when it carries none."""
        for key, value in self.tags.items():
            if member.tags.get(key) == value:
                return f"{key}={value}"
        return None


def member_from(instance: Mapping[str, Any]) -> Member:
    """Return the member that an instance of DescribeInstances' or RunInstances' answer stands for."""
    attached = [
        interface["Attachment"]["AttachTime"]
        for interface in instance.get("NetworkInterfaces", ())
        if interface.get("Attachment", {}).get("DeviceIndex") == 0 and "AttachTime" in interface["Attachment"]
    ]
    return Member(
        instance_id=instance["InstanceId"],
        state=instance["State"]["Name"],
        zone=instance.get("Placement", {}).get("AvailabilityZone", ""),
        tags={tag["Key"]: tag["Value"] for tag in instance.get("Tags", ())},
        subnet_id=instance.get("SubnetId"),
        image_id=instance.get("ImageId"),
        instance_type=instance.get("InstanceType"),
        launched=instance.get("LaunchTime"),
        created=attached[0] if attached else None,
        address=instance.get("PublicIpAddress"),
    )


def member_result(member: Member, use: Use | None = None) -> dict[str, Any]:
    """Return a member as the modules report it."""
    lease = use if isinstance(use, Lease) else None
    hold = use if isinstance(use, Hold) else None
    return {
        "instance_id": member.instance_id,
        "state": member.state,
        "pool": member.pool,
        "release": member.release,
        "availability_zone": member.zone,
        "address": member.address,
        "image_id": member.image_id,
        "instance_type": member.instance_type,
        "launched": member.launched.isoformat() if member.launched else None,
        "tags": dict(member.tags),
        "lease": {"session": lease.session, "until": lease.until, "hostname": lease.hostname} if lease else None,
        "hold": {"for": hold.purpose, "until": hold.until} if hold else None,
    }


def totals(members: Iterable[Member]) -> dict[str, Any]:
    """Count members: all, by state, by release, and by availability zone."""
    members = list(members)
    return {
        "members": len(members),
        "state": _count(member.state for member in members),
        "release": _count(member.release or "none" for member in members),
        "availability_zone": _count(member.zone for member in members),
    }


def _count(names: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items()))


def changes_by_zone(verb: str, members: Iterable[Member]) -> list[str]:
    """Say what was done to members: `created 2 members of 1.1.0 in us-east-2a`."""
    changed = Counter((member.release or "no release", member.zone) for member in members)
    return [
        f"{verb} {counted(count, 'member')} of {release} in {zone}"
        for (release, zone), count in sorted(changed.items())
    ]


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: `1 member`, `2 members`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
