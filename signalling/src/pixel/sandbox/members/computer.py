"""A member's computer, as a process: it keeps its programs running, until it is switched off or the sandbox is gone.

    python -m pixel.sandbox.members.computer

The first line of its input is JSON, a list of programs: `{"name", "command", "output", "errors"}`, the last two paths
of files to append to. The end of its input, which comes too when the sandbox is killed, switches it off.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

FAREWELL = 3.0
"""Seconds that programs have to end by themselves when the computer is switched off."""
PAUSE = 1.0
"""Seconds until a program that has ended is started again, as Windows does with services."""


class Program:
    """One program, started again whenever it ends."""

    def __init__(self, name: str, command: list[str], output: str, errors: str) -> None:
        self._command = command
        self._output, self._errors = Path(output), Path(errors)
        self._lock = threading.Lock()
        self._off = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._run, name=name)

    def start(self) -> None:
        """Start it."""
        self._thread.start()

    def _run(self) -> None:
        with self._output.open("ab") as output, self._errors.open("ab") as errors:
            while not self._off.is_set():
                with self._lock:
                    if self._off.is_set():
                        return
                    self._process = subprocess.Popen(  # noqa: S603 - the sandbox's own command
                        self._command, stdin=subprocess.DEVNULL, stdout=output, stderr=errors
                    )
                self._process.wait()
                self._off.wait(PAUSE)

    def stop(self) -> None:
        """Ask it to end, and do not start it again."""
        with self._lock:
            self._off.set()
            if self._process is not None:
                self._process.terminate()

    def end(self, seconds: float) -> None:
        """Wait until it has ended; kill it when it has not after so many seconds."""
        self._thread.join(seconds)
        if self._thread.is_alive() and self._process is not None:
            self._process.kill()
            self._thread.join()


def main() -> int:
    """Run the programs until switched off."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a person's Ctrl-C is for the sandbox, which then switches this off
    wanted: list[dict[str, Any]] = json.loads(sys.stdin.readline())
    programs = [Program(**one) for one in wanted]
    for program in programs:
        program.start()
    sys.stdin.read()
    for program in programs:
        program.stop()
    for program in programs:
        program.end(FAREWELL)
    return 0


if __name__ == "__main__":
    sys.exit(main())
