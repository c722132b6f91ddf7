"""What an attacker does: connects, and sends whatever bytes please."""

from __future__ import annotations

import asyncio
import json
import ssl
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from pixel.signalling.commands.carrier import CarrierEvents
from pixel.signalling.service import SignallingService
from pixel.signalling.settings import TlsSettings
from self_signed import self_signed

SOON = 5.0
"""Seconds within which everything here happens, on a busy machine too."""

UPGRADE = (
    "GET {path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\nSec-WebSocket-Version: 13\r\n{more}\r\n"
)


class NoCarrier:
    """A way to Unreal that is always open, and keeps what it is handed."""

    def __init__(self) -> None:
        self.commands: list[str] = []
        self._events: CarrierEvents | None = None

    def start(self, events: CarrierEvents) -> None:
        self._events = events
        events.opened()

    def hand(self, number: int, descriptor: str) -> None:
        assert self._events is not None
        self.commands.append(descriptor)
        self._events.sent(number)

    async def stop(self) -> None:
        if self._events:
            events, self._events = self._events, None
            events.closed("stopped")


@dataclass
class Followed:
    """A running service, and how the rightful ones connect to it."""

    service: SignallingService
    carrier: NoCarrier
    stack: AsyncExitStack

    async def connect(self, path: str, token: str, **options: Any) -> ClientConnection:
        """Connect with a token."""
        url = f"wss://127.0.0.1:{self.service.http_port}{path}"
        headers = {"Authorization": f"Bearer {token}"}
        return await self.stack.enter_async_context(
            connect(url, ssl=Attacker.tls(), additional_headers=headers, proxy=None, compression=None, **options)
        )

    async def streamer(self, name: str = "Drone") -> ClientConnection:
        """Connect Unreal, and see it through to its confirmation."""
        streamer = await self.stack.enter_async_context(connect(self.streamer_url, proxy=None, compression=None))
        await say(streamer, type="endpointId", id=name)
        while (await heard(streamer))["type"] != "endpointIdConfirm":
            pass
        return streamer

    @property
    def streamer_url(self) -> str:
        """Where Unreal connects."""
        return f"ws://127.0.0.1:{self.service.streamer_port}/"


class Raw(NamedTuple):
    """A connection on which anything can be sent."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def rest(self) -> bytes:
        """Return what comes until the other side closes."""
        with suppress(ConnectionError):
            return await asyncio.wait_for(self.reader.read(), SOON)
        return b""

    async def send(self, data: bytes) -> None:
        """Send, as far as the other side lets us."""
        with suppress(ConnectionError):
            self.writer.write(data)
            await self.writer.drain()


@dataclass
class Attacker:
    """Somebody who can reach the member's port for players.

    Attributes:
        member: the member.
        address: the attacker's own address, on loopback.
    """

    member: Followed
    address: str

    @staticmethod
    def tls() -> ssl.SSLContext:
        """Return a context that trusts anybody."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context

    async def raw(self, *, port: int | None = None, tls: bool = True) -> Raw:
        """Connect."""
        port = port or self.member.service.http_port
        context = self.tls() if tls else None
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", port, ssl=context, local_addr=(self.address, 0), limit=2**24
        )
        self.member.stack.callback(writer.transport.abort)
        return Raw(reader, writer)

    async def request(self, head: str | bytes, **options: Any) -> bytes:
        """Send the head of a request, and return all of the answer."""
        connection = await self.raw(**options)
        await connection.send(head if isinstance(head, bytes) else head.encode())
        return await connection.rest()

    async def get(self, path: str, **headers: str) -> bytes:
        """Ask for a path, as it is; headers are written with underscores."""
        lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        return await self.request(f"GET {path} HTTP/1.1\r\nHost: x\r\n{lines}\r\n")

    async def upgrade(self, path: str = "/", **headers: str) -> bytes:
        """Ask for a WebSocket, and return the answer's status line; headers are written with underscores."""
        lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        connection = await self.raw()
        await connection.send(UPGRADE.format(path=path, more=lines).encode())
        return await asyncio.wait_for(connection.reader.readline(), SOON)

    async def status(self, path: str = "/", token: str = "", **options: Any) -> int:
        """Try to open a WebSocket; return the status of the answer, 101 when it opens."""
        url = f"wss://127.0.0.1:{self.member.service.http_port}{path}"
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            await self.member.stack.enter_async_context(
                connect(
                    url,
                    ssl=self.tls(),
                    additional_headers=headers,
                    proxy=None,
                    local_addr=(self.address, 0),
                    **options,
                )
            )
        except InvalidStatus as refused:
            return refused.response.status_code
        return 101


async def say(connection: ClientConnection, **message: Any) -> None:
    """Send a message."""
    await connection.send(json.dumps(message))


async def heard(connection: ClientConnection) -> dict[str, Any]:
    """Return the next message."""
    message = json.loads(await asyncio.wait_for(connection.recv(), SOON))
    assert isinstance(message, dict)
    return message


async def silent(connection: ClientConnection, **probe: Any) -> None:
    """See that nothing has been sent to a peer: its own ping is answered next."""
    await say(connection, type="ping", time=4711)
    assert await heard(connection) == {"type": "pong", "time": 4711}


def certificate(folder: Path) -> TlsSettings:
    """Write a certificate for 127.0.0.1 that has signed itself."""
    certificate_file, key_file = self_signed(["127.0.0.1"]).written(folder)
    return TlsSettings(certificate=str(certificate_file), key=str(key_file))
