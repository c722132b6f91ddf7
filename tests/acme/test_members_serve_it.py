"""From a renewal to what a player's browser is shown, without a player noticing."""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from cryptography import x509
from websockets.asyncio.client import connect

from playbook_runs import Run

from .certificates import self_signed, serial_of
from .conftest import SECRET, Account

PATIENCE = 60.0


async def fetch(environment: dict[str, str], folder: Path) -> str:
    """Do what a member does at boot and every few hours; return what the fetcher said."""
    arguments = ["-m", "pixel.cli", "signalling", "certificate", "fetch", "--secret", SECRET, "--folder", str(folder)]
    fetcher = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=PIPE, env=environment)
    said, _ = await fetcher.communicate()
    return said.decode()


@asynccontextmanager
async def service(folder: Path) -> AsyncIterator[int]:
    """Run the signalling service with the certificate in a folder; give its port."""
    config = folder / "pixel.toml"
    config.write_text(
        f"""
        http = {{ host = "127.0.0.1", port = 0, redirect_port = "off" }}
        streamer = {{ port = 0 }}
        tls = {{ certificate = "{folder / "fullchain.pem"}", key = "{folder / "privkey.pem"}", poll = 0.1 }}
        access = {{ mode = "none" }}
        """
    )
    arguments = ["-m", "pixel.cli", "signalling", "run", "--config", str(config)]
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, stderr=PIPE)
    try:
        async with asyncio.timeout(PATIENCE):
            port = await _port(process)
        yield port
    finally:
        process.terminate()
        await process.wait()


async def _port(process: Process) -> int:
    assert process.stderr is not None
    async for line in process.stderr:
        event = json.loads(line)
        if event["event"] == "listening":
            return int(event["http"])
    raise AssertionError("the service ended before it listened")


def unsuspecting() -> ssl.SSLContext:
    """Return a context that takes any certificate: which one it is, is what is asked."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


async def served(port: int) -> int:
    """Return the serial number of the certificate that a new connection is shown."""
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=unsuspecting())
    shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    return x509.load_der_x509_certificate(shown).serial_number


@pytest.mark.slow
async def test_one_that_ends_soon_is_renewed_by_the_same_account_and_nobody_notices(
    renew: Callable[..., Run], account: Account, environment: dict[str, str], tmp_path: Path
) -> None:
    old, account_key = self_signed(days=25), self_signed().key
    account.put_certificate(*old)
    secrets = account.sandbox.client("secretsmanager")
    secrets.create_secret(Name="pixel/acme-account", SecretString=account_key)
    member = {**environment, **account.sandbox.environment()}
    assert "put into" in await fetch(member, tmp_path)
    async with service(tmp_path) as port, connect(f"wss://127.0.0.1:{port}", ssl=unsuspecting()) as player:
        assert json.loads(await player.recv())["type"] == "config"
        assert await served(port) == serial_of(old.certificate)

        run = await asyncio.to_thread(renew)
        assert run.ok, run.message
        assert account.certificate()["fullchain"] != old.certificate
        assert "put into" in await fetch(member, tmp_path)
        async with asyncio.timeout(PATIENCE):
            while await served(port) != serial_of(account.certificate()["fullchain"]):
                await asyncio.sleep(0.05)

        await player.send(json.dumps({"type": "ping", "time": 1}))
        assert json.loads(await player.recv()) == {"type": "pong", "time": 1}
    assert "unchanged in" in await fetch(member, tmp_path)
    assert account.certificate("AWSPREVIOUS")["fullchain"] == old.certificate
    assert secrets.get_secret_value(SecretId="pixel/acme-account")["SecretString"] == account_key
