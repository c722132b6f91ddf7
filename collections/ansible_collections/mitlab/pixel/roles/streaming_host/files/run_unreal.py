"""Keeps a program running: starts it, writes what it says to a log that rotates, starts it again when it ends.

    run_unreal.py SETTINGS.json

The settings: `program` (a path), `arguments` (a list), `logs` (a folder). The scheduled task that runs this ends with
the machine; the program ends with this one.
"""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import NamedTuple

LOG_BYTES = 10 * 1024 * 1024
LOG_FILES = 5
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
STEADY = 120.0
"""Seconds: a program that ran this long was well, and its next end is a first one again."""

log = logging.getLogger("unreal")


class Settings(NamedTuple):
    """What to run, and where its log goes."""

    program: str
    arguments: list[str]
    logs: Path

    @classmethod
    def read(cls, path: Path) -> Settings:
        """Read the file that the role has written.

        Raises:
            ValueError: it lacks something; the text names the file and what is missing.
        """
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            return cls(str(found["program"]), [str(one) for one in found["arguments"]], Path(found["logs"]))
        except KeyError as missing:
            raise ValueError(f"{path} has no {missing}: run the role streaming_host again") from None


def pauses(first: float = FIRST_PAUSE, longest: float = LONGEST_PAUSE) -> Iterator[float]:
    """Yield the seconds to wait before the next starts: each twice the one before, up to the longest."""
    pause = first
    while True:
        yield min(pause, longest)
        pause = min(pause * 2, longest)


def run_once(settings: Settings) -> int:
    """Run the program to its end, its output going to the log; return its exit code.

    Raises:
        OSError: it cannot be started.
    """
    with subprocess.Popen(  # noqa: S603 - the program that only administrators can set
        [settings.program, *settings.arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
    ) as process:
        try:
            if process.stdout is not None:
                for line in process.stdout:
                    log.info("%s", line.rstrip())
            return process.wait()
        except BaseException:
            process.kill()
            raise


def keep_running(settings: Settings, stop: threading.Event, clock: Callable[[], float] = time.monotonic) -> None:
    """Run the program again and again until `stop` is set."""
    waits = pauses()
    while not stop.is_set():
        started = clock()
        try:
            log.info("starting %s", settings.program)
            code = run_once(settings)
            log.warning("%s ended with code %s", settings.program, code)
        except OSError as error:
            log.error("%s cannot be started: %s", settings.program, error)
        if clock() - started >= STEADY:
            waits = pauses()
        stop.wait(next(waits))


def main(argv: list[str]) -> int:
    """Run until the task ends; return 2 for settings that cannot be used."""
    if len(argv) != 1:
        sys.stderr.write("usage: run_unreal.py SETTINGS.json\n")
        return 2
    try:
        settings = Settings.read(Path(argv[0]))
    except (OSError, ValueError) as error:
        sys.stderr.write(f"run_unreal: {error}\n")
        return 2
    handler = RotatingFileHandler(
        settings.logs / "unreal.log", maxBytes=LOG_BYTES, backupCount=LOG_FILES, encoding="utf-8"
    )
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    keep_running(settings, threading.Event())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
