"""The wake path on a running sandbox, as `playbooks/site.yml` lays it there, but without Ansible, in two seconds."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from pathlib import Path

import jinja2

from pixel.sandbox.testing import RunningSandbox

TEMPLATE = (
    Path(__file__).parents[1]
    / "collections/ansible_collections/mitlab/pixel/roles/foundation/templates/foundation.yaml.j2"
)
POOL = "drone"
PATIENCE = 60.0
"""Seconds in which instances must have come into a state."""


@dataclass(frozen=True)
class Api:
    """The API that a stack has made: its address, and a key that opens it."""

    address: str
    key: str


def deploy(sandbox: RunningSandbox, sessions_per_key: int = 40) -> Api:
    """Create the foundation's stack, with one API key."""
    s3 = sandbox.client("s3")
    s3.create_bucket(Bucket="code", CreateBucketConfiguration={"LocationConstraint": sandbox.state.region})
    s3.put_object(Bucket="code", Key="wake.zip", Body=b"what is installed here runs in its place")
    parameters = {
        "VpcId": sandbox.state.vpc_id,
        "Zone": sandbox.state.zone,
        "ZoneId": sandbox.state.zone_id,
        "LeaseTableName": sandbox.state.lease_table,
        "LeaseTableExists": "true",
        "DefaultPool": POOL,
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
        "SessionsPerKey": str(sessions_per_key),
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
    environment = jinja2.Environment(loader=loader, undefined=jinja2.StrictUndefined)  # noqa: S701 - YAML, no HTML
    environment.filters["regex_replace"] = lambda text, pattern, new: re.sub(pattern, new, text)
    return environment.get_template(TEMPLATE.name).render(foundation_api_keys=keys)


def fill(sandbox: RunningSandbox, size: int, release: str = "1.0.0") -> list[str]:
    """Create a pool of stopped members, spread over the availability zones; return their ids."""
    zones = list(sandbox.state.subnets)
    tags = [{"Key": "pixel:pool", "Value": POOL}, {"Key": "pixel:release", "Value": release}]
    members: list[str] = []
    for number, zone in enumerate(zones):
        count = size // len(zones) + (number < size % len(zones))
        if count:
            tagged = [{"ResourceType": "instance", "Tags": tags}]
            members += sandbox.launch(count, zone, TagSpecifications=tagged)
    reach(sandbox, members, "running")
    sandbox.ec2.stop_instances(InstanceIds=members)
    reach(sandbox, members, "stopped")
    return members


def reach(sandbox: RunningSandbox, members: list[str], state: str) -> None:
    """Wait until instances are in a state."""
    until = time.monotonic() + PATIENCE
    while lagging := [name for name, found in states(sandbox, members).items() if found != state]:
        assert time.monotonic() < until, f"{', '.join(lagging)}: not {state} in {PATIENCE:.0f} s"
        time.sleep(0.1)


def states(sandbox: RunningSandbox, members: list[str]) -> dict[str, str]:
    """Return the instances' states, by id."""
    pages = sandbox.ec2.get_paginator("describe_instances").paginate(InstanceIds=members)
    return {
        one["InstanceId"]: one["State"]["Name"]
        for page in pages
        for found in page["Reservations"]
        for one in found["Instances"]
    }
