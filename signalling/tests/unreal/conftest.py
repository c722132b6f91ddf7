"""A signalling service in name only: it accepts a synthetic Unreal, and the test speaks for it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve

from pixel.sandbox.unreal.streamer import Unreal

Event = dict[str, Any]


class Counterpart:
    """The service's end of each connection a synthetic Unreal makes, and Unreal's journal."""

    def __init__(self) -> None:
        self.connections: asyncio.Queue[ServerConnection] = asyncio.Queue()
        self.journal: list[Event] = []

    async def accept(self, connection: ServerConnection) -> None:
        await self.connections.put(connection)
        await connection.wait_closed()

    async def connection(self) -> ServerConnection:
        return await asyncio.wait_for(self.connections.get(), 20)

    async def wait_for(self, name: str) -> Event:
        """Return the first event of this name, once it has happened."""
        async with asyncio.timeout(20):
            while True:
                for event in self.journal:
                    if event["event"] == name:
                        return event
                await asyncio.sleep(0.01)


async def say(connection: ServerConnection, **message: Any) -> None:
    await connection.send(json.dumps(message))


async def hear(connection: ServerConnection) -> dict[str, Any]:
    message: dict[str, Any] = json.loads(await asyncio.wait_for(connection.recv(), 20))
    return message


Start = Callable[..., AbstractAsyncContextManager[Counterpart]]


@pytest.fixture
def unreal() -> Start:
    """Starts a synthetic Unreal with the given options, and a counterpart for it."""

    @asynccontextmanager
    async def start(**options: Any) -> AsyncIterator[Counterpart]:
        counterpart = Counterpart()
        async with serve(counterpart.accept, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            running = asyncio.create_task(Unreal(f"ws://127.0.0.1:{port}", counterpart.journal.append, **options).run())
            yield counterpart
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    return start
