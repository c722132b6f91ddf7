"""What is done with every socket: who it belongs to, how fast it is read, and what happens when it does not read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

from websockets.asyncio.server import ServerConnection, broadcast
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed

from pixel.signalling.access import Pass


class Visit(ServerConnection):
    """A connection that remembers with what right it was let in."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
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
