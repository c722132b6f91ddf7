"""A bare relay on `websockets`: what forwarding costs when nothing is understood, checked, counted or logged.

Players connect to the first port and are told their number; frames from them reach the streamer, on the second port, as
`<number>|<frame>`, and frames of the streamer's go to the number they begin with.
"""

from __future__ import annotations

import asyncio
import sys

from websockets.asyncio.server import ServerConnection, serve


async def main() -> None:
    """Listen on free ports, print them, and relay until the process is ended."""
    players: dict[str, ServerConnection] = {}
    streamers: list[ServerConnection] = []
    numbers = iter(range(1_000_000))

    async def player(connection: ServerConnection) -> None:
        number = str(next(numbers))
        players[number] = connection
        await connection.send(number)
        async for frame in connection:
            await streamers[0].send(f"{number}|{frame!s}")

    async def streamer(connection: ServerConnection) -> None:
        streamers.append(connection)
        async for frame in connection:
            number, _, rest = str(frame).partition("|")
            await players[number].send(rest)

    async with (
        serve(player, "127.0.0.1", 0, compression=None) as front,
        serve(streamer, "127.0.0.1", 0, compression=None) as back,
    ):
        ports = [server.sockets[0].getsockname()[1] for server in (front, back)]
        sys.stdout.write("{} {}\n".format(*ports))
        sys.stdout.flush()
        await asyncio.get_running_loop().create_future()


if __name__ == "__main__":
    asyncio.run(main())
