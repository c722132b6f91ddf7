"""The copies of one function: processes, started when they are needed, each at work on one event at a time."""

from __future__ import annotations

import json
import select
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MOST = 10
"""How many copies of a function there may be: this machine is no data centre."""
LOAD_SECONDS = 60.0
"""How long a copy may take to load the function."""


@dataclass(frozen=True)
class Version:
    """A function as it is now; when it is changed, its copies are replaced.

    Attributes:
        handler: `module.function`.
        environment: of its processes.
        timeout: seconds that it may work on an event.
    """

    arn: str
    handler: str
    environment: Mapping[str, str]
    timeout: float


@dataclass(frozen=True)
class Outcome:
    """What came of an invocation: the function's result, or its error as Lambda tells it."""

    result: Any = None
    error: Mapping[str, Any] | None = None
    timed_out: bool = False


class BusyError(Exception):
    """All copies are at work, and there may be no more."""


class _Copy:
    """One process. Not for several threads at once."""

    def __init__(self, version: Version, log: Path) -> None:
        with log.open("ab") as errors:
            self._process = subprocess.Popen(  # noqa: S603 - our own command; the handler is one of ours
                [sys.executable, "-m", "pixel.sandbox.functions.worker", version.handler],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=dict(version.environment),
                text=True,
                start_new_session=True,
            )
        self.version = version

    def loaded(self) -> Outcome:
        """Wait until the function is loaded; return how that went."""
        return self._answer(LOAD_SECONDS)

    def work(self, event: Any) -> Outcome:
        """Have the function work on an event; the copy is of no use any more when it has timed out."""
        asked = {
            "event": event,
            "request_id": str(uuid.uuid4()),
            "arn": self.version.arn,
            "milliseconds": int(self.version.timeout * 1000),
        }
        if self._process.stdin is not None:
            with suppress(BrokenPipeError):
                self._process.stdin.write(json.dumps(asked) + "\n")
                self._process.stdin.flush()
        return self._answer(self.version.timeout)

    def _answer(self, seconds: float) -> Outcome:
        output = self._process.stdout
        if output is None or not select.select([output], [], [], seconds)[0]:
            error = {"errorType": "Sandbox.Timedout", "errorMessage": f"Task timed out after {seconds:.2f} seconds"}
            return Outcome(error=error, timed_out=True)
        line = output.readline()
        if not line:
            error = {"errorType": "Runtime.ExitError", "errorMessage": "Runtime exited without an answer"}
            return Outcome(error=error)
        told = json.loads(line)
        return Outcome(told.get("result"), told.get("error"))

    @property
    def lives(self) -> bool:
        """Whether the process is there."""
        return self._process.poll() is None

    def kill(self) -> None:
        """Kill the process; whoever waits for its answer learns of it."""
        self._process.kill()

    def end(self) -> None:
        """Kill the process, and keep nothing of it; nobody may wait for its answer."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()


class Copies:
    """All copies of one function. Copies start one after the other: while one loads, those that are there serve."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._changed = threading.Condition()
        self._idle: list[_Copy] = []
        self._all: set[_Copy] = set()
        self._starting = False
        self._ended = False

    def invoke(self, version: Version, event: Any) -> Outcome:
        """Have a copy work on an event.

        Raises:
            BusyError: no copy came free in the time that the function itself may take.
        """
        copy = self._taken(version)
        if isinstance(copy, Outcome):
            return copy
        outcome = copy.work(event)
        if outcome.timed_out or not copy.lives:
            self._discard(copy)
        else:
            self._give_back(copy)
        return outcome

    def _taken(self, version: Version) -> _Copy | Outcome:
        """Return a copy that is free, or the error of one that could not load the function."""
        until = time.monotonic() + version.timeout + LOAD_SECONDS
        with self._changed:
            while True:
                self._drop_old(version)
                if self._idle:
                    return self._idle.pop()
                if not self._starting and len(self._all) < MOST:
                    self._starting = True
                    break
                if self._ended or not self._changed.wait(until - time.monotonic()):
                    raise BusyError
        return self._started(version)

    def _started(self, version: Version) -> _Copy | Outcome:
        try:
            with self._changed:
                if self._ended:
                    raise BusyError
                copy = _Copy(version, self._log)
                self._all.add(copy)
            loaded = copy.loaded()
        finally:
            with self._changed:
                self._starting = False
                self._changed.notify_all()
        if loaded.error is not None:
            self._discard(copy)
            return loaded
        return copy

    def _drop_old(self, version: Version) -> None:
        """End the idle copies of another version, or that have died. Hold the lock."""
        for copy in [one for one in self._idle if one.version != version or not one.lives]:
            self._idle.remove(copy)
            self._all.discard(copy)
            copy.end()

    def _give_back(self, copy: _Copy) -> None:
        with self._changed:
            if not self._ended:
                self._idle.append(copy)
                self._changed.notify()
                return
        copy.end()

    def _discard(self, copy: _Copy) -> None:
        with self._changed:
            self._all.discard(copy)
            self._changed.notify()
        copy.end()

    def end(self) -> None:
        """Kill all copies: the function is no more, or the sandbox."""
        with self._changed:
            self._ended = True
            idle, self._idle = self._idle, []
            for copy in self._all.difference(idle):
                copy.kill()  # the thread that waits for its answer ends it
            self._changed.notify_all()
        for copy in idle:
            copy.end()
