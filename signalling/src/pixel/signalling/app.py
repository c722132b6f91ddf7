"""The service as a program: from settings to a process that serves until it is told to stop."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable
from types import FrameType

from pixel.signalling import logs
from pixel.signalling.listeners import ListenError
from pixel.signalling.service import SignallingService
from pixel.signalling.settings import Settings
from pixel.signalling.tls import CertificateError, load, new_context


def check(settings: Settings) -> int:
    """Say whether the service could serve with these settings; return the exit code."""
    try:
        if settings.tls.certificate:
            load(new_context(), settings.tls)
    except CertificateError as problem:
        sys.stderr.write(f"pixel signalling: {problem}\n")
        return 2
    sys.stdout.write("the settings can be used\n")
    return 0


def run(settings: Settings) -> int:
    """Serve until SIGINT or SIGTERM; return the exit code."""
    logs.configure(settings.log.level)
    try:
        asyncio.run(_until_signalled(settings))
    except (CertificateError, ListenError) as problem:
        sys.stderr.write(f"pixel signalling: {problem}\n")
        return 1
    return 0


async def _until_signalled(settings: Settings) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(stop.set)

    for number in (getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGBREAK") if hasattr(signal, name)):
        try:
            # A signal that falls just before the loop begins to wait must wake it: signal.signal alone does not.
            loop.add_signal_handler(number, stop.set)
        except NotImplementedError:  # on Windows, whose loop wakes for every signal
            signal.signal(number, on_signal)
    await serve(settings, stop)


async def serve(
    settings: Settings, stop: asyncio.Event, started: Callable[[SignallingService], None] = lambda _service: None
) -> None:
    """Serve until `stop` is set.

    Args:
        settings: checked settings.
        stop: ends the service.
        started: called once it listens.

    Raises:
        CertificateError: certificate or key cannot be used.
        ListenError: a port cannot be opened.
    """
    if not settings.lifecycle.enabled:
        async with SignallingService(settings) as service:
            started(service)
            await stop.wait()
        return
    # Loaded only where it is used: a service in the foreground needs nothing of AWS.
    from pixel.signalling.member import MemberRunner

    runners: list[MemberRunner] = []

    def follow(service: SignallingService) -> MemberRunner:
        runners.append(MemberRunner.on_this_machine(settings.lifecycle, service))
        return runners[0]

    async with SignallingService(settings, follow) as service:
        living = asyncio.create_task(runners[0].run())
        try:
            started(service)
            await stop.wait()
        finally:
            living.cancel()
            await asyncio.wait([living])
