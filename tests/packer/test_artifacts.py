"""The files that an image is made of, before anything is built from them."""

from __future__ import annotations

import hashlib
import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pixel.sandbox.testing import RunningSandbox

from .scripts import script

artifacts = script("artifacts")

BUCKET = "pixel-artifacts"
CONTENT = b"an application"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def s3(sandbox: RunningSandbox) -> Iterator[Any]:
    """S3 with an empty bucket."""
    client = sandbox.client("s3")
    client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": sandbox.state.region})
    yield client
    for found in client.list_objects_v2(Bucket=BUCKET).get("Contents", []):
        client.delete_object(Bucket=BUCKET, Key=found["Key"])
    client.delete_bucket(Bucket=BUCKET)


@pytest.fixture
def build(tmp_path: Path) -> Path:
    file = tmp_path / "Drone.zip"
    file.write_bytes(CONTENT)
    return file


def url_of(s3: Any, source: str, sha256: str = SHA256, bucket: str = BUCKET) -> str:
    request = {"bucket": bucket, "seconds": 60, "files": {"pixel_build": {"source": source, "sha256": sha256}}}
    url: str = artifacts.urls(s3, request)["pixel_build"]["url"]
    return url


def test_a_file_of_this_machine_can_be_fetched_by_its_url(s3: Any, build: Path) -> None:
    with urllib.request.urlopen(url_of(s3, str(build))) as answer:
        assert answer.read() == CONTENT


def test_a_file_is_brought_once(s3: Any, build: Path, sandbox: RunningSandbox) -> None:
    url_of(s3, str(build))
    (before,) = s3.list_objects_v2(Bucket=BUCKET)["Contents"]
    url_of(s3, str(build))
    (after,) = s3.list_objects_v2(Bucket=BUCKET)["Contents"]
    assert after["LastModified"] == before["LastModified"]


def test_an_object_in_a_bucket_is_used_where_it_is(s3: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key="driver.exe", Body=CONTENT)
    assert f"{BUCKET}/driver.exe" in url_of(s3, f"s3://{BUCKET}/driver.exe")


def test_https_is_taken_as_it_is(s3: Any) -> None:
    assert url_of(s3, "https://example.test/python.exe") == "https://example.test/python.exe"


def test_a_file_with_another_hash_is_refused_with_both(s3: Any, build: Path) -> None:
    with pytest.raises(artifacts.Unusable, match=f"pixel_build: .*Drone.zip has the SHA-256 {SHA256}, not {'0' * 64}"):
        url_of(s3, str(build), "0" * 64)


def test_a_file_that_is_not_there_is_refused(s3: Any, tmp_path: Path) -> None:
    with pytest.raises(artifacts.Unusable, match=r"pixel_build: .*cannot be read"):
        url_of(s3, str(tmp_path / "Drone.zip"))


def test_an_object_that_is_not_there_is_refused(s3: Any) -> None:
    with pytest.raises(artifacts.Unusable, match=r"pixel_build: s3://pixel-artifacts/none\.exe does not exist"):
        url_of(s3, f"s3://{BUCKET}/none.exe")


def test_a_bucket_that_is_not_there_is_told_before_any_file(s3: Any, tmp_path: Path) -> None:
    with pytest.raises(artifacts.Unusable, match="pixel_artifact_bucket is nobodys: there is no such bucket"):
        url_of(s3, str(tmp_path / "Drone.zip"), bucket="nobodys")


def test_the_urls_are_for_their_owner_alone(
    s3: Any, build: Path, sandbox: RunningSandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in sandbox.environment().items():
        monkeypatch.setenv(name, value)
    files = {"pixel_build": {"source": str(build), "sha256": SHA256}}
    (tmp_path / "files.json").write_text(json.dumps({"bucket": BUCKET, "seconds": 60, "files": files}))
    assert artifacts.main([str(tmp_path / "files.json"), str(tmp_path / "urls.json")]) == 0
    assert (tmp_path / "urls.json").stat().st_mode & 0o777 == 0o600
