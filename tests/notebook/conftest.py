"""The wake path as it is deployed, on the sandbox, and one member of the pool `drone`."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import pytest

from pixel.sandbox.members.site import HTTPS
from pixel.sandbox.testing import RunningSandbox, running_sandbox

TEMPLATE = (
    Path(__file__).parents[2]
    / "collections/ansible_collections/mitlab/pixel/roles/foundation/templates/foundation.yaml.j2"
)
PATIENCE = 60.0
"""Seconds in which an instance must have come into a state."""


@dataclass(frozen=True)
class Api:
    """The API that a stack has made: its address, and a key that opens it."""

    address: str
    key: str


@dataclass(frozen=True)
class Member:
    """The pool's one member, and the folder into which its computer writes."""

    instance_id: str
    folder: Path

    def heard(self) -> list[str]:
        """Return the commands that its Unreal was given."""
        lines = (self.folder / "unreal.jsonl").read_text().splitlines()
        events: list[dict[str, Any]] = [json.loads(line) for line in lines]
        return [event["descriptor"] for event in events if event["event"] == "interaction"]


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[RunningSandbox]:
    """A sandbox whose members are processes."""
    with running_sandbox(tmp_path / "sandbox", members="processes") as running:
        if running.sandbox.members.site.https != HTTPS:
            pytest.skip("port 443 may not be opened: run 'sysctl net.ipv4.ip_unprivileged_port_start=443' as root")
        running.reset()
        yield running
        running.reset()


@pytest.fixture
def api(sandbox: RunningSandbox) -> Api:
    """The foundation, without what Ansible does around its stack."""
    s3 = sandbox.client("s3")
    s3.create_bucket(Bucket="code", CreateBucketConfiguration={"LocationConstraint": sandbox.state.region})
    s3.put_object(Bucket="code", Key="wake.zip", Body=b"what is installed here runs in its place")
    parameters = {
        "VpcId": sandbox.state.vpc_id,
        "Zone": sandbox.state.zone,
        "ZoneId": sandbox.state.zone_id,
        "LeaseTableName": sandbox.state.lease_table,
        "LeaseTableExists": "true",
        "DefaultPool": "drone",
        "Origins": "",
        "CodeBucket": "code",
        "CodeKey": "wake.zip",
        "MediaPortFirst": "49152",
        "MediaPortLast": "49251",
        "CertificateSecretName": "pixel/certificate",
        "CertificateAccountSecretName": "pixel/acme-account",
        "CertificateMinDays": "21",
        "ArtifactBucket": "artifacts",
        "AlarmTopic": "",
        "SessionsPerKey": "40",
        "ThrottleRate": "50",
        "ThrottleBurst": "200",
        "DailyQuota": "100000",
        "LogRetentionDays": "30",
    }
    sandbox.client("cloudformation").create_stack(
        StackName="pixel",
        TemplateBody=rendered(["student"]),
        Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()],
        Capabilities=["CAPABILITY_IAM"],
    )
    (made,) = sandbox.sandbox.status()["apis"]
    (key,) = sandbox.client("apigateway").get_api_keys(includeValues=True)["items"]
    return Api(made["url"], key["value"])


def rendered(keys: list[str]) -> str:
    """Return the foundation's template for API keys with these names."""
    loader = jinja2.FileSystemLoader(TEMPLATE.parent)
    environment = jinja2.Environment(loader=loader, undefined=jinja2.StrictUndefined)
    environment.filters["regex_replace"] = lambda text, pattern, new: re.sub(pattern, new, text)
    return environment.get_template(TEMPLATE.name).render(foundation_api_keys=keys)


@pytest.fixture
def member(sandbox: RunningSandbox) -> Member:
    """The pool's one member, stopped."""
    tags = [{"Key": "pixel:pool", "Value": "drone"}, {"Key": "pixel:release", "Value": "1.4.0"}]
    (instance_id,) = sandbox.launch(1, TagSpecifications=[{"ResourceType": "instance", "Tags": tags}])
    reach(sandbox, instance_id, "running")
    sandbox.ec2.stop_instances(InstanceIds=[instance_id])
    reach(sandbox, instance_id, "stopped")
    return Member(instance_id, sandbox.sandbox.members.site.folder / instance_id)


def reach(sandbox: RunningSandbox, instance_id: str, state: str) -> None:
    """Wait until an instance is in a state."""
    until = time.monotonic() + PATIENCE
    while sandbox.instance_state(instance_id) != state:
        assert time.monotonic() < until, f"{instance_id} is {sandbox.instance_state(instance_id)}"
        time.sleep(0.1)


@pytest.fixture
def student(sandbox: RunningSandbox, api: Api, member: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a student has set before starting a notebook."""
    monkeypatch.setenv("PIXEL_API", api.address)
    monkeypatch.setenv("PIXEL_API_KEY", api.key)
    monkeypatch.setenv("PIXEL_CA_FILE", sandbox.state.ca_file)
