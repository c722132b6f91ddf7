"""The tour's first half: a release engineer's and an operator's day, by the playbooks they would run."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from demo.sandbox import DemoSandbox
from demo.terminal import Terminal
from playbook_runs import run_playbook

POOL = "drone"


class StepFailedError(Exception):
    """A step of the tour failed; the text says which command, and why."""


class Tour:
    """Runs the steps in order; each leaves the fleet as the next expects it."""

    def __init__(self, sandbox: DemoSandbox, terminal: Terminal) -> None:
        self.sandbox = sandbox
        self.terminal = terminal
        self.ec2 = sandbox.client("ec2")

    def playbook(self, title: str, name: str, **variables: str | int) -> None:
        """Run a playbook as one step of the tour.

        Raises:
            StepFailedError: the playbook failed.
        """
        self.terminal.step(title)
        self.sandbox.reset_calls()
        run = run_playbook(name, self.sandbox.environment(), **variables)
        if not run.ok:
            raise StepFailedError(f"{run.command}\n{run.message}")
        self.terminal.run(run, self.sandbox.calls())

    def fleet(self) -> None:
        """Go from two images to a stopped fleet."""
        self.seed_images("1.0.0", "1.1.0")
        self.playbook("Release 1.0.0 to six members over three availability zones", "release", pixel_release="1.0.0")
        self.playbook("The same again: nothing to change", "release", pixel_release="1.0.0")
        self.playbook("A bigger class: eight members", "fleet", pixel_size=8)
        member = self.use_one_member()
        self.playbook(
            f"Release 1.1.0 while {member} is in use: it is left alone", "release", pixel_release="1.1.0", pixel_size=8
        )
        self.leave(member)
        self.playbook(f"Its person has gone: now {member} is retired", "fleet", pixel_size=8)
        self.playbook("Back to 1.0.0: no new template version", "rollback", pixel_release="1.0.0", pixel_size=8)
        self.leave_stale_records(200)
        self.playbook("Prune the records that no running member owns", "dns_prune", pixel_dns_min_age=0)
        self.forget_running_members(3)
        self.playbook("The nightly round: stop by tag what still runs", "power")

    def seed_images(self, *releases: str) -> None:
        """Register an image for each release, as `packer build` would leave them."""
        self.terminal.step("Two images, as packer leaves them")
        for release in releases:
            image = self.ec2.register_image(
                Name=f"pixel-{POOL}-{release}",
                Architecture="x86_64",
                RootDeviceName="/dev/sda1",
                VirtualizationType="hvm",
                BlockDeviceMappings=[{"DeviceName": "/dev/sda1", "Ebs": {"VolumeSize": 100, "VolumeType": "gp3"}}],
                TagSpecifications=[
                    {
                        "ResourceType": "image",
                        "Tags": [
                            {"Key": "pixel:pool", "Value": POOL},
                            {"Key": "pixel:release", "Value": release},
                            {"Key": "pixel:verified", "Value": "true"},
                        ],
                    }
                ],
            )
            self.terminal.note(f"{image['ImageId']}  {release}")

    def use_one_member(self) -> str:
        """Start a member and give somebody a lease on it, as the wake path does."""
        member = self.members("stopped")[0]
        self.terminal.step("Somebody wakes a member of 1.0.0")
        self.ec2.start_instances(InstanceIds=[member])
        self.ec2.get_waiter("instance_running").wait(InstanceIds=[member], WaiterConfig={"Delay": 1})
        self.sandbox.client("dynamodb").put_item(
            TableName=self.sandbox.facts.lease_table,
            Item={
                "instance_id": {"S": member},
                "pool": {"S": POOL},
                "state": {"S": "in_use"},
                "session": {"S": "tour"},
                "generation": {"N": "1"},
                "lease_until": {"N": str(int(time.time()) + 3600)},
            },
        )
        self.terminal.note(f"{member} runs and is leased for an hour")
        return member

    def leave(self, member: str) -> None:
        """End the lease and stop the member, as the member itself does when its people are gone."""
        self.sandbox.client("dynamodb").delete_item(
            TableName=self.sandbox.facts.lease_table, Key={"instance_id": {"S": member}}
        )
        self.ec2.stop_instances(InstanceIds=[member])
        self.ec2.get_waiter("instance_stopped").wait(InstanceIds=[member], WaiterConfig={"Delay": 1})

    def leave_stale_records(self, count: int) -> None:
        """Leave records of addresses that nobody has any more, and one record that is not a member's."""
        self.terminal.step(f"{count} records left behind by machines that were stopped by hand")
        addresses = [f"203.0.{index // 250}.{index % 250 + 1}" for index in range(count)]
        names = {f"drone-{address.replace('.', '-')}": address for address in addresses} | {"www": "203.0.113.99"}
        self.sandbox.client("route53").change_resource_record_sets(
            HostedZoneId=self.sandbox.facts.zone_id,
            ChangeBatch={
                "Changes": [
                    {
                        "Action": "CREATE",
                        "ResourceRecordSet": {
                            "Name": f"{name}.{self.sandbox.facts.zone}",
                            "Type": "A",
                            "TTL": 300,
                            "ResourceRecords": [{"Value": address}],
                        },
                    }
                    for name, address in names.items()
                ]
            },
        )
        self.terminal.note(f"and www.{self.sandbox.facts.zone}, which is nobody's business")

    def forget_running_members(self, count: int) -> None:
        """Start members that nobody uses."""
        members = self.members("stopped")[:count]
        self.terminal.step(f"{count} members started by hand and forgotten")
        self.ec2.start_instances(InstanceIds=members)
        self.ec2.get_waiter("instance_running").wait(InstanceIds=members, WaiterConfig={"Delay": 1})
        self.terminal.note(", ".join(members))

    def members(self, state: str) -> list[str]:
        """Return the ids of the pool's members in one of EC2's states."""
        return [instance["InstanceId"] for instance in self.instances([state])]

    def closing_table(self) -> None:
        """Show the whole fleet as it stands."""
        self.terminal.step("The fleet as it stands")
        rows = [
            (
                instance["InstanceId"],
                _tag(instance["Tags"], "pixel:release"),
                instance["Placement"]["AvailabilityZone"],
                instance["State"]["Name"],
                instance.get("PublicIpAddress", "-"),
            )
            for instance in self.instances(["pending", "running", "stopping", "stopped"])
        ]
        self.terminal.table(("member", "release", "zone", "state", "address"), sorted(rows, key=lambda row: row[1:4]))

    def instances(self, states: list[str]) -> list[dict[str, Any]]:
        """Return the pool's members in some of EC2's states, as EC2 describes them."""
        pages = self.ec2.get_paginator("describe_instances").paginate(
            Filters=[
                {"Name": "tag:pixel:pool", "Values": [POOL]},
                {"Name": "instance-state-name", "Values": states},
            ]
        )
        return [
            instance for page in pages for reservation in page["Reservations"] for instance in reservation["Instances"]
        ]


def _tag(tags: Iterable[dict[str, str]], key: str) -> str:
    return next((tag["Value"] for tag in tags if tag["Key"] == key), "")
