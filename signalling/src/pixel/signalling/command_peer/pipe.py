"""The pipe between the service and its command peer: one line of JSON for each thing, both ways.

To the peer: `{"id": n, "descriptor": "<text>"}`. From it: `{"event": "open"}` when commands can go, `{"event": "sent",
"id": n}`, or `{"event": "unsent", "id": n, "reason": "…"}` for one that can never be sent, `{"event": "reply", "data":
"…"}`, and last of all `{"event": "closed", "reason": "…"}`. A command of which nothing was told by then was not sent.
"""

from __future__ import annotations

import asyncio
import json
import os
import threading
from collections.abc import Callable
from typing import NamedTuple, TextIO


class Command(NamedTuple):
    """A command: the parent's number for it, and the text Unreal gets."""

    id: int
    descriptor: str


def read_commands(pipe: int, on_command: Callable[[Command], None], on_end: Callable[[], None]) -> None:
    """Call back, in the running event loop, for each command, and once when the parent has closed the pipe.

    A thread reads: an event loop on Windows cannot wait for a pipe that it has inherited. It reads the descriptor
    itself, not a file object, whose lock it would hold when the interpreter ends.
    """
    loop = asyncio.get_running_loop()

    def read() -> None:
        rest = b""
        while chunk := os.read(pipe, 65536):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                fields = json.loads(line)
                loop.call_soon_threadsafe(on_command, Command(fields["id"], fields["descriptor"]))
        loop.call_soon_threadsafe(on_end)

    threading.Thread(target=read, name="commands", daemon=True).start()


class Events:
    """Tells the parent what happens."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def open(self) -> None:
        """Say that commands can go."""
        self._tell(event="open")

    def sent(self, number: int) -> None:
        """Say that a command is on its way to Unreal, on a channel that loses nothing while it lives."""
        self._tell(event="sent", id=number)

    def unsent(self, number: int, reason: str) -> None:
        """Say that the channel cannot carry a command."""
        self._tell(event="unsent", id=number, reason=reason)

    def reply(self, data: str) -> None:
        """Hand on what Unreal replied."""
        self._tell(event="reply", data=data)

    def closed(self, reason: str) -> None:
        """Say that this peer ends."""
        self._tell(event="closed", reason=reason)

    def _tell(self, **event: object) -> None:
        self._stream.write(json.dumps(event) + "\n")
        self._stream.flush()
