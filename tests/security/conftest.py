"""A service with TLS and tokens, as on a member, and attackers that come to it from addresses of their own."""

from __future__ import annotations

import asyncio
import io
import itertools
import logging
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import structlog

from pixel.signalling import logs
from pixel.signalling import service as service_module
from pixel.signalling.service import SignallingService
from pixel.signalling.settings import AccessSettings, HttpSettings, Settings, StreamerSettings, TlsSettings
from pixel.signalling.site import read_page
from pixel.tokens import digest, mint

from .attacker import Attacker, Followed, NoCarrier, certificate

SECRET = b"a secret of thirty-two bytes, at least"
SESSION = "abcdefghijklmnopqrstuvwxyz"
PLAYER, CONTROLLER = (mint(SECRET, SESSION, 7, role) for role in ("player", "controller"))
"""The tokens of the session in progress."""

_addresses = (f"127.66.{third}.{fourth}" for third, fourth in itertools.product(range(256), range(1, 255)))


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory) -> TlsSettings:
    """A certificate that nobody vouches for."""
    return certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def settings(tls: TlsSettings) -> Settings:
    """The settings of a member in a session, on free ports of loopback."""
    return Settings(
        http=HttpSettings(host="127.0.0.1", port=0, redirect_port=0),
        tls=tls,
        streamer=StreamerSettings(port=0),
        access=AccessSettings(players=(digest(PLAYER),), controllers=(digest(CONTROLLER),)),
    )


Start = Callable[..., Awaitable[Followed]]


@pytest.fixture
async def start(settings: Settings, page: Path) -> AsyncIterator[Start]:
    """Start a service with other settings in some sections: `await start(limits={"newcomers": 5})`."""
    assert page
    async with AsyncExitStack() as stack:

        async def one(**sections: dict[str, Any]) -> Followed:
            changed = {name: replace(getattr(settings, name), **values) for name, values in sections.items()}
            carrier = NoCarrier()
            service = SignallingService(replace(settings, **changed), carrier=carrier)
            return Followed(await stack.enter_async_context(service), carrier, stack)

        yield one


@pytest.fixture
async def member(start: Start) -> Followed:
    """A member in a session."""
    return await start()


@pytest.fixture
def attacker(member: Followed) -> Attacker:
    """Somebody who reaches the member, from an address of their own, and has no token."""
    return attacker_of(member)


def attacker_of(member: Followed) -> Attacker:
    """Return another attacker, from another address."""
    return Attacker(member, next(_addresses))


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A page of two files that the service serves, beside files that it must not."""
    folder = tmp_path / "page"
    folder.mkdir()
    (folder / "index.html").write_text("<!doctype html><title>page</title>")
    (folder / "player.js").write_text("start();")
    (folder / ".env").write_text("TOP SECRET")
    (tmp_path / "key.pem").write_text("TOP SECRET")
    monkeypatch.setattr(service_module, "installed_page", lambda: read_page(folder))
    return folder


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What the service logs, to the last detail."""
    root, stream = logging.getLogger(), io.StringIO()
    handlers, level = root.handlers, root.level
    logs.configure("debug", stream)
    yield stream
    structlog.reset_defaults()
    root.handlers = handlers
    root.setLevel(level)


@pytest.fixture
def unchecked() -> ssl.SSLContext:
    """A context that trusts anybody."""
    return Attacker.tls()


async def soon(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds."""
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.01)
