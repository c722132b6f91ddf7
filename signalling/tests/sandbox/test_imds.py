"""The instance metadata service: what it tells, and to whom."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import boto3
import httpx
import pytest

from pixel.sandbox.testing import RunningSandbox
from pixel.signalling.host.imds import Metadata

TOKEN, TTL = "X-aws-ec2-metadata-token", "X-aws-ec2-metadata-token-ttl-seconds"
Get = Callable[..., httpx.Response]


@pytest.fixture
def instance(sandbox: RunningSandbox) -> str:
    """A running instance with tags that its metadata service shows."""
    (instance_id,) = sandbox.launch(
        1,
        TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "drone-1"}]}],
        MetadataOptions={"InstanceMetadataTags": "enabled", "HttpTokens": "required"},
        UserData="<script>say hello</script>",
    )
    return instance_id


@pytest.fixture
def service(sandbox: RunningSandbox, instance: str) -> str:
    return f"{sandbox.endpoint}/_imds/{instance}"


@pytest.fixture
def get(service: str) -> Get:
    """Ask with a fresh token."""

    def ask(path: str) -> httpx.Response:
        token = httpx.put(f"{service}/latest/api/token", headers={TTL: "60"}).text
        return httpx.get(f"{service}/latest/{path}", headers={TOKEN: token})

    return ask


def test_the_signalling_service_reads_its_facts_from_it(sandbox: RunningSandbox, service: str, instance: str) -> None:
    facts = Metadata(service).facts()
    assert (facts.instance_id, facts.region) == (instance, "us-east-2")
    assert facts.address == sandbox.instance(instance)["PublicIpAddress"]
    assert Metadata(service).tag("Name") == "drone-1"


def test_without_a_token_it_tells_nothing(service: str) -> None:
    assert httpx.get(f"{service}/latest/meta-data/instance-id").status_code == 401


def test_another_instances_token_is_none(sandbox: RunningSandbox, service: str) -> None:
    (other,) = sandbox.launch(1)
    token = httpx.put(f"{sandbox.endpoint}/_imds/{other}/latest/api/token", headers={TTL: "60"}).text
    assert httpx.get(f"{service}/latest/meta-data/instance-id", headers={TOKEN: token}).status_code == 401


@pytest.mark.parametrize("seconds", [None, "0", "21601", "soon"])
def test_a_token_needs_a_lifetime_of_up_to_six_hours(service: str, seconds: str | None) -> None:
    headers = {} if seconds is None else {TTL: seconds}
    assert httpx.put(f"{service}/latest/api/token", headers=headers).status_code == 400


def test_who_comes_through_a_proxy_gets_no_token(service: str) -> None:
    headers = {TTL: "60", "X-Forwarded-For": "198.51.100.1"}
    assert httpx.put(f"{service}/latest/api/token", headers=headers).status_code == 403


def test_what_does_not_exist_is_a_404(get: Get) -> None:
    assert get("meta-data/spot/termination-time").status_code == 404


def test_folders_are_listed(get: Get) -> None:
    assert get("meta-data/placement/").text.split() == ["availability-zone", "region"]
    assert "placement/" in get("meta-data/").text.split()


def test_it_has_the_user_data_and_the_identity_document(get: Get, instance: str) -> None:
    assert get("user-data").text == "<script>say hello</script>"
    assert json.loads(get("dynamic/instance-identity/document").text)["instanceId"] == instance


def test_a_stopped_instance_has_no_service(sandbox: RunningSandbox, service: str, instance: str) -> None:
    sandbox.ec2.stop_instances(InstanceIds=[instance])
    sandbox.instance(instance)
    assert httpx.put(f"{service}/latest/api/token", headers={TTL: "60"}).status_code == 404


def test_tags_are_shown_only_where_that_is_enabled(sandbox: RunningSandbox) -> None:
    tags: Any = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "drone-1"}]}]
    (instance,) = sandbox.launch(1, TagSpecifications=tags)
    assert Metadata(f"{sandbox.endpoint}/_imds/{instance}").tag("Name") is None


def test_an_sdk_finds_the_credentials_of_the_instances_role(
    sandbox: RunningSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    iam = sandbox.client("iam")
    iam.create_role(RoleName="member", AssumeRolePolicyDocument="{}")
    iam.create_instance_profile(InstanceProfileName="members")
    iam.add_role_to_instance_profile(InstanceProfileName="members", RoleName="member")
    (instance,) = sandbox.launch(1, IamInstanceProfile={"Name": "members"})
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", f"{sandbox.endpoint}/_imds/{instance}")
    ec2 = boto3.session.Session(region_name="us-east-2").client("ec2", endpoint_url=sandbox.endpoint)
    assert ec2.describe_instances(InstanceIds=[instance])["Reservations"]
