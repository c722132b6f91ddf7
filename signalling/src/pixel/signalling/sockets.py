"""What is done with every socket: who it belongs to, how fast it is read, and what happens when it does not read."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

from websockets.asyncio.server import ServerConnection, broadcast
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.protocol import Event

from pixel.signalling.access import Pass, network_of


class Newcomers:
    """How many connections of each network have not been let in yet."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._count: Counter[str] = Counter()

    def add(self, network: str) -> bool:
        """Count one more; False when that is too many."""
        self._count[network] += 1
        return self._count[network] <= self._limit

    def remove(self, network: str) -> None:
        """Count one less."""
        self._count[network] -= 1
        if not self._count[network]:
            del self._count[network]


class Visit(ServerConnection):
    """A connection that remembers with what right it was let in, and cuts off what would fill the memory.

    Args:
        newcomers: where it counts until it is let in.
        send_buffer_bytes: what may wait for a peer that does not read.
    """

    def __init__(self, *args: Any, newcomers: Newcomers, send_buffer_bytes: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._newcomers: Newcomers | None = newcomers
        self._network = ""
        self._send_buffer_bytes = send_buffer_bytes
        self.right: Pass | None = None
        self.internal = False
        """Whether it is the service's own command peer."""

    @property
    def address(self) -> str:
        """The address of the other side."""
        peer = self.remote_address
        return str(peer[0]) if peer else "unknown"

    @property
    def path(self) -> str:
        """The path of the address it came to."""
        return urlsplit(self.request.path).path if self.request else ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to count, and cut the connection off when its network has too many."""
        super().connection_made(transport)
        self._network = network_of(self.address)
        if self._newcomers is not None and not self._newcomers.add(self._network):
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Count no more."""
        self.let_in()
        super().connection_lost(exc)

    def let_in(self) -> None:
        """It is no newcomer any more."""
        newcomers, self._newcomers = self._newcomers, None
        if newcomers is not None:
            newcomers.remove(self._network)

    def process_event(self, event: Event) -> None:
        """Take what came. The library answers pings without regard to who reads the answers: a peer that asks on and
        does not read is cut off."""
        if self.transport.get_write_buffer_size() > self._send_buffer_bytes:
            self.transport.abort()
        else:
            super().process_event(event)

    def forget_handshake(self) -> None:
        """Drop the headers of request and response: some kilobytes a connection, and the token among them."""
        if self.request:
            self.request.path, self.request.headers = self.path, Headers()
        self.response = None


def post(visit: Visit, frame: str, limit: int) -> bool:
    """Send a text frame without waiting; False when more than `limit` bytes wait for a peer that does not read."""
    broadcast((visit,), frame)
    return visit.transport.get_write_buffer_size() <= limit


async def frames(visit: Visit, per_second: int | None = None) -> AsyncIterator[str | bytes]:
    """Give the frames of a connection until it ends, however it ends.

    Args:
        visit: the connection.
        per_second: the rate at which it is read in the long run, with a second's worth at once; what comes faster waits
            in the sender's own buffers.
    """
    now = asyncio.get_running_loop().time
    interval = 1 / per_second if per_second else 0.0
    due = 0.0
    try:
        while True:
            frame = await visit.recv()
            if per_second:
                moment = now()
                due = max(due, moment - 1) + interval
                if due > moment:
                    await asyncio.sleep(due - moment)
            yield frame
    except ConnectionClosed:
        return
