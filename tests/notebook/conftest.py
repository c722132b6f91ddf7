"""The wake path on the sandbox: the wake function behind a gateway, and one member of the pool `drone`."""

from __future__ import annotations

import secrets
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from pixel.lease import MemberLease
from pixel.sandbox.state import SandboxState, read
from pixel.signalling.settings import TlsSettings
from pixel.wake import handler

from .gateway import Gateway
from .member import Member

KEY = "the-key-of-a-student"


@pytest.fixture(autouse=True)
def low_ports() -> None:
    """A member is reached on port 443, of its own address."""
    try:
        socket.create_server(("127.0.0.1", 443)).close()
    except PermissionError:
        pytest.skip("ports below 1024 may not be opened: run 'sysctl net.ipv4.ip_unprivileged_port_start=443' as root")
    except OSError:
        pass  # 127.0.0.1 itself is not needed


@pytest.fixture
def sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SandboxState]:
    """A sandbox in a process of its own; boto3 in this one talks to it."""
    folder = str(tmp_path / "sandbox")
    pixel = [sys.executable, "-m", "pixel.cli", "sandbox"]
    subprocess.run([*pixel, "up", "--state", folder], check=True, capture_output=True, timeout=120)
    try:
        state = read(Path(folder))
        assert state is not None
        for name, value in state.environment().items():
            monkeypatch.setenv(name, value)
        yield state
    finally:
        subprocess.run([*pixel, "down", "--state", folder], check=True, capture_output=True, timeout=120)


@pytest.fixture
def tls(sandbox: SandboxState, tmp_path: Path) -> TlsSettings:
    """A certificate for every name of the zone, which vouches for itself."""
    made = TlsSettings(certificate=str(tmp_path / "certificate.pem"), key=str(tmp_path / "key.pem"))
    new = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    names = ["-subj", f"/CN={sandbox.zone}", "-addext", f"subjectAltName=DNS:*.{sandbox.zone}"]
    subprocess.run([*new, *names, "-out", made.certificate, "-keyout", made.key], check=True, capture_output=True)
    return made


@pytest.fixture
def gateway(sandbox: SandboxState, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    """The wake function, served."""
    boto3.client("secretsmanager").create_secret(Name="pixel-tokens", SecretString=secrets.token_urlsafe(32))
    monkeypatch.setenv("PIXEL_LEASE_TABLE", sandbox.lease_table)
    monkeypatch.setenv("PIXEL_ZONE", sandbox.zone)
    monkeypatch.setenv("PIXEL_ZONE_ID", sandbox.zone_id)
    monkeypatch.setenv("PIXEL_TOKEN_SECRET", "pixel-tokens")
    for kept in (handler._wake, handler._api):  # a new sandbox: what the function keeps is of the last one
        kept.cache_clear()
    served = Gateway({KEY: "student"})
    with served.serving():
        yield served


@pytest.fixture
def member(sandbox: SandboxState, gateway: Gateway, tls: TlsSettings) -> Iterator[Member]:
    """The pool's one member, stopped."""
    ec2 = boto3.client("ec2")
    (instance,) = ec2.run_instances(
        ImageId=sandbox.base_image_id,
        InstanceType="g4dn.xlarge",
        MinCount=1,
        MaxCount=1,
        SubnetId=next(iter(sandbox.subnets.values())),
        TagSpecifications=[
            {
                "ResourceType": "instance",
                "Tags": [{"Key": "pixel:pool", "Value": "drone"}, {"Key": "pixel:release", "Value": "1.4.0"}],
            }
        ],
    )["Instances"]
    instance_id = instance["InstanceId"]
    quick = {"Delay": 1, "MaxAttempts": 60}
    ec2.get_waiter("instance_running").wait(InstanceIds=[instance_id], WaiterConfig=quick)
    ec2.stop_instances(InstanceIds=[instance_id])
    ec2.get_waiter("instance_stopped").wait(InstanceIds=[instance_id], WaiterConfig=quick)
    lease = MemberLease(boto3.client("dynamodb"), sandbox.lease_table, instance_id)

    def describe(instance_id: str) -> dict[str, Any]:
        return ec2.describe_instances(InstanceIds=[instance_id])["Reservations"][0]["Instances"][0]

    with Member(instance_id, tls, describe, lease, gateway.event) as member:
        yield member


@pytest.fixture
def student(gateway: Gateway, member: Member, tls: TlsSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a student has set before starting a notebook."""
    monkeypatch.setenv("PIXEL_API", gateway.address)
    monkeypatch.setenv("PIXEL_API_KEY", KEY)
    monkeypatch.setenv("PIXEL_CA_FILE", tls.certificate)
