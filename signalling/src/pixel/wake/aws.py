"""The only place of the wake function that calls EC2 and Route 53."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeVar

from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnection

from pixel.naming import RECORD_TTL, record_address, record_name

if TYPE_CHECKING:
    from types_boto3_ec2 import EC2Client
    from types_boto3_ec2.type_defs import FilterTypeDef, InstanceTypeDef
    from types_boto3_route53 import Route53Client
    from types_boto3_route53.type_defs import ChangeTypeDef, ResourceRecordSetOutputTypeDef

POOL_TAG = "pixel:pool"
RELEASE_TAG = "pixel:release"
CANARY_TAG = "pixel:canary"
CHECKING = "checking"
"""The value of a canary's tag until it has passed: until then it is nobody's to claim."""
FIRST_BOOT_TAG = "pixel:first-boot"
"""On a member that was made to boot once and be stopped: value `stop`."""

DESCRIBE_PAGE = 1000
FILTER_VALUES = 200
"""Values in one filter of DescribeInstances, by its documentation."""
UPSERT_BATCH = 500
"""Upserts in one change batch: Route 53 takes 1,000 records, and an upsert counts twice."""

Refusal = Literal["capacity", "state", "throttled"]

_REFUSALS: Mapping[str, Refusal] = {
    "InsufficientInstanceCapacity": "capacity",
    "InsufficientHostCapacity": "capacity",
    "InsufficientCapacity": "capacity",
    "VcpuLimitExceeded": "capacity",
    "InstanceLimitExceeded": "capacity",
    "IncorrectInstanceState": "state",
    "IncorrectState": "state",
    "InvalidInstanceID.NotFound": "state",
    "InvalidInstanceID.Malformed": "state",
    "RequestLimitExceeded": "throttled",
    "Throttling": "throttled",
    "ThrottlingException": "throttled",
    "ThrottledException": "throttled",
    "PriorRequestNotComplete": "throttled",
    "ProvisionedThroughputExceededException": "throttled",
    "RequestThrottledException": "throttled",
}

T = TypeVar("T")


class Refused(Exception):  # noqa: N818 - AWS refused the call; nothing was changed
    """AWS refused a call for a reason that we know how to live with."""

    def __init__(self, why: Refusal, message: str) -> None:
        super().__init__(message)
        self.why = why


UNANSWERED = (Refused, NoConnection, HTTPClientError)
"""What comes of a call that AWS does not take now, or whose answer does not come: it may be made again later."""


def refusal(error: ClientError) -> Refusal | None:
    """Return why AWS refused a call, or None for an error that is ours."""
    return _REFUSALS.get(error.response["Error"]["Code"])


@dataclass(frozen=True)
class Machine:
    """What EC2 says of a member's instance.

    `launched_at` is epoch seconds of its last start. A machine `on_trial` is a release's canary that has not passed;
    one `on_first_boot` was made by the fleet, which stops it as soon as it has booted. Nobody may claim either.
    """

    instance_id: str
    pool: str
    az: str
    release: str
    state: str
    address: str | None
    launched_at: float
    state_reason: str
    on_trial: bool = False
    on_first_boot: bool = False

    @property
    def running(self) -> bool:
        """Whether the instance costs money as a running one, or is about to."""
        return self.state in ("pending", "running")

    @property
    def gone(self) -> bool:
        """Whether the instance is terminated, or will be."""
        return self.state in ("shutting-down", "terminated")


class Ec2:
    """EC2, as much of it as the wake function needs."""

    def __init__(self, client: EC2Client) -> None:
        self.client = client

    def pool(self, pool: str) -> list[Machine]:
        """Return a pool's instances: one call for every 1,000."""
        return self._describe([{"Name": f"tag:{POOL_TAG}", "Values": [pool]}])

    def pools(self) -> list[Machine]:
        """Return the instances of all pools: one call for every 1,000."""
        return self._describe([{"Name": "tag-key", "Values": [POOL_TAG]}])

    def machines(self, ids: Iterable[str]) -> dict[str, Machine]:
        """Return the instances that exist of those asked for, by id: one call for every 200."""
        found = (self._describe([{"Name": "instance-id", "Values": list(ids)}]) for ids in batches(ids, FILTER_VALUES))
        return {machine.instance_id: machine for machines in found for machine in machines}

    def start(self, ids: Sequence[str]) -> None:
        """Start instances in one call. Replayable: starting a running instance is no error (StartInstances).

        Raises:
            Refused: none was started, for want of capacity, because one is in a wrong state, or for too many calls.
        """
        try:
            self.client.start_instances(InstanceIds=list(ids))
        except ClientError as error:
            raise _refused(error) from error

    def stop(self, ids: Sequence[str]) -> None:
        """Stop instances in one call. Replayable: stopping a stopped instance is no error (StopInstances).

        Raises:
            Refused: none was stopped, because one is in a wrong state, or for too many calls.
        """
        try:
            self.client.stop_instances(InstanceIds=list(ids))
        except ClientError as error:
            raise _refused(error) from error

    def holders(self, addresses: Iterable[str]) -> set[str]:
        """Return those of the addresses that an instance has: one call for every 200."""
        found = (self._describe([{"Name": "ip-address", "Values": some}]) for some in batches(addresses, FILTER_VALUES))
        return {machine.address for machines in found for machine in machines if machine.address}

    def _describe(self, filters: list[FilterTypeDef]) -> list[Machine]:
        pages = self.client.get_paginator("describe_instances").paginate(
            Filters=filters, PaginationConfig={"PageSize": DESCRIBE_PAGE}
        )
        try:
            return [
                _machine(instance)
                for page in pages
                for reservation in page["Reservations"]
                for instance in reservation["Instances"]
            ]
        except ClientError as error:
            raise _refused(error) from error


@dataclass(frozen=True)
class Record:
    """A member's A record."""

    name: str
    address: str
    ttl: int = RECORD_TTL


class Zone:
    """The hosted zone of the members' names."""

    def __init__(self, client: Route53Client, zone_id: str, zone: str) -> None:
        self.client = client
        self.zone_id = zone_id
        self.zone = zone

    def publish(self, addresses: Sequence[str]) -> str:
        """Create or renew the records of up to 500 addresses; return the id of the change.

        Raises:
            Refused: nothing was changed, for too many calls.
        """
        return self._change("UPSERT", [Record(record_name(address, self.zone), address) for address in addresses])

    def in_sync(self, change: str) -> bool:
        """Tell whether a change has reached all of the zone's name servers.

        Raises:
            Refused: for too many calls.
        """
        try:
            return self.client.get_change(Id=change)["ChangeInfo"]["Status"] == "INSYNC"
        except ClientError as error:
            raise _refused(error) from error

    def records(self) -> list[Record]:
        """Return the members' records in the zone, and nobody else's: one call for every 300."""
        pages = self.client.get_paginator("list_resource_record_sets").paginate(HostedZoneId=self.zone_id)
        try:
            found = [_record(record, self.zone) for page in pages for record in page["ResourceRecordSets"]]
        except ClientError as error:
            raise _refused(error) from error
        return [record for record in found if record is not None]

    def withdraw(self, records: Sequence[Record]) -> None:
        """Delete up to 500 records exactly as they were listed; Route 53 refuses all if one has changed meanwhile.

        Raises:
            Refused: nothing was changed, for too many calls or because a record has changed.
        """
        self._change("DELETE", records)

    def _change(self, action: Literal["UPSERT", "DELETE"], records: Sequence[Record]) -> str:
        changes: list[ChangeTypeDef] = [
            {
                "Action": action,
                "ResourceRecordSet": {
                    "Name": record.name,
                    "Type": "A",
                    "TTL": record.ttl,
                    "ResourceRecords": [{"Value": record.address}],
                },
            }
            for record in records
        ]
        try:
            answer = self.client.change_resource_record_sets(
                HostedZoneId=self.zone_id, ChangeBatch={"Changes": changes}
            )
        except self.client.exceptions.InvalidChangeBatch as error:
            raise Refused("state", str(error)) from error
        except ClientError as error:
            raise _refused(error) from error
        return answer["ChangeInfo"]["Id"]


def batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Cut items into lists of at most `size`."""
    rest = list(items)
    for start in range(0, len(rest), size):
        yield rest[start : start + size]


def _refused(error: ClientError) -> Exception:
    why = refusal(error)
    return error if why is None else Refused(why, error.response["Error"].get("Message", why))


def _record(record: ResourceRecordSetOutputTypeDef, zone: str) -> Record | None:
    """Return a member's record; None for a record that is not exactly what we would have written."""
    values = record.get("ResourceRecords", [])
    address = record_address(record["Name"], zone)
    if record["Type"] != "A" or address is None or [value["Value"] for value in values] != [address]:
        return None
    return Record(record["Name"].rstrip("."), address, record.get("TTL", RECORD_TTL))


def _machine(instance: InstanceTypeDef) -> Machine:
    tags = {tag["Key"]: tag["Value"] for tag in instance.get("Tags", [])}
    return Machine(
        instance_id=instance["InstanceId"],
        pool=tags.get(POOL_TAG, ""),
        az=instance["Placement"]["AvailabilityZone"],
        release=tags.get(RELEASE_TAG, ""),
        state=instance["State"]["Name"],
        address=instance.get("PublicIpAddress"),
        launched_at=instance["LaunchTime"].timestamp(),
        state_reason=instance.get("StateReason", {}).get("Code", ""),
        on_trial=tags.get(CANARY_TAG) == CHECKING,
        on_first_boot=_on_first_boot(instance, tags),
    )


def _on_first_boot(instance: InstanceTypeDef, tags: Mapping[str, str]) -> bool:
    """Whether an instance was made to boot once, runs, and was never started again.

    EC2 moves `LaunchTime` at every start; the attachment time of the primary network interface says when an instance
    was first launched (the EC2 API's description of Instance.LaunchTime). The Ansible modules apply this same rule.
    """
    created = [
        interface["Attachment"]["AttachTime"]
        for interface in instance.get("NetworkInterfaces", [])
        if interface.get("Attachment", {}).get("DeviceIndex") == 0
    ]
    return (
        instance["State"]["Name"] in ("pending", "running")
        and tags.get(FIRST_BOOT_TAG) == "stop"
        and created == [instance["LaunchTime"]]
    )
