"""Keys and tokens stay where they belong: not in logs, representations, errors or files."""

from __future__ import annotations

import logging
import subprocess
import sys
import traceback

import pytest

import pixel.client as pixel
from pixel.client.aio import attach
from pixel.client.attachments import ATTACHMENTS
from pixel.client.pace import Pace
from pixel.client.settings import Settings

from .conftest import CONTROLLER_TOKEN, KEY, PLAYER_TOKEN
from .fake_member import FakeMember

SECRETS = (KEY, PLAYER_TOKEN, CONTROLLER_TOKEN)


def shows_a_secret(text: str) -> bool:
    return any(secret in text for secret in SECRETS)


async def test_no_log_shows_a_key_or_a_token_even_when_everything_is_logged(
    settings: Settings, quick: Pace, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with await attach(settings, "drone", 10, quick) as session:
        await session.send("x")
    by_client = [record for record in caplog.records if record.name != "websockets.server"]  # that one is the fake's
    assert "httpcore.http11" in {record.name for record in by_client}
    assert not shows_a_secret("\n".join(record.getMessage() for record in by_client))


async def test_no_representation_shows_a_key_or_a_token(settings: Settings, quick: Pace) -> None:
    session = await attach(settings, "drone", 10, quick)
    twin = pixel.Session(session)
    for shown in (session, twin, settings, session._view, ATTACHMENTS.of(settings, "drone")):
        assert not shows_a_secret(f"{shown!r} {shown}")
    assert repr(twin) == f"<Session {session.id} of pool 'drone': ready at drone-127-0-0-1.pixel.test>"


async def test_no_error_shows_a_key_or_a_token(settings: Settings, member: FakeMember, impatient: Pace) -> None:
    member.status_at_upgrade = 401
    session = await attach(settings, "drone", 10, impatient)
    failures = [
        session.send("x"),
        attach(Settings("http://127.0.0.1:9", KEY), "drone", 10, impatient),
        attach(settings, "dorne", 10, impatient),
    ]
    for failing in failures:
        with pytest.raises(pixel.PixelError) as failed:
            await failing
        assert not shows_a_secret("".join(traceback.format_exception(failed.value)))


def test_the_client_brings_neither_aws_nor_a_notebook_along() -> None:
    code = "import sys, pixel.client; print(*{'boto3', 'IPython', 'ipywidgets', 'moto', 'aiortc'} & set(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert ran.stdout.strip() == ""
