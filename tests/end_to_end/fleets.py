"""What the tests see of a fleet: straight from EC2, not through the code under test."""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

from pixel.sandbox.testing import RunningSandbox

ALIVE = ["pending", "running", "stopping", "stopped"]


@dataclass(frozen=True)
class Seen:
    """One instance as EC2 describes it."""

    instance_id: str
    state: str
    zone: str
    tags: dict[str, str]

    @property
    def release(self) -> str:
        """The release it was launched from; empty for an untagged instance."""
        return self.tags.get("pixel:release", "")


def instances(sandbox: RunningSandbox) -> list[Seen]:
    """Return every instance of the account that is not terminated, whatever its tags."""
    pages = sandbox.ec2.get_paginator("describe_instances").paginate(
        Filters=[{"Name": "instance-state-name", "Values": ALIVE}]
    )
    return [
        Seen(
            instance["InstanceId"],
            instance["State"]["Name"],
            instance["Placement"]["AvailabilityZone"],
            {tag["Key"]: tag["Value"] for tag in instance.get("Tags", [])},
        )
        for page in pages
        for reservation in page["Reservations"]
        for instance in reservation["Instances"]
    ]


def summary(sandbox: RunningSandbox) -> Counter[tuple[str, str, str]]:
    """Count the account's instances by release, zone and state."""
    return Counter((seen.release, seen.zone, seen.state) for seen in instances(sandbox))


def template_releases(sandbox: RunningSandbox) -> list[str]:
    """Return the releases of the pool's template versions, oldest first."""
    versions = sandbox.ec2.describe_launch_template_versions(LaunchTemplateName="pixel-drone")
    rows = sorted(versions["LaunchTemplateVersions"], key=lambda version: version["VersionNumber"])
    return [version["VersionDescription"] for version in rows]


def default_release(sandbox: RunningSandbox) -> str:
    """Return the release of the template's default version."""
    versions = sandbox.ec2.describe_launch_template_versions(LaunchTemplateName="pixel-drone", Versions=["$Default"])
    return versions["LaunchTemplateVersions"][0]["VersionDescription"]


def put_in_use(sandbox: RunningSandbox, instance_id: str) -> None:
    """Start a member and give a session a live lease on it."""
    sandbox.ec2.start_instances(InstanceIds=[instance_id])
    sandbox.ec2.get_waiter("instance_running").wait(
        InstanceIds=[instance_id], WaiterConfig={"Delay": 1, "MaxAttempts": 30}
    )
    sandbox.dynamodb.put_item(
        TableName=sandbox.state.lease_table,
        Item={
            "instance_id": {"S": instance_id},
            "session": {"S": "someone"},
            "state": {"S": "in_use"},
            "generation": {"N": "1"},
            "lease_until": {"N": str(int(time.time()) + 600)},
        },
    )


def pool_in_service(sandbox: RunningSandbox, release: str, image_id: str, members: int) -> None:
    """Put a release into service: its launch template version, the default, and stopped members of it."""
    tags: Any = [{"Key": key, "Value": value} for key, value in (("pixel:pool", "drone"), ("pixel:release", release))]
    sandbox.ec2.create_launch_template(
        LaunchTemplateName="pixel-drone",
        VersionDescription=release,
        LaunchTemplateData={"ImageId": image_id, "InstanceType": "g4dn.xlarge"},
        TagSpecifications=[{"ResourceType": "launch-template", "Tags": tags[:1]}],
    )
    ids = sandbox.launch(members, TagSpecifications=[{"ResourceType": "instance", "Tags": tags}])
    sandbox.ec2.get_waiter("instance_running").wait(InstanceIds=ids, WaiterConfig={"Delay": 1})
    sandbox.ec2.stop_instances(InstanceIds=ids)
    sandbox.ec2.get_waiter("instance_stopped").wait(InstanceIds=ids, WaiterConfig={"Delay": 1})


def records(sandbox: RunningSandbox, release: str) -> list[dict[str, str]]:
    """Return a release's records, oldest first."""
    history = sandbox.client("ssm").get_parameter_history(Name=f"/pixel/drone/releases/{release}")["Parameters"]
    return [json.loads(version["Value"]) for version in history]


def leases(sandbox: RunningSandbox) -> list[str]:
    """Return the members that somebody has leased, or had last."""
    items = sandbox.dynamodb.scan(TableName=sandbox.state.lease_table)["Items"]
    return [item["instance_id"]["S"] for item in items if "session" in item]
