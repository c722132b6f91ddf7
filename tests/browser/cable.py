"""The network cable between a browser and a machine: it can be pulled, and plugged in again."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Self

LOOPBACK = "127.0.0.1"
CHUNK = 65536


class Cable:
    """A relay of TCP connections to one address, on a port of its own. Entered and left with `async with`.

    Attributes:
        port: of loopback, where the near end is.
    """

    def __init__(self, host: str, port: int) -> None:
        self._far = (host, port)
        self._tasks: set[asyncio.Task[None]] = set()
        self._plugged = True

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, LOOPBACK, 0)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await self.pull()
        await self._server.wait_closed()

    async def pull(self) -> None:
        """Lose every connection, at both ends; new ones fail until the cable is plugged in again."""
        self._plugged = False
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def plug(self) -> None:
        """Let connections through."""
        self._plugged = True

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            if self._plugged:
                await self._relay(reader, writer)
        finally:
            self._tasks.discard(task)
            writer.transport.abort()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            far_reader, far_writer = await asyncio.open_connection(*self._far)
            try:
                async with asyncio.TaskGroup() as both:
                    both.create_task(_pump(reader, far_writer))
                    both.create_task(_pump(far_reader, writer))
            except* ConnectionError:
                pass
            finally:
                far_writer.transport.abort()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(CHUNK):
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()
