"""The signalling service inside somebody else's main loop: stopped from another thread, told of in an event log."""

from __future__ import annotations

import argparse
import asyncio
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from pixel.signalling import app, logs
from pixel.signalling.listeners import ListenError
from pixel.signalling.service import SignallingService
from pixel.signalling.settings import Settings
from pixel.signalling.settings_sources import SettingsError, add_flags, load
from pixel.signalling.tls import CertificateError

LOG_LIMIT = 20 * 1024 * 1024
"""Bytes; a longer log is put aside, in place of the one put aside before, when the service starts."""


class EventLog(Protocol):
    """Where an administrator looks first: a few lines in a service's life."""

    def info(self, text: str) -> None:
        """Tell what happened."""

    def error(self, text: str) -> None:
        """Tell why the service does not run."""


class ServiceFailed(Exception):  # noqa: N818 - what happened, in the event log's words
    """The service could not start or go on; the text says why, and the mend."""


class HostedService:
    """One run of the signalling service.

    Args:
        config: the settings file. The environment goes before it, as in the foreground.
        events: told of start, stop and failure.
    """

    def __init__(self, config: str, events: EventLog) -> None:
        self._config = config
        self._events = events
        self._lock = threading.Lock()
        self._stopped = False
        self._stop_serving: Callable[[], None] | None = None

    def run(self, listening: Callable[[], None]) -> None:
        """Serve until `stop` is called. `listening` is called once the ports are open.

        Raises:
            ServiceFailed: wrong settings, an unusable certificate, a taken port.
        """
        try:
            settings = self._settings()
            with _log_file(Path(self._config)).open("a", encoding="utf-8", buffering=1) as stream:
                logs.configure(settings.log.level, stream)
                asyncio.run(self._serve(settings, listening))
        except (SettingsError, CertificateError, ListenError, OSError) as problem:
            self._events.error(str(problem))
            raise ServiceFailed(str(problem)) from None
        self._events.info("The signalling service has stopped.")

    def stop(self) -> None:
        """End `run`, also one that has not begun yet. From any thread, any number of times."""
        with self._lock:
            self._stopped = True
            if self._stop_serving is not None:
                self._stop_serving()

    def _settings(self) -> Settings:
        parser = argparse.ArgumentParser()
        add_flags(parser)
        return load(parser.parse_args(["--config", self._config]), os.environ)

    async def _serve(self, settings: Settings, listening: Callable[[], None]) -> None:
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        with self._lock:
            if self._stopped:
                return
            self._stop_serving = lambda: _call_on(loop, stop.set)

        def started(service: SignallingService) -> None:
            self._events.info(
                f"The signalling service listens: players on port {service.http_port}, "
                f"Unreal on port {service.streamer_port}. Settings: {self._config}"
            )
            listening()

        await app.serve(settings, stop, started)


def _call_on(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(call)


def _log_file(config: Path) -> Path:
    """Return the log beside the settings file; one that has grown long is put aside first."""
    log = config.with_suffix(".log")
    if log.exists() and log.stat().st_size > LOG_LIMIT:
        log.replace(config.with_suffix(".1.log"))
    return log
