"""Showing how the wait goes: a bar in notebooks, a line in terminals, a few lines in logs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Protocol, TextIO

from pixel.client.errors import PixelError
from pixel.client.surroundings import in_notebook


class Progress(Protocol):
    """Something that shows a wait. All calls come from the thread that waits."""

    def update(self, doing: str, elapsed: float) -> None:
        """Show what is being done, `elapsed` seconds after the wait began."""

    def finish(self, outcome: str) -> None:
        """Show how the wait ended."""


@contextmanager
def progress_of(pool: str, timeout: float, *, shown: bool) -> Iterator[Progress]:
    """Show a wait for a machine of `pool`, of at most `timeout` seconds, from entry to exit."""
    progress = choose(pool, timeout) if shown else Silent()
    try:
        yield progress
    except PixelError as error:
        progress.finish(str(error))
        raise
    except BaseException:
        progress.finish("stopped waiting")
        raise
    progress.finish("ready")


def choose(pool: str, timeout: float) -> Progress:
    """Choose what fits where this code runs."""
    if in_notebook():
        return Bar(pool, timeout) if find_spec("ipywidgets") else Line(pool, sys.stdout)
    return Line(pool, sys.stderr) if sys.stderr.isatty() else Log(pool, sys.stderr)


class Silent:
    """Shows nothing."""

    def update(self, doing: str, elapsed: float) -> None:
        """Show nothing."""

    def finish(self, outcome: str) -> None:
        """Show nothing."""


class Line:
    """One line, written over again."""

    def __init__(self, pool: str, stream: TextIO) -> None:
        self._pool = pool
        self._stream = stream
        self._width = 0
        self._elapsed = 0.0

    def update(self, doing: str, elapsed: float) -> None:
        """Write the line again."""
        self._elapsed = elapsed
        self._write(f"{self._pool}: {doing}, {elapsed:.0f} s")

    def finish(self, outcome: str) -> None:
        """Write the line for the last time."""
        self._write(f"{self._pool}: {outcome} ({self._elapsed:.0f} s)\n")

    def _write(self, text: str) -> None:
        self._stream.write(f"\r{text:<{self._width}}")
        self._stream.flush()
        self._width = len(text)


class Log:
    """A line whenever something changes: for a stream that keeps what is written."""

    def __init__(self, pool: str, stream: TextIO) -> None:
        self._pool = pool
        self._stream = stream
        self._said = ""
        self._elapsed = 0.0

    def update(self, doing: str, elapsed: float) -> None:
        """Write a line if something else is being done now; being ready is left to `finish`."""
        self._elapsed = elapsed
        if doing not in (self._said, "ready"):
            self._said = doing
            print(f"{self._pool}: {doing}", file=self._stream, flush=True)

    def finish(self, outcome: str) -> None:
        """Write the last line."""
        print(f"{self._pool}: {outcome} ({self._elapsed:.0f} s)", file=self._stream, flush=True)


class Bar:
    """A bar in a notebook: how much of the time one is ready to wait has gone by."""

    def __init__(self, pool: str, timeout: float) -> None:
        import ipywidgets  # type: ignore[import-untyped]  # has no types; optional, the extra `notebook`
        from IPython.display import display

        self._pool = pool
        self._elapsed = 0.0
        self._bar = ipywidgets.FloatProgress(value=0.0, max=max(timeout, 1.0))
        self._label = ipywidgets.Label(pool)
        display(ipywidgets.HBox([self._bar, self._label]))  # type: ignore[no-untyped-call]  # IPython does not type it

    def update(self, doing: str, elapsed: float) -> None:
        """Move the bar."""
        self._elapsed = elapsed
        self._bar.value = min(elapsed, self._bar.max)
        self._label.value = f"{self._pool}: {doing}, {elapsed:.0f} s"

    def finish(self, outcome: str) -> None:
        """Fill the bar, green or red."""
        ready = outcome == "ready"
        self._bar.value = self._bar.max if ready else self._bar.value
        self._bar.bar_style = "success" if ready else "danger"
        self._label.value = f"{self._pool}: {outcome} ({self._elapsed:.0f} s)"
