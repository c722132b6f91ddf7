"""Checks the files that an image is made of, and writes an URL for each from which the builder fetches it.

    python packer/artifacts.py REQUEST.json URLS.json

The request: `bucket`, `seconds` (how long the URLs are good), and `files`, by setting `source` and `sha256`. A file of
this machine is compared with its hash and brought to the bucket, unless it is there; an object in a bucket has to
exist; https:// is taken as it is, since the builder compares each file with its hash too. The answer holds `url` and
`sha256` by setting, readable by its owner alone: whoever has the URLs can fetch the files. AWS is found as boto3 finds
it. Exit code 1, with the setting and the mend, for the first file that is not as it should be.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
from boto3.exceptions import S3UploadFailedError
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


class Unusable(Exception):  # noqa: N818 - what is the matter
    """A file cannot be used; the text names the setting, what is wrong, and the mend."""


def sha256_of(path: Path) -> str:
    """Return a file's SHA-256 in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_local(setting: str, path: Path, sha256: str) -> None:
    """Check that a file of this machine is the one that is meant.

    Raises:
        Unusable: it is not.
    """
    mend = f"set {setting} to the file's path and SHA-256"
    try:
        found = sha256_of(path)
    except OSError as error:
        raise Unusable(f"{setting}: {path} cannot be read ({error.strerror}): {mend}") from None
    if found != sha256:
        raise Unusable(f"{setting}: {path} has the SHA-256 {found}, not {sha256}: {mend}")


def is_there(s3: S3Client, bucket: str, key: str) -> bool:
    """Tell whether an object exists.

    Raises:
        ClientError: S3 does not say.
    """
    try:
        s3.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error.response["Error"]["Code"] in ("404", "NoSuchKey"):
            return False
        raise
    return True


class Artifacts:
    """The bucket of artifacts.

    Args:
        seconds: how long URLs are good.
    """

    def __init__(self, s3: S3Client, bucket: str, seconds: int) -> None:
        self._s3, self._bucket, self._seconds = s3, bucket, seconds

    def check(self) -> None:
        """Check that the bucket is there.

        Raises:
            Unusable: it is not, or is somebody else's.
        """
        try:
            self._s3.head_bucket(Bucket=self._bucket)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            why = {"404": "there is no such bucket", "403": "it may not be used with these credentials"}.get(code, code)
            raise Unusable(
                f"pixel_artifact_bucket is {self._bucket}: {why}: make it, private and encrypted, or set "
                "pixel_artifact_bucket to one of this account"
            ) from None

    def url(self, setting: str, source: str, sha256: str) -> str:
        """Return where the builder fetches a file.

        Raises:
            Unusable: the file is not as it should be.
        """
        if source.startswith("https://"):
            return source
        if source.startswith("/"):
            return self._signed(*self._brought(setting, Path(source), sha256))
        parts = urlsplit(source)
        bucket, key = parts.netloc, parts.path.lstrip("/")
        try:
            there = is_there(self._s3, bucket, key)
        except ClientError as error:
            raise Unusable(f"{setting}: {source} cannot be read: {error}") from None
        if not there:
            raise Unusable(f"{setting}: {source} does not exist: set {setting} to an object that does")
        return self._signed(bucket, key)

    def _brought(self, setting: str, path: Path, sha256: str) -> tuple[str, str]:
        """Bring a file of this machine to the bucket, under its hash; return the bucket and the key."""
        check_local(setting, path, sha256)
        key = f"{sha256}/{path.name}"
        if not is_there(self._s3, self._bucket, key):
            self._s3.upload_file(str(path), self._bucket, key)
        return self._bucket, key

    def _signed(self, bucket: str, key: str) -> str:
        return self._s3.generate_presigned_url(
            "get_object", Params={"Bucket": bucket, "Key": key}, ExpiresIn=self._seconds
        )


def urls(s3: S3Client, request: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Return the answer to a request.

    Raises:
        Unusable: a file, or the bucket, is not as it should be.
    """
    artifacts = Artifacts(s3, request["bucket"], int(request["seconds"]))
    artifacts.check()
    return {
        setting: {"url": artifacts.url(setting, file["source"], file["sha256"]), "sha256": file["sha256"]}
        for setting, file in request["files"].items()
    }


def main(argv: list[str]) -> int:
    """Answer the request in a file by another file; return the exit code."""
    if len(argv) != 2:
        sys.stderr.write("usage: artifacts.py REQUEST.json URLS.json\n")
        return 2
    request, answer = map(Path, argv)
    s3 = boto3.client("s3", config=Config(signature_version="s3v4"))
    try:
        found = urls(s3, json.loads(request.read_text()))
    except Unusable as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    except (ClientError, BotoCoreError, S3UploadFailedError) as problem:
        sys.stderr.write(f"pixel_artifact_bucket: S3 refused: {problem}\n")
        return 1
    answer.unlink(missing_ok=True)
    with os.fdopen(os.open(answer, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(found, file)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
