"""A release to build on the sandbox: small stand-ins of what gets installed, and the settings that name them."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3

from pixel.sandbox.testing import RunningSandbox
from self_signed import self_signed

BUCKET = "pixel-artifacts"
SECRET = "pixel/certificate"
PROGRAM = "Drone/Binaries/Win64/Drone.exe"


def source(path: Path, content: bytes) -> dict[str, str]:
    """Write a file to install; return it as a setting: where it is and what its hash is."""
    path.write_bytes(content)
    return {"source": str(path), "sha256": hashlib.sha256(content).hexdigest()}


def zipped(files: dict[str, bytes]) -> bytes:
    """Return a zip of the files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def small_wheelhouse(path: Path) -> Path:
    """Write a wheelhouse of two empty wheels, for tests that are not about the real ones."""
    wheels = {
        "mitlab_pixel-0.1.0-py3-none-any.whl": zipped({"pixel/cli.py": b""}),
        "pywin32-312-cp311-cp311-win_amd64.whl": b"",
    }
    names = ("mitlab-pixel==0.1.0", "pywin32==312")
    lines = (f"{name} --hash=sha256:{'0' * 64}\n" for name in names)
    path.write_bytes(zipped({**wheels, "requirements.txt": "".join(lines).encode()}))
    return path


def installed_files(folder: Path) -> dict[str, dict[str, str]]:
    """Write stand-ins of the files that an image is made of; return the settings that name them."""
    prerequisites = "Engine/Extras/Redist/en-us/UEPrereqSetup_x64.exe"
    build = zipped({PROGRAM: b"MZ", prerequisites: b"MZ"})
    return {
        "pixel_build": source(folder / "Drone.zip", build),
        "pixel_driver": {**source(folder / "582.16_grid.exe", b"driver"), "version": "582.16"},
        "pixel_python": source(folder / "python-3.11.9-amd64.exe", b"python"),
        "pixel_cloudwatch_agent": source(folder / "amazon-cloudwatch-agent.msi", b"agent"),
    }


def fill_account(sandbox: RunningSandbox, certificate_days: float = 90) -> str:
    """Make the bucket, and the secret with the zone's wildcard certificate; return the certificate."""
    s3: Any = sandbox.client("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": sandbox.state.region})
    fullchain, privkey = self_signed([f"*.{sandbox.state.zone}"], ends=timedelta(days=certificate_days))
    secrets: Any = sandbox.client("secretsmanager")
    text = json.dumps({"fullchain": fullchain, "privkey": privkey})
    secrets.create_secret(Name=SECRET, SecretString=text)
    return fullchain


def stop_builders(state: Any) -> None:
    """Stop the running builders, as sysprep does from inside."""
    ec2: Any = boto3.client(
        "ec2",
        endpoint_url=state.endpoint,
        region_name=state.region,
        aws_access_key_id=state.access_key,
        aws_secret_access_key=state.secret_key,
    )
    filters = [{"Name": "tag-key", "Values": ["pixel:builder"]}, {"Name": "instance-state-name", "Values": ["running"]}]
    for reservation in ec2.describe_instances(Filters=filters)["Reservations"]:
        ec2.stop_instances(InstanceIds=[one["InstanceId"] for one in reservation["Instances"]])
