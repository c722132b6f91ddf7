"""The real programs that a browser test runs: the signalling service and a synthetic Unreal, each a process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

PATIENCE = 60.0
"""Seconds after which a condition is given up: long, since the machine may be busy with other tests."""

Event = dict[str, Any]


class Program:
    """A process that tells what happens to it in lines of JSON. It is stopped at the end of `with`."""

    def __init__(self, *arguments: str) -> None:
        self._arguments = [sys.executable, "-m", *arguments]
        self._changed = threading.Condition()
        self._events: list[Event] = []
        self._other: list[str] = []

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._arguments,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Ask the process to end, as the system does, and wait until it has."""
        self._process.terminate()
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                try:
                    event = json.loads(line)
                except ValueError:
                    event = None
                with self._changed:
                    if isinstance(event, dict):
                        self._events.append(event)
                    else:
                        self._other.append(line)
                    self._changed.notify_all()

    @property
    def pid(self) -> int:
        return self._process.pid

    def events(self, name: str) -> list[Event]:
        """Return the events of this name so far."""
        with self._changed:
            return [event for event in self._events if event["event"] == name]

    def wait_for(self, name: str, *, count: int = 1, where: Callable[[Event], bool] = lambda _: True) -> list[Event]:
        """Wait until so many events of this name have happened, and return them."""

        def found() -> list[Event]:
            return [event for event in self._events if event["event"] == name and where(event)]

        with self._changed:
            if not self._changed.wait_for(lambda: len(found()) >= count, PATIENCE):
                told = "\n".join([*map(json.dumps, self._events[-20:]), *self._other[-40:]])
                raise AssertionError(
                    f"no {count} x {name!r} of {' '.join(self._arguments[2:])} in {PATIENCE} s:\n{told}"
                )
            return found()


class Service(Program):
    """The signalling service, with ports of its own choice."""

    def __init__(self, folder: Path, settings: str) -> None:
        config = folder / "pixel.toml"
        config.write_text(settings)
        super().__init__("pixel.cli", "signalling", "run", "--config", str(config))

    def __enter__(self) -> Self:
        super().__enter__()
        listening = self.wait_for("listening")[-1]
        self.port: int = listening["http"]
        self.streamer_port: int = listening["streamer"]
        return self


class Unreal(Program):
    """A synthetic Unreal."""

    def __init__(self, service: Service, *flags: str) -> None:
        super().__init__("pixel.sandbox.unreal.cli", "--url", f"ws://127.0.0.1:{service.streamer_port}", *flags)

    def interactions(self, count: int) -> list[str]:
        """Wait until it has told of so many UI interactions, from whichever player, and return all that it told of.

        Its journal comes through a pipe: a reply may be here before the line that was written before it.
        """
        return [event["descriptor"] for event in self.wait_for("interaction", count=count)]
