"""Carries commands to Unreal: what it must do, and the one that does it, a headless peer in a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import structlog

log = structlog.get_logger()

COMMAND_PEER = ("-m", "pixel.signalling.command_peer")

LINE_LIMIT = 1024 * 1024
"""Bytes of the longest line from the peer: what Unreal answers may be long."""

FAREWELL = 3.0
"""Seconds that the peer may take to end by itself."""


class CarrierEvents(Protocol):
    """What a carrier reports, on the event loop."""

    def opened(self) -> None:
        """Unreal can be reached."""

    def sent(self, number: int) -> None:
        """A command has been sent."""

    def unsent(self, number: int, reason: str) -> None:
        """A command has not been sent, and will not be."""

    def replied(self, data: str) -> None:
        """Unreal has answered something."""

    def closed(self, reason: str) -> None:
        """Unreal cannot be reached any more, and the carrier has ended. Reported once for every `start`."""


class CommandCarrier(Protocol):
    """A way to Unreal."""

    def start(self, events: CarrierEvents) -> None:
        """Find the way; what comes of it is reported. Not called again before `closed`."""

    def hand(self, number: int, descriptor: str) -> None:
        """Send a command. Called only between `opened` and `closed`."""

    async def stop(self) -> None:
        """End, and report `closed` if it has not been."""


class PeerProcess:
    """Unreal's data channel, opened by a peer in a child process (`pixel.signalling.command_peer`).

    A process of its own, so that the libraries of WebRTC cost the service neither memory nor stability, and nothing at
    all while nobody gives commands. Parent and child exchange JSON objects, one a line; the token is passed in the
    environment, which other users cannot read.

    Args:
        environment: returns what the child is told in environment variables: whereto it connects, and with what token.
        arguments: what the interpreter is to run.
    """

    def __init__(self, environment: Callable[[], Mapping[str, str]], arguments: Sequence[str] = COMMAND_PEER) -> None:
        self._environment = environment
        self._arguments = arguments
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self, events: CarrierEvents) -> None:
        """Start the child."""
        self._task = asyncio.get_running_loop().create_task(self._run(events))

    def hand(self, number: int, descriptor: str) -> None:
        """Send a command. Commands are small and few: they do not wait for the child to read."""
        if self._process and self._process.stdin:
            line = json.dumps({"id": number, "descriptor": descriptor}, ensure_ascii=True)
            self._process.stdin.write(line.encode() + b"\n")

    async def stop(self) -> None:
        """End the child: it is asked to, and killed when it does not."""
        if self._process and self._process.stdin:
            self._process.stdin.close()
        if self._task:
            done, _ = await asyncio.wait([self._task], timeout=FAREWELL)
            if not done:
                self._task.cancel()
                await asyncio.wait([self._task])

    async def _run(self, events: CarrierEvents) -> None:
        reason = "the command peer has ended"
        try:
            self._process = await asyncio.create_subprocess_exec(
                _python(),
                *self._arguments,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                env={**os.environ, **self._environment()},
                limit=LINE_LIMIT,
            )
            reason = await self._read(self._process, events) or reason
        except (OSError, ValueError) as error:
            reason = f"the command peer has failed: {error}"
        finally:
            await _end(self._process)
            self._process = None
            log.info("command_peer_ended", reason=reason)
            events.closed(reason)

    async def _read(self, process: asyncio.subprocess.Process, events: CarrierEvents) -> str | None:
        """Report what the child says until it ends; return the reason it gave.

        Raises:
            ValueError: it said something that is no event.
        """
        assert process.stdout is not None
        reason = None
        while line := await process.stdout.readline():
            event = json.loads(line)
            if not isinstance(event, dict):
                raise ValueError("an event that is no object")
            reason = _report(event, events) or reason
        return reason


def _report(event: dict[str, Any], events: CarrierEvents) -> str | None:
    """Report an event; return the reason, if it is the one that says why the child ends."""
    match event:
        case {"event": "open"}:
            events.opened()
        case {"event": "sent", "id": int(number)}:
            events.sent(number)
        case {"event": "unsent", "id": int(number), "reason": str(reason)}:
            events.unsent(number, reason)
        case {"event": "reply", "data": str(data)}:
            events.replied(data)
        case {"event": "closed", "reason": str(reason)}:
            return reason
        case _:
            raise ValueError(f"an event that nobody knows: {event.get('event')!r}")
    return None


async def _end(process: asyncio.subprocess.Process | None) -> None:
    """Make sure that the child is gone."""
    if process is None or process.returncode is not None:
        return
    if process.stdin:
        process.stdin.close()
    try:
        await asyncio.wait_for(process.wait(), FAREWELL)
    except (TimeoutError, asyncio.CancelledError):
        process.kill()
        await process.wait()


def _python() -> str:
    """Return the interpreter. In a Windows service, the program is one that only hosts services."""
    if Path(sys.executable).stem.lower() != "pythonservice":
        return sys.executable
    candidates = (Path(sys.prefix, "Scripts", "python.exe"), Path(sys.prefix, "python.exe"))
    return str(next((path for path in candidates if path.exists()), sys.executable))
