"""The ports the service listens on."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from websockets.asyncio.server import Server, serve
from websockets.http11 import Request, Response

from pixel.signalling.settings import OFF, LimitSettings, Port
from pixel.signalling.sockets import Newcomers, Visit

GOING_AWAY = 1001

CLOSE_TIMEOUT = 3.0
"""Seconds that a peer may take to answer a closing handshake."""

Handler = Callable[[Visit], Awaitable[None]]
Requested = Callable[[Visit, Request], Response | None]


class ListenError(Exception):
    """A port cannot be opened; the text says which, why, and where it was set."""


class Listeners:
    """All listeners of the service, with the same limits."""

    def __init__(self, limits: LimitSettings) -> None:
        self._limits = limits
        self._newcomers = Newcomers(limits.newcomers)
        self._servers: list[Server] = []

    async def open(
        self,
        setting: str,
        host: str,
        port: Port,
        handler: Handler,
        requested: Requested,
        tls: ssl.SSLContext | None = None,
    ) -> int:
        """Listen on a port.

        Args:
            setting: where the port was set, for the complaint.
            host: the address to listen on.
            port: the port.
            handler: serves a connection until it ends.
            requested: sees each request first, and answers it or lets it become a connection.
            tls: the certificate; None: plain.

        Returns:
            The number of the port; 0 when there is none.

        Raises:
            ListenError: it cannot be opened.
        """
        if port == OFF:
            return 0
        # The library says that ServerConnections come, and a class makes them: here come Visits, and any callable may.
        calls: dict[str, Any] = {
            "handler": handler,
            "process_request": requested,
            "create_connection": partial(
                Visit, newcomers=self._newcomers, send_buffer_bytes=self._limits.send_buffer_bytes
            ),
        }
        try:
            server = await serve(
                **calls,
                host=host,
                port=port,
                ssl=tls,
                open_timeout=self._limits.handshake,
                compression=None,  # it costs 35 KB a connection, for messages that are sent once
                max_size=self._limits.frame_bytes,
                ping_interval=self._limits.ping_interval,
                ping_timeout=self._limits.ping_timeout,
                close_timeout=CLOSE_TIMEOUT,
                server_header=None,
            )
        except OSError as error:
            problem = os.strerror(error.errno) if error.errno else error
            raise ListenError(f"{setting} {port} on {host} cannot be opened: {problem}; set another port") from None
        self._servers.append(server)
        number: int = server.sockets[0].getsockname()[1]
        return number

    async def close(self, reason: str) -> None:
        """Listen no more, and send everybody away."""
        for server in self._servers:
            server.close(code=GOING_AWAY, reason=reason)
        await asyncio.gather(*(server.wait_closed() for server in self._servers))
