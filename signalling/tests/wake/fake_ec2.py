"""EC2 as the wake function meets it, with a clock that a test moves: as strict as the real one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

BOOT = 5.0
STOP = 5.0


@dataclass
class Instance:
    """An instance and its next transition."""

    instance_id: str
    az: str
    tags: dict[str, str]
    state: str = "stopped"
    address: str | None = None
    launched_at: float = 0.0
    due: float | None = None


@dataclass
class FakeEc2:
    """Instances that boot and stop in time, zones that run dry, and addresses that are given out again.

    `on_change(instance_id, state)` hears every transition, as EventBridge would. `dry` maps a zone to how many more
    instances it can start; a zone that is not in it can start any number.
    """

    clock: Callable[[], float]
    on_change: Callable[[str, str], None] = lambda _instance_id, _state: None
    instances: dict[str, Instance] = field(default_factory=dict)
    dry: dict[str, int] = field(default_factory=dict)
    throttled: set[str] = field(default_factory=set)
    addresses: list[str] = field(default_factory=lambda: [f"198.51.100.{n}" for n in range(250, 0, -1)])

    def add(self, pool: str, az: str, release: str = "1.0.0", state: str = "stopped") -> Instance:
        """Create an instance."""
        instance = Instance(f"i-{len(self.instances):017x}", az, {"pixel:pool": pool, "pixel:release": release})
        self.instances[instance.instance_id] = instance
        if state == "running":
            self._boot(instance)
            instance.state, instance.due = "running", None
        return instance

    def advance(self) -> None:
        """Carry out the transitions that are due."""
        for instance in self.instances.values():
            if instance.due is not None and instance.due <= self.clock():
                instance.due = None
                instance.state = {"pending": "running", "stopping": "stopped"}[instance.state]
                if instance.state == "stopped":
                    self._give_back(instance)
                self.on_change(instance.instance_id, instance.state)

    def start_instances(self, InstanceIds: list[str]) -> dict[str, Any]:  # noqa: N803 - boto3's name
        self._admit("StartInstances")
        found = self._known("StartInstances", InstanceIds)
        self._require("StartInstances", found, {"stopped", "pending", "running"})
        stopped = [instance for instance in found if instance.state == "stopped"]
        for az in {instance.az for instance in stopped}:
            if self.dry.get(az, len(stopped)) < sum(instance.az == az for instance in stopped):
                raise _error("InsufficientInstanceCapacity", f"no capacity in {az}", "StartInstances")
        for instance in stopped:
            if instance.az in self.dry:
                self.dry[instance.az] -= 1
            self._boot(instance)
        return {"StartingInstances": []}

    def stop_instances(self, InstanceIds: list[str]) -> dict[str, Any]:  # noqa: N803 - boto3's name
        self._admit("StopInstances")
        found = self._known("StopInstances", InstanceIds)
        self._require("StopInstances", found, {"running", "stopping", "stopped"})
        for instance in found:
            self.halt(instance)
        return {"StoppingInstances": []}

    def halt(self, instance: Instance) -> None:
        """Stop an instance, from outside or by itself."""
        if instance.state == "running":
            instance.state, instance.due = "stopping", self.clock() + STOP
            self.on_change(instance.instance_id, "stopping")

    def terminate(self, instance: Instance) -> None:
        """Terminate an instance at once."""
        self._give_back(instance)
        instance.state, instance.due = "terminated", None
        self.on_change(instance.instance_id, "terminated")

    def get_paginator(self, name: str) -> _Pages:
        assert name == "describe_instances"
        return _Pages(self._describe)

    def _describe(self, Filters: Iterable[Mapping[str, Any]], **_page: Any) -> dict[str, Any]:  # noqa: N803
        self._admit("DescribeInstances")
        found = [instance for instance in self.instances.values() if all(_matches(instance, f) for f in Filters)]
        return {"Reservations": [{"Instances": [_described(instance) for instance in found]}]}

    def _boot(self, instance: Instance) -> None:
        instance.state, instance.due = "pending", self.clock() + BOOT
        instance.launched_at = self.clock()
        instance.address = self.addresses.pop()

    def _give_back(self, instance: Instance) -> None:
        if instance.address:
            self.addresses.append(instance.address)
        instance.address = None

    def _admit(self, action: str) -> None:
        if action in self.throttled:
            raise _error("RequestLimitExceeded", "Request limit exceeded.", action)

    def _known(self, action: str, ids: list[str]) -> list[Instance]:
        assert ids, "AWS refuses an empty list"
        if missing := [name for name in ids if name not in self.instances]:
            raise _error("InvalidInstanceID.NotFound", f"The instance IDs '{missing}' do not exist", action)
        return [self.instances[name] for name in ids]

    def _require(self, action: str, found: list[Instance], states: set[str]) -> None:
        if wrong := [instance for instance in found if instance.state not in states]:
            message = f"The instance '{wrong[0].instance_id}' is not in a state from which it can be used."
            raise _error("IncorrectInstanceState", message, action)


@dataclass
class _Pages:
    fetch: Callable[..., dict[str, Any]]

    def paginate(self, **arguments: Any) -> Iterator[dict[str, Any]]:
        yield self.fetch(**arguments)


def _matches(instance: Instance, condition: Mapping[str, Any]) -> bool:
    name, values = condition["Name"], condition["Values"]
    assert 0 < len(values) <= 200, "AWS takes 1 to 200 values in a filter"
    if name == "instance-id":
        assert all(re.fullmatch(r"i-[0-9a-f]{17}", value) for value in values)
        return instance.instance_id in values
    if name == "tag-key":
        return any(value in instance.tags for value in values)
    if name == "ip-address":
        return instance.state == "running" and instance.address in values
    assert name.startswith("tag:"), name
    return instance.tags.get(name.removeprefix("tag:")) in values


def _described(instance: Instance) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "InstanceId": instance.instance_id,
        "Placement": {"AvailabilityZone": instance.az},
        "State": {"Name": instance.state},
        "LaunchTime": datetime.fromtimestamp(instance.launched_at, UTC),
        "Tags": [{"Key": key, "Value": value} for key, value in instance.tags.items()],
    }
    if instance.address is not None and instance.state != "pending":
        shown["PublicIpAddress"] = instance.address
    return shown


def _error(code: str, message: str, action: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, action)
