"""The headless peer as a process, in front of a service in name only."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve

TOKEN = "of-the-peer"


Start = Callable[..., Awaitable[asyncio.subprocess.Process]]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Starts a peer, which is gone when the test is."""
    started: list[asyncio.subprocess.Process] = []

    async def start_one(url: str | None, *, legacy: bool = False) -> asyncio.subprocess.Process:
        started.append(await spawn(url, legacy=legacy))
        return started[-1]

    yield start_one
    for peer in started:
        with suppress(ProcessLookupError):
            peer.kill()
        await peer.communicate(b"")


async def spawn(url: str | None, *, legacy: bool) -> asyncio.subprocess.Process:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PIXEL_")}
    if url is not None:
        environment |= {"PIXEL_COMMAND_PEER_URL": url, "PIXEL_COMMAND_PEER_TOKEN": TOKEN}
    if legacy:
        environment["PIXEL_COMMAND_PEER_LEGACY"] = "1"
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "pixel.signalling.command_peer"), stdin=pipe, stdout=pipe, stderr=pipe, env=environment
    )


async def end(peer: asyncio.subprocess.Process) -> tuple[int | None, list[dict[str, Any]], str]:
    """Close the pipe and wait for the process; return its exit code, the events it told, and what it complained of."""
    told, complaints = await asyncio.wait_for(peer.communicate(b""), 30)
    return peer.returncode, [json.loads(line) for line in told.splitlines()], complaints.decode()


async def test_it_ends_well_when_its_parent_closes_the_pipe(start: Start) -> None:
    arrived = asyncio.Event()

    async def service(connection: ServerConnection) -> None:
        arrived.set()
        await connection.wait_closed()

    async with serve(service, "127.0.0.1", 0) as server:
        peer = await start(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
        await asyncio.wait_for(arrived.wait(), 30)

        assert await end(peer) == (0, [], "")


@pytest.mark.parametrize(("legacy", "first"), [(False, "listStreamers"), (True, "offer")], ids=["modern", "legacy"])
async def test_it_shows_its_token_and_asks_for_the_stream(start: Start, legacy: bool, first: str) -> None:
    seen: asyncio.Queue[tuple[str | None, Any]] = asyncio.Queue()

    async def service(connection: ServerConnection) -> None:
        assert connection.request is not None
        await connection.send('{"type": "config", "peerConnectionOptions": {}}')
        seen.put_nowait((connection.request.headers.get("Authorization"), json.loads(await connection.recv())))

    async with serve(service, "127.0.0.1", 0) as server:
        peer = await start(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/", legacy=legacy)
        authorization, message = await asyncio.wait_for(seen.get(), 30)
        await end(peer)

    assert (authorization, message["type"]) == (f"Bearer {TOKEN}", first)


async def test_it_looks_again_until_there_is_a_streamer(start: Start) -> None:
    answers = iter([[], [], ["Drone"]])
    subscribed: asyncio.Queue[str] = asyncio.Queue()

    async def service(connection: ServerConnection) -> None:
        await connection.send('{"type": "config", "peerConnectionOptions": {}}')
        async for frame in connection:
            message = json.loads(frame)
            if message["type"] == "subscribe":
                subscribed.put_nowait(message["streamerId"])
            else:
                await connection.send(json.dumps({"type": "streamerList", "ids": next(answers)}))

    async with serve(service, "127.0.0.1", 0) as server:
        peer = await start(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/")

        assert await asyncio.wait_for(subscribed.get(), 30) == "Drone"
        await end(peer)


async def test_a_command_that_no_channel_carries_is_given_back(start: Start) -> None:
    told = asyncio.Event()

    async def service(connection: ServerConnection) -> None:
        await told.wait()

    async with serve(service, "127.0.0.1", 0) as server:
        peer = await start(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
        assert peer.stdin is not None
        assert peer.stdout is not None
        peer.stdin.write(json.dumps({"id": 7, "descriptor": "a" * 65536}).encode() + b"\n")
        event = json.loads(await asyncio.wait_for(peer.stdout.readline(), 30))
        told.set()
        await end(peer)

    assert (event["event"], event["id"]) == ("unsent", 7)
    assert "65536" in event["reason"]


async def test_it_says_why_when_the_service_closes_the_socket(start: Start) -> None:
    async def service(connection: ServerConnection) -> None:
        await connection.close(1013, "the application has disconnected")

    async with serve(service, "127.0.0.1", 0) as server:
        peer = await start(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
        await asyncio.wait_for(peer.wait(), 30)
        code, events, _ = await end(peer)

    assert code == 1
    assert [event["event"] for event in events] == ["closed"]
    assert "the application has disconnected" in events[0]["reason"]


async def test_it_says_why_when_there_is_no_service(start: Start) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        peer = await start(f"ws://127.0.0.1:{unused.getsockname()[1]}/")
        await asyncio.wait_for(peer.wait(), 30)
    code, events, _ = await end(peer)

    assert (code, [event["event"] for event in events]) == (1, ["closed"])


async def test_started_by_hand_it_says_who_starts_it(start: Start) -> None:
    code, events, complaints = await end(await start(None))

    assert (code, events) == (2, [])
    assert "is started by the signalling service" in complaints
