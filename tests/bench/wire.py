"""WebSocket clients that cost little, so that it is the server that is measured and not they."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable

_REQUEST = (
    "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
_TEXT, _PING, _PONG = 0x81, 0x89, 0x8A


def framed(payload: bytes, opcode: int = _TEXT) -> bytes:
    """Return a client's frame (RFC 6455, 5.2), masked with zeros."""
    if len(payload) < 126:
        return struct.pack("!BB4x", opcode, 0x80 | len(payload)) + payload
    return struct.pack("!BBH4x", opcode, 0x80 | 126, len(payload)) + payload


class Client(asyncio.Protocol):
    """One connection. Frames that arrive wait in `received`, unless `on_frame` takes them."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._buffer = b""
        self._open = asyncio.get_running_loop().create_future()
        self._arrived = asyncio.Event()
        self.received: list[bytes] = []
        self.on_frame: Callable[[bytes], None] = self._keep

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(_REQUEST.format(path=self._path).encode())

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._open.done():
            head, found, rest = self._buffer.partition(b"\r\n\r\n")
            if not found:
                return
            if b" 101 " not in head:
                self._open.set_exception(ConnectionError(head.decode()))
                return
            self._buffer = rest
            self._open.set_result(None)
        self._buffer = self._buffer[self._take(self._buffer) :]

    def _take(self, data: bytes) -> int:
        """Take the whole frames at the beginning; return how many bytes they were."""
        at, end = 0, len(data)
        while at + 2 <= end:
            length, start = data[at + 1], at + 2
            if length == 126:
                if at + 4 > end:
                    break
                length, start = int.from_bytes(data[at + 2 : at + 4], "big"), at + 4
            if start + length > end:
                break
            payload = data[start : start + length]
            if data[at] == _PING:
                self.transport.write(framed(payload, _PONG))
            elif data[at] == _TEXT:
                self.on_frame(payload)
            at = start + length
        return at

    def _keep(self, frame: bytes) -> None:
        self.received.append(frame)
        self._arrived.set()

    def send(self, payload: bytes) -> None:
        self.transport.write(framed(payload))

    async def opened(self) -> None:
        """Wait for the end of the handshake."""
        await self._open

    async def next(self) -> bytes:
        """Wait for a frame."""
        while not self.received:
            self._arrived.clear()
            await self._arrived.wait()
        return self.received.pop(0)


async def connect(port: int, path: str = "/") -> Client:
    """Open a connection to a port of this machine."""
    _, client = await asyncio.get_running_loop().create_connection(lambda: Client(path), "127.0.0.1", port)
    await client.opened()
    return client
