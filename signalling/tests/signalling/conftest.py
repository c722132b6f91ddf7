"""A service on free ports, and what connects to it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import pytest
from websockets.asyncio.client import ClientConnection, connect

from pixel.signalling.commands.carrier import CarrierEvents
from pixel.signalling.service import SignallingService
from pixel.signalling.settings import AccessSettings, HttpSettings, Settings, StreamerSettings
from self_signed import self_signed

OPEN = AccessSettings(mode="none")
ANY_PORT = HttpSettings(host="127.0.0.1", port=0, redirect_port=0)
LOCAL = Settings(http=ANY_PORT, streamer=StreamerSettings(port=0), access=OPEN)
"""A service for this machine, on free ports, without TLS and without tokens."""

SOON = 5.0
"""Seconds within which everything here happens, on a busy machine too."""


def digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()


def configured(**sections: dict[str, Any]) -> Settings:
    """Return LOCAL with other settings in some sections."""
    return replace(LOCAL, **{name: replace(getattr(LOCAL, name), **values) for name, values in sections.items()})


class Follower:
    """Keeps what the observer of a session is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def player_joined(self, player_id: str) -> None:
        self.told.append(f"{player_id} joined")

    def player_left(self, player_id: str) -> None:
        self.told.append(f"{player_id} left")

    def streamer_connected(self) -> None:
        self.told.append("streamer connected")

    def streamer_disconnected(self) -> None:
        self.told.append("streamer disconnected")

    def activity(self) -> None:
        self.told.append("activity")


class FakeCarrier:
    """A way to Unreal that does what the test says, and insists on the carrier's contract."""

    def __init__(self) -> None:
        self.events: CarrierEvents | None = None
        self.is_open = False
        self.handed: list[tuple[int, str]] = []
        self.starts = 0

    def start(self, events: CarrierEvents) -> None:
        assert self.events is None, "started twice"
        self.events = events
        self.starts += 1

    def hand(self, number: int, descriptor: str) -> None:
        assert self.is_open, "handed a command while there is no way"
        self.handed.append((number, descriptor))
        assert len({number for number, _ in self.handed}) == len(self.handed), "handed a command twice"

    async def stop(self) -> None:
        if self.events:
            self.close("stopped")

    def open(self) -> None:
        assert self.events is not None
        self.is_open = True
        self.events.opened()

    def confirm_all(self) -> None:
        assert self.events is not None
        for number, _ in self.handed:
            self.events.sent(number)

    def close(self, reason: str) -> None:
        assert self.events is not None
        events, self.events, self.is_open = self.events, None, False
        events.closed(reason)

    @property
    def descriptors(self) -> list[str]:
        return [descriptor for _, descriptor in self.handed]


class Running(NamedTuple):
    """A running service, and shorthands for what connects to it."""

    service: SignallingService
    follower: Follower
    carrier: FakeCarrier
    stack: AsyncExitStack

    def url(self, path: str = "/", scheme: str = "http") -> str:
        return f"{scheme}://127.0.0.1:{self.service.http_port}{path}"

    async def connect(self, url: str, **options: Any) -> ClientConnection:
        options = {"proxy": None, "max_size": None, "compression": None, **options}
        return await self.stack.enter_async_context(connect(url, **options))

    async def player(self, path: str = "/", **options: Any) -> ClientConnection:
        """Connect a player, and read its configuration."""
        player = await self.connect(self.url(path, "ws"), **options)
        assert (await heard(player))["type"] == "config"
        return player

    async def controller(self, path: str = "/control", **options: Any) -> ClientConnection:
        return await self.connect(self.url(path, "ws"), **options)

    async def streamer(self, streamer_id: str = "Drone") -> ClientConnection:
        """Connect a streamer, and see it through to its confirmation."""
        streamer = await self.connect(f"ws://127.0.0.1:{self.service.streamer_port}/")
        await say(streamer, type="endpointId", id=streamer_id)
        while (await heard(streamer))["type"] != "endpointIdConfirm":
            pass
        return streamer

    async def watched(self) -> tuple[ClientConnection, ClientConnection]:
        """Connect a streamer and a player that watches it."""
        streamer, player = await self.streamer(), await self.player()
        await say(player, type="subscribe", streamerId="Drone")
        assert (await heard(streamer))["type"] == "playerConnected"
        return streamer, player


class Start(Protocol):
    """Starts a service with these settings."""

    def __call__(self, settings: Settings = ...) -> Awaitable[Running]: ...


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Start services; they and everything that connects to them end with the test."""
    async with AsyncExitStack() as stack:

        async def start_one(settings: Settings = LOCAL) -> Running:
            follower, carrier = Follower(), FakeCarrier()
            service = await stack.enter_async_context(SignallingService(settings, lambda _: follower, carrier))
            return Running(service, follower, carrier, stack)

        yield start_one


@pytest.fixture
async def running(start: Start) -> Running:
    """A service with LOCAL settings."""
    return await start()


async def say(connection: ClientConnection, **message: Any) -> None:
    await connection.send(json.dumps(message))


async def heard(connection: ClientConnection) -> dict[str, Any]:
    """Return the next message."""
    message = json.loads(await asyncio.wait_for(connection.recv(), SOON))
    assert isinstance(message, dict)
    return message


async def closed(connection: ClientConnection) -> tuple[int | None, str | None]:
    """Wait until the other side has closed; return how."""
    await asyncio.wait_for(connection.wait_closed(), SOON)
    return connection.close_code, connection.close_reason


async def eventually(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds."""
    async with asyncio.timeout(SOON):
        while not condition():
            await asyncio.sleep(0.01)


def write_certificate(folder: Path, name: str) -> tuple[str, str]:
    """Write a certificate that signs itself; return the paths of certificate and key."""
    certificate, key = self_signed([name]).written(folder)
    return str(certificate), str(key)
