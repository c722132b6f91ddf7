"""The service as a program."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from websockets.asyncio.client import connect

from pixel.signalling import app
from pixel.signalling.app import serve

from .conftest import LOCAL, closed, heard

Run = Callable[..., Awaitable[Process]]
QUIET = ("--access-mode", "none", "--http-host", "127.0.0.1", "--http-port", "0", "--streamer-port", "0")


@pytest.fixture
async def run() -> AsyncIterator[Run]:
    """Start `pixel signalling run`."""
    processes = []

    async def start(*flags: str) -> Process:
        command = (sys.executable, "-m", "pixel.cli", "signalling", "run", *QUIET, *flags)
        processes.append(await asyncio.create_subprocess_exec(*command, stderr=PIPE))
        return processes[-1]

    yield start
    for process in processes:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def logged(process: Process, event: str) -> dict[str, Any]:
    """Return the next log entry of an event; every line before it is JSON too."""
    assert process.stderr is not None
    async with asyncio.timeout(20):
        while True:
            entry: dict[str, Any] = json.loads(await process.stderr.readline())
            if entry["event"] == event:
                return entry


async def test_a_terminated_service_says_goodbye_and_ends_well(run: Run) -> None:
    process = await run()
    port = (await logged(process, "listening"))["http"]
    async with connect(f"ws://127.0.0.1:{port}/", proxy=None) as player:
        await heard(player)
        process.send_signal(signal.SIGTERM)
        assert await closed(player) == (1001, "the service is shutting down")
    await logged(process, "stopped")
    assert await process.wait() == 0


def test_a_signal_wakes_the_loop_whenever_it_falls(monkeypatch: pytest.MonkeyPatch) -> None:
    woken_by: list[int] = []

    async def serve(*_arguments: object) -> None:
        # What a signal writes to: without it, one that falls just before the loop waits waits itself.
        woken_by.append(signal.set_wakeup_fd(-1))
        signal.set_wakeup_fd(woken_by[0])

    monkeypatch.setattr(app, "serve", serve)
    assert app.run(LOCAL) == 0
    assert woken_by[0] != -1


async def test_a_port_that_is_taken_is_named_without_a_traceback(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = await run("--streamer-port", str(port))
        _, written = await process.communicate()
    assert process.returncode == 1
    complaint = f"pixel signalling: streamer.port {port} on 127.0.0.1 cannot be opened: Address already in use"
    assert written.decode().splitlines()[-1].startswith(complaint)
    assert "Traceback" not in written.decode()


async def test_another_program_can_run_the_service_in_its_own_loop() -> None:
    stop, ports = asyncio.Event(), []

    def started(service: Any) -> None:
        ports.append(service.http_port)
        stop.set()

    await asyncio.wait_for(serve(LOCAL, stop, started), 10)
    assert ports[0] > 0
