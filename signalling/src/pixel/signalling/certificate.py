"""`pixel signalling certificate fetch`: the pool's certificate, from Secrets Manager to this machine's disk.

Run at boot and every few hours. The service follows the files by itself, so nothing is restarted. The secret holds
JSON, `{"fullchain": "<PEM>", "privkey": "<PEM>"}`, named as certbot names its files; it is the one source: what it
holds replaces what is here, unless it could not be served.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

CHAIN, KEY = "fullchain.pem", "privkey.pem"
PATIENCE = 300.0
"""Seconds for which the fetcher goes on trying: at boot the network and the instance's role may come after it."""
LONGEST_PAUSE = 30.0


class FetchError(Exception):
    """The certificate could not be fetched; the text says why, where it was set, and the mend."""


@dataclass(frozen=True)
class Pair:
    """A certificate chain and its private key, as PEM."""

    fullchain: str
    privkey: str


def parse_pair(secret: str, now: datetime) -> Pair:
    """Return the pair that a secret's text holds.

    Raises:
        ValueError: it is not of the agreed form, its key is another certificate's, or it is not valid now.
    """
    try:
        fields = json.loads(secret)
        pair = Pair(*("\n".join(fields[name].splitlines()) + "\n" for name in ("fullchain", "privkey")))
        chain = x509.load_pem_x509_certificates(pair.fullchain.encode())
        key = load_pem_private_key(pair.privkey.encode(), password=None)
    except (ValueError, TypeError, KeyError, AttributeError):
        # Nothing of the secret's text goes into a message: it may hold the key.
        form = '{"fullchain": "<PEM>", "privkey": "<PEM without a passphrase>"}'
        raise ValueError(f"it does not hold JSON as {form}") from None
    leaf = chain[0]
    if leaf.public_key() != key.public_key():
        raise ValueError("its privkey is not the key of its fullchain's first certificate")
    if not leaf.not_valid_before_utc <= now < leaf.not_valid_after_utc:
        raise ValueError(
            f"its certificate is valid from {leaf.not_valid_before_utc} to {leaf.not_valid_after_utc} only"
        )
    return pair


def put_in_place(pair: Pair, folder: Path) -> bool:
    """Write a pair into a folder, if it is another than the one there. Return whether it was.

    Both files are complete on the disk before either is replaced; a reader between the two replacements meets a
    pair that does not match, keeps what it has loaded and looks again.
    """
    wanted = {KEY: pair.privkey, CHAIN: pair.fullchain}
    if all(_text(folder / name) == text for name, text in wanted.items()):
        return False
    folder.mkdir(parents=True, exist_ok=True)
    parts = {name: folder / f"{name}.part" for name in wanted}
    for name, part in parts.items():
        part.unlink(missing_ok=True)
        part.touch(mode=0o600, exist_ok=False)
        with part.open("w", encoding="ascii", newline="\n") as file:
            file.write(wanted[name])
            file.flush()
            os.fsync(file.fileno())
    for name, part in parts.items():
        part.replace(folder / name)
    return True


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        return None


def read_secret(name: str) -> str:
    """Return the text of a secret of this machine's region.

    Raises:
        FetchError: AWS refuses for good.
        OSError, BotoCoreError, ClientError: it may work later.
    """
    from boto3.session import Session
    from botocore.exceptions import ClientError

    from pixel.signalling.host.imds import Metadata

    session = Session()
    region = session.region_name or Metadata().facts().region
    try:
        answer = session.client("secretsmanager", region_name=region).get_secret_value(SecretId=name)
    except ClientError as error:
        mend = {
            "ResourceNotFoundException": "store the certificate there, or correct --secret",
            "AccessDeniedException": "allow the instance's role secretsmanager:GetSecretValue on it",
        }.get(error.response["Error"]["Code"])
        if mend is None:
            raise
        raise FetchError(f"the secret {name} (from --secret) in {region}: {error}; {mend}") from None
    return answer["SecretString"]


def fetch(
    name: str,
    folder: Path,
    read: Callable[[str], str] = read_secret,
    sleep: Callable[[float], None] = time.sleep,
) -> bool:
    """Bring the secret's certificate to the folder. Return whether another was there.

    Raises:
        FetchError: it could not be read, is unusable, or could not be written.
    """
    try:
        pair = parse_pair(_read_patiently(name, read, sleep), datetime.now(UTC))
    except ValueError as problem:
        raise FetchError(f"the secret {name} (from --secret) cannot be used: {problem}") from None
    try:
        return put_in_place(pair, folder)
    except OSError as error:
        raise FetchError(f"the certificate cannot be written to {folder} (from --folder): {error.strerror}") from None


def _read_patiently(name: str, read: Callable[[str], str], sleep: Callable[[float], None]) -> str:
    from botocore.exceptions import BotoCoreError, ClientError

    for pause in _pauses():
        try:
            return read(name)
        except (OSError, BotoCoreError, ClientError) as error:
            if pause is None:
                raise FetchError(f"the secret {name} (from --secret) cannot be read: {error}") from None
            sleep(pause)
    raise AssertionError("the last pause is None")


def _pauses() -> Iterator[float | None]:
    """Yield how long to wait after each failure; None after the last."""
    pause, waited = 1.0, 0.0
    while waited < PATIENCE:
        yield pause
        waited += pause
        pause = min(LONGEST_PAUSE, pause * 2)
    yield None


def main(argv: Sequence[str]) -> int:
    """Do what is asked; return the exit code: 0, 1 when it could not be done, 2 for a wrong call."""
    parser = argparse.ArgumentParser(
        prog="pixel signalling certificate", description="The certificate that the service shows to players."
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="<action>")
    fetching = actions.add_parser("fetch", help="bring it from Secrets Manager to a folder, if another is there")
    fetching.add_argument("--secret", required=True, metavar="NAME", help="the secret's name or ARN")
    fetching.add_argument("--folder", required=True, type=Path, metavar="DIR", help=f"where {CHAIN} and {KEY} go")
    arguments = parser.parse_args(argv)
    try:
        changed = fetch(arguments.secret, arguments.folder)
    except FetchError as problem:
        sys.stderr.write(f"pixel signalling certificate: {problem}\n")
        return 1
    what = "put into" if changed else "unchanged in"
    sys.stdout.write(f"the certificate of {arguments.secret} is {what} {arguments.folder}\n")
    return 0
