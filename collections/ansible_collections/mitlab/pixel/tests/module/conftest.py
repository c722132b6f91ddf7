"""Runs the real modules, in this process, against a sandbox whose machines take no time."""

from __future__ import annotations

import importlib
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import botocore.session
import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.mitlab.pixel.plugins.module_utils import waiting

from pixel.sandbox.testing import RunningSandbox, running_sandbox
from pixel.wake.function import Clients, Wake, assemble
from pixel.wake.settings import Settings

MODULES = "ansible_collections.mitlab.pixel.plugins.modules"


@dataclass(frozen=True)
class Result:
    """What a module answered, and the calls to AWS that it made, by action."""

    json: Mapping[str, Any]
    calls: Mapping[str, int]

    def __getitem__(self, key: str) -> Any:
        return self.json[key]

    @property
    def failed(self) -> bool:
        return bool(self.json.get("failed"))

    @property
    def number_of_calls(self) -> int:
        return sum(self.calls.values())


@dataclass
class Modules:
    """Runs modules with the options that reach the sandbox."""

    sandbox: RunningSandbox
    capsys: pytest.CaptureFixture[str]

    def run(self, module: str, *, check: bool = False, **options: Any) -> Result:
        """Run a module and return its answer, failed or not, with its diff."""
        state = self.sandbox.state
        arguments = {
            "region": state.region,
            "endpoint_url": self.sandbox.endpoint,
            "access_key": state.access_key,
            "secret_key": state.secret_key,
            **options,
            "_ansible_check_mode": check,
            "_ansible_diff": True,
        }
        self.sandbox.reset_calls()
        with patch_module_args(arguments), pytest.raises(SystemExit):
            importlib.import_module(f"{MODULES}.{module}").main()
        return Result(json.loads(self.capsys.readouterr().out.splitlines()[-1]), dict(self.sandbox.calls()))

    def succeed(self, module: str, **options: Any) -> Result:
        """Run a module that must not fail."""
        result = self.run(module, **options)
        assert not result.failed, result.json
        return result

    def image(self, release: str, **more: Any) -> str:
        """Register an image of a release and return its id."""
        tags = [{"Key": "pixel:pool", "Value": "drone"}, {"Key": "pixel:release", "Value": release}]
        registered = self.sandbox.ec2.register_image(
            Name=f"drone-{release}",
            RootDeviceName="/dev/sda1",
            BlockDeviceMappings=[{"DeviceName": "/dev/sda1", "Ebs": {"VolumeSize": 30}}],
            TagSpecifications=[{"ResourceType": "image", "Tags": tags}],
            **more,
        )
        return registered["ImageId"]

    def publish(self, release: str, **more: Any) -> Result:
        """Publish a release, with a new image unless one is given."""
        options = {
            "name": "pixel-drone",
            "pool": "drone",
            "release": release,
            "security_group_ids": [self.sandbox.state.security_group_id],
            "root_volume": {"size": 100},
            **more,
        }
        if "image_id" not in options:
            options["image_id"] = self.image(release)
        return self.succeed("launch_template", **options)

    def fleet(self, size: int, **more: Any) -> Result:
        """Run the fleet module, failed or not."""
        options = {
            "pool": "drone",
            "launch_template": "pixel-drone",
            "subnets": list(self.sandbox.state.subnets.values()),
            "lease_table": self.sandbox.state.lease_table,
            "max_size": 1000,
            "wait_timeout": 20,
            **more,
        }
        return self.run("fleet", size=size, **options)

    def lease(self, instance_id: str, until: float = 4_000_000_000) -> None:
        """Lease a member."""
        item = {
            "instance_id": {"S": instance_id},
            "session": {"S": "s-1"},
            "lease_until": {"N": str(until)},
            "hostname": {"S": "drone-198-51-100-7.pixel.test"},
        }
        self.sandbox.dynamodb.put_item(TableName=self.sandbox.state.lease_table, Item=item)

    def instances(self) -> dict[str, str]:
        """Return the states of all instances, by id."""
        pages = self.sandbox.ec2.get_paginator("describe_instances").paginate()
        found = [one for page in pages for reservation in page["Reservations"] for one in reservation["Instances"]]
        return {one["InstanceId"]: one["State"]["Name"] for one in found}

    def alive(self) -> dict[str, str]:
        """Return the states of the instances that exist, by id."""
        return {one: state for one, state in self.instances().items() if state not in {"shutting-down", "terminated"}}


@pytest.fixture(scope="session", autouse=True)
def _models_are_read_once() -> Iterator[None]:
    """Keep AWS's API models between runs: a module of its own process reads them once as well."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.session, "create_loader", cache(botocore.session.create_loader))
        yield


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    with running_sandbox(tmp_path_factory.mktemp("sandbox")) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: RunningSandbox) -> RunningSandbox:
    running.reset()
    running.set_delays()
    return running


@pytest.fixture
def modules(sandbox: RunningSandbox, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Modules:
    monkeypatch.setattr(waiting, "FIRST_PAUSE", 0.02)
    return Modules(sandbox, capsys)


class Clock:
    """The wake function's clock, which a test puts forward."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def wake(modules: Modules, clock: Clock) -> Wake:
    state = modules.sandbox.state
    settings = Settings(lease_table=state.lease_table, zone=state.zone, zone_id=state.zone_id, token_secret="unused")
    clients = Clients(modules.sandbox.dynamodb, modules.sandbox.ec2, modules.sandbox.route53)
    return assemble(settings, clients, lambda: b"0" * 32, clock)
