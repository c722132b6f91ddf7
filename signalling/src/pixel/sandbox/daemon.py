"""The sandbox as a process of its own: start it and wait until it answers, ask it, stop it."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import psutil

from pixel.sandbox import state
from pixel.sandbox.members.members import DEFAULT_KIND, Kind
from pixel.sandbox.state import SandboxState

LOG = "sandbox.log"
START_TIMEOUT = 30.0
STOP_TIMEOUT = 10.0
_POLL = 0.02


class DaemonError(Exception):
    """The sandbox could not be started, asked or stopped; the text says why and the mend."""


def serve(port: int, where: Path, members: Kind) -> None:
    """Be the sandbox, with members of a kind, until SIGTERM or SIGINT.

    Raises:
        DaemonError: the port is taken or may not be used.
    """
    from pixel.sandbox.sandbox import Sandbox

    stopped = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    try:
        sandbox = Sandbox(where, port, members)
    except OSError as error:
        raise DaemonError(
            f"port {port} cannot be used ({os.strerror(error.errno or 0)}): give --port another one, or none for any"
        ) from error
    sandbox.start()
    try:
        state.write(sandbox.state(), where)
        # A signal that falls just before the wait begins is heard when that wait ends.
        while not stopped.wait(1.0):
            pass
    finally:
        state.remove(where)
        sandbox.stop()


def start(port: int, where: Path, members: Kind | None) -> tuple[SandboxState, bool]:
    """Start a sandbox in the background unless one runs; return its state and whether it is new.

    `port` 0 is any, `members` None those that a running one has, or the default.

    Raises:
        DaemonError: it did not come up, or runs already on another port, or with other members, than asked for.
    """
    try:
        where.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DaemonError(f"the state folder {where} cannot be made ({error.strerror}): set --state") from error
    with _exclusive(where):
        found = running(where)
        if found is not None:
            if port and not found.endpoint.endswith(f":{port}"):
                raise DaemonError(f"it runs already at {found.endpoint}: leave out --port, or stop it first")
            runs: Kind = ask(found, "GET", "members")["kind"]
            if members is not None and runs != members:
                raise DaemonError(
                    f"it runs already at {found.endpoint}, with --members {runs}: say the same, or stop it first"
                )
            return found, False
        state.remove(where)
        return _spawn(port, where, members or DEFAULT_KIND), True


def running(where: Path) -> SandboxState | None:
    """Return the state of the sandbox that runs in the folder; None when none does, whatever a dead one left."""
    found = state.read(where)
    if found is None:
        return None
    try:
        return found if ask(found, "GET", "status")["pid"] == found.pid else None
    except DaemonError:
        return None


def ask(found: SandboxState, method: str, path: str, content: Any = None) -> Any:
    """Ask the control endpoint and return its JSON.

    Raises:
        DaemonError: it does not answer, or refuses.
    """
    try:
        answer = httpx.request(method, f"{found.endpoint}/_sandbox/{path}", json=content, timeout=10, trust_env=False)
        answered = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        raise DaemonError(f"the sandbox at {found.endpoint} does not answer: {error}") from error
    if answer.is_error:
        raise DaemonError(answered.get("error", answer.text))
    return answered


def stop(where: Path) -> bool:
    """Stop the sandbox of the folder, with all it started; return whether one ran.

    Raises:
        DaemonError: its process does not end.
    """
    found = running(where)
    if found is None:
        state.remove(where)
        return False
    process = psutil.Process(found.pid)
    process.terminate()
    deadline = time.monotonic() + STOP_TIMEOUT
    while _lives(process):
        if time.monotonic() > deadline:
            raise DaemonError(f"process {found.pid} does not end: see {where / LOG}")
        time.sleep(_POLL)
    return True


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _spawn(port: int, where: Path, members: Kind) -> SandboxState:
    log = where / LOG
    command = [sys.executable, "-m", "pixel.cli", "sandbox", "up", "--foreground"]
    command += ["--port", str(port), "--state", str(where), "--members", members]
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our own command, no shell
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    deadline = time.monotonic() + START_TIMEOUT
    while process.poll() is None:
        found = running(where)
        if found is not None and found.pid == process.pid:
            return found
        if time.monotonic() > deadline:
            process.kill()
            process.wait()
            raise DaemonError(f"it does not answer after {START_TIMEOUT:.0f} seconds: see {log}")
        time.sleep(_POLL)
    lines = log.read_text(errors="replace").strip().splitlines()
    raise DaemonError(lines[-1].removeprefix("pixel sandbox: ") if lines else f"it ended at once: see {log}")


@contextmanager
def _exclusive(where: Path) -> Iterator[None]:
    """Let one caller at a time start a sandbox in the folder."""
    handle = os.open(where / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
