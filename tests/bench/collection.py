"""The collection's modules beside amazon.aws's, on the same sandbox, with the same latency a call."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.measure import Cost, run
from pixel.naming import record_name
from pixel.sandbox import state
from pixel.sandbox.testing import RunningSandbox, eventually, running_sandbox

LATENCY = 0.03
"""Seconds that each AWS call takes, about what a caller in the same region sees."""

ROUNDS = 3
"""How often the work that both do in seconds is measured."""

SAMPLE = 20
"""How many of 9,000 records the peer deletes: at one record a task item all of them would take hours."""


@dataclass(frozen=True)
class Row:
    """One piece of work: what it cost us and the peer, and the fewest AWS calls that could do it."""

    work: str
    ours: Cost
    peer: Cost
    fewest: int
    note: str = ""


class Bench:
    """Both contestants on one sandbox; ids and names are theirs alone, so that neither sees the other's."""

    def __init__(self, sandbox: RunningSandbox, folder: Path) -> None:
        self.sandbox = sandbox
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        self.environment = {
            **os.environ,
            "PATH": path,
            "AWS_DEFAULT_REGION": "us-east-2",
            state.ENVIRONMENT: str(folder),
        }
        self.images: dict[str, str] = {}

    def fresh(self) -> None:
        """Go back to the seeds, with two images and latency."""
        self.sandbox.reset()
        for release in ("1.0.0", "1.1.0"):
            answer = self.sandbox.ec2.register_image(Name=f"bench-{release}", RootDeviceName="/dev/sda1")
            self.images[release] = answer["ImageId"]
        self.sandbox.set_faults(latency={"seconds": LATENCY})

    def both(self, work: str, **variables: Any) -> tuple[Cost, Cost]:
        """Let both do a piece of work."""
        ours = run(self.sandbox, f"{work}_ours", self.environment, **variables)
        return ours, run(self.sandbox, f"{work}_peer", self.environment, **variables)

    def template(self, release: str, *, turned: bool = False) -> tuple[Cost, Cost]:
        """Ensure a release's launch template; `turned` gives the same content in another order."""
        groups = [self.sandbox.state.security_group_id, self._second_group()]
        tags = {"team": "media-lab", "class": "drones"}
        return self.both(
            "template",
            bench_release=release,
            bench_image=self.images[release],
            bench_groups=groups[::-1] if turned else groups,
            bench_tags=dict(reversed(tags.items())) if turned else tags,
        )

    def _second_group(self) -> str:
        groups = self.sandbox.ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["bench"]}])[
            "SecurityGroups"
        ]
        if groups:
            return groups[0]["GroupId"]
        made = self.sandbox.ec2.create_security_group(
            GroupName="bench", Description="bench", VpcId=self.sandbox.state.vpc_id
        )
        return made["GroupId"]

    def records(self, count: int, stale: int) -> list[dict[str, str]]:
        """Fill the zone with members' records; running instances own all but the stale ones, which are returned."""
        self.sandbox.set_faults(latency=None)
        self.sandbox.launch(count - stale)
        owned = [instance["PublicIpAddress"] for instance in self._instances("running")]
        orphans = [f"203.0.{index // 250}.{index % 250 + 1}" for index in range(stale)]
        changes = [_creation(address, self.sandbox.state.zone) for address in owned + orphans]
        for start in range(0, count, 1000):
            self.sandbox.route53.change_resource_record_sets(
                HostedZoneId=self.sandbox.state.zone_id, ChangeBatch={"Changes": changes[start : start + 1000]}
            )
        self.sandbox.set_faults(latency={"seconds": LATENCY})
        return [{"name": record_name(address, self.sandbox.state.zone), "address": address} for address in orphans]

    def start_all(self) -> None:
        """Start every stopped instance, and wait until all run."""
        self.sandbox.set_faults(latency=None)
        self.sandbox.ec2.start_instances(InstanceIds=[one["InstanceId"] for one in self._instances("stopped")])
        self._instances("running")
        self.sandbox.set_faults(latency={"seconds": LATENCY})

    def _instances(self, becoming: str) -> list[dict[str, Any]]:
        """Return all instances, once all are in the state that they are becoming."""
        states = ["pending", "running", "stopping", "stopped"]
        found: list[dict[str, Any]] = []

        def all_are() -> bool:
            pages = self.sandbox.ec2.get_paginator("describe_instances").paginate(
                Filters=[{"Name": "instance-state-name", "Values": states}]
            )
            found[:] = [dict(one) for page in pages for group in page["Reservations"] for one in group["Instances"]]
            return all(one["State"]["Name"] == becoming for one in found)

        eventually(all_are)
        return found

    # -- the rows ---------------------------------------------------------------------------------------------------

    def templates(self) -> Iterator[Row]:
        """Ensure launch templates."""
        self.fresh()
        ours, peer = self.template("1.0.0")
        yield Row("launch template: first", ours, peer, 2)
        ours, peer = self.template("1.0.0")
        yield Row("launch template: repeat", ours, peer, 1)
        ours, peer = self.template("1.0.0", turned=True)
        yield Row("launch template: same, in another order", ours, peer, 1, self._versions())
        self.template("1.1.0")
        ours, peer = self.template("1.0.0")
        yield Row("launch template: back to an older release", ours, peer, 2, self._versions())

    def _versions(self) -> str:
        counts = [
            len(self.sandbox.ec2.describe_launch_template_versions(LaunchTemplateName=name)["LaunchTemplateVersions"])
            for name in ("bench-ours", "bench-peer")
        ]
        return f"versions by then: ours {counts[0]}, peer {counts[1]}"

    def fleets(self, size: int) -> Iterator[Row]:
        """Create and stop members, converge, shrink, and stop by tag."""
        self.fresh()
        self.template("1.0.0")
        ours = run(self.sandbox, "fleet_ours", self.environment, bench_size=size)
        peer = run(self.sandbox, "fleet_peer", self.environment, bench_size=size, bench_states=["running", "stopped"])
        yield Row(f"create and stop {size} members", ours, peer, 2 + -(-size // 1000))
        stopped = {"bench_size": size, "bench_states": ["stopped"]}
        yield Row(f"{size} members, nothing to do", *self.both("fleet", **stopped), -(-size // 1000))
        fewer = {"bench_size": size - 10, "bench_states": ["stopped"]}
        yield Row(f"{size} members, ten fewer", *self.both("fleet", **fewer), 1 + -(-size // 1000))
        if size < 500:
            return
        self.start_all()
        yield Row(f"stop {size - 10} by tag", *self.both("stop"), 1 + -(-size // 1000))

    def dns(self, stale: int, count: int) -> Iterator[Row]:
        """Delete stale records. Whoever goes second finds the zone filled again."""
        costs = []
        for contestant in ("ours", "peer"):
            self.fresh()
            orphans = self.records(count, stale)
            part = orphans if contestant == "ours" or count <= 1000 else orphans[:SAMPLE]
            cost = run(self.sandbox, f"dns_{contestant}", self.environment, bench_stale=part)
            costs.append(cost if part is orphans else cost.scaled(stale / SAMPLE))
        fewest = -(-(count - stale) // 1000) + -(-count // 300) + -(-stale // 1000)
        note = f"peer estimated from {SAMPLE} records" if count > 1000 else ""
        yield Row(f"delete {stale:,} of {count:,} records", *costs, fewest, note)


def _creation(address: str, zone: str) -> dict[str, Any]:
    record = {"Name": record_name(address, zone), "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": address}]}
    return {"Action": "CREATE", "ResourceRecordSet": record}


def rows() -> Iterator[Row]:
    """Measure everything, row by row."""
    with tempfile.TemporaryDirectory() as folder, running_sandbox(Path(folder)) as sandbox:
        bench = Bench(sandbox, Path(folder))
        for _ in range(ROUNDS):
            yield from bench.templates()
        yield from bench.fleets(100)
        yield from bench.fleets(500)
        yield from bench.dns(200, 1000)
        yield from bench.dns(9000, 10000)
