"""The signalling service through hours of visits in minutes: joins, leaves, reloads and commands, with flat memory.

    python -m scale.signalling FOLDER MINUTES

Prints one line of JSON: how much of what happened, and the memory of the service through the time.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import psutil
from browser.processes import Service, Unreal
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

PLAYERS, CONTROLLERS = 30, 3
"""People at the same time."""
SAMPLES = 40
SETTINGS = """
[access]
mode = "none"
[http]
host = "127.0.0.1"
port = 0
[streamer]
port = 0
"""


class Visits:
    """Everybody who comes and goes until a moment."""

    def __init__(self, port: int, until: float) -> None:
        self._address = f"ws://127.0.0.1:{port}"
        self._until = until
        self.counts: Counter[str] = Counter()

    def _on(self) -> bool:
        return time.monotonic() < self._until

    async def player(self, number: int) -> None:
        """Join, look around, talk to Unreal a little, leave or vanish, again and again."""
        chance = random.Random(number)
        while self._on():
            try:
                async with connect(f"{self._address}/", proxy=None) as socket:
                    self.counts["joins"] += 1
                    await socket.send('{"type": "listStreamers"}')
                    for _ in range(chance.randint(1, 8)):
                        await socket.send(json.dumps({"type": "ping", "time": 1}))
                        with suppress(TimeoutError):
                            await asyncio.wait_for(socket.recv(), 0.2)
                            self.counts["messages"] += 1
                        await asyncio.sleep(chance.uniform(0, 0.3))
                    if chance.random() < 0.3:
                        socket.transport.abort()
                        self.counts["vanished"] += 1
                    else:
                        self.counts["left"] += 1
                if chance.random() < 0.4:
                    self.counts["reloads"] += 1
                    continue
                await asyncio.sleep(chance.uniform(0, 1))
            except (OSError, WebSocketException) as error:
                self.counts[f"refused: {type(error).__name__}"] += 1
                await asyncio.sleep(1)

    async def controller(self, number: int) -> None:
        """Connect, command, wait for what becomes of it, leave."""
        chance = random.Random(1000 + number)
        while self._on():
            try:
                async with connect(f"{self._address}/control", proxy=None) as socket:
                    self.counts["controllers"] += 1
                    for place in range(chance.randint(1, 20)):
                        await socket.send(json.dumps({"command": f"DroneColor-{place}", "id": place}))
                        self.counts[await self._became(socket, place)] += 1
                        await asyncio.sleep(chance.uniform(0, 0.4))
            except (OSError, WebSocketException) as error:
                self.counts[f"refused: {type(error).__name__}"] += 1
                await asyncio.sleep(1)

    async def _became(self, socket: ClientConnection, place: int) -> str:
        """Return what became of a command."""
        async with asyncio.timeout(30):
            while True:
                told = json.loads(await socket.recv())
                if told.get("type") == "ack" and told.get("id") == place and told["status"] != "queued":
                    return f"commands {told['status']}"


async def _visit(visits: Visits, process: psutil.Process, seconds: float) -> list[float]:
    """Have everybody come; return the service's memory (MB) through the time."""
    people = [asyncio.create_task(visits.player(number)) for number in range(PLAYERS)]
    people += [asyncio.create_task(visits.controller(number)) for number in range(CONTROLLERS)]
    memory = []
    for _ in range(SAMPLES):
        await asyncio.sleep(seconds / SAMPLES)
        memory.append(round(process.memory_info().rss / 1e6, 1))
    await asyncio.gather(*people)
    return memory


def main(arguments: list[str]) -> int:
    """Visit."""
    folder, seconds = Path(arguments[0]), float(arguments[1]) * 60
    with Service(folder, SETTINGS) as service, Unreal(service) as unreal:
        unreal.wait_for("connected")
        visits = Visits(service.port, time.monotonic() + seconds)
        memory = asyncio.run(_visit(visits, psutil.Process(service.pid), seconds))
        print(json.dumps({"counts": dict(visits.counts), "memory": memory, "seconds": seconds}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
