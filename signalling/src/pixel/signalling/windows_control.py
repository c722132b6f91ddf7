"""Installs, removes, starts, stops and looks at the Windows service. Every action may be repeated."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pywintypes  # type: ignore[import-untyped]  # pywin32 is untyped, and on Windows only
import win32service  # type: ignore[import-untyped]  # pywin32 is untyped, and on Windows only
import win32serviceutil  # type: ignore[import-untyped]  # pywin32 is untyped, and on Windows only
import winerror  # type: ignore[import-untyped]  # pywin32 is untyped, and on Windows only

from pixel.signalling.windows_host import CONFIG_OPTION, DESCRIPTION, DISPLAY_NAME, NAME, SignallingWindowsService

CLASS = f"{SignallingWindowsService.__module__}.{SignallingWindowsService.__name__}"
WAIT = 30
"""Seconds that starting and stopping may take."""
RESTART_AFTER = (5_000, 15_000, 60_000)
"""Milliseconds before the restart after the first, the second, and every further failure within a day."""
DAY = 86_400

_STATES = {
    win32service.SERVICE_STOPPED: "stopped",
    win32service.SERVICE_START_PENDING: "starting",
    win32service.SERVICE_STOP_PENDING: "stopping",
    win32service.SERVICE_RUNNING: "running",
}


class ControlError(Exception):
    """Windows refused; the text says what and the mend."""


def install(config: str) -> str:
    """Install the service, started with Windows and again after a failure; change one that is installed already."""
    with _told("install"):
        try:
            win32serviceutil.InstallService(
                CLASS, NAME, DISPLAY_NAME, startType=win32service.SERVICE_AUTO_START, description=DESCRIPTION
            )
        except pywintypes.error as refusal:
            if refusal.winerror != winerror.ERROR_SERVICE_EXISTS:
                raise
            win32serviceutil.ChangeServiceConfig(
                CLASS,
                NAME,
                startType=win32service.SERVICE_AUTO_START,
                displayName=DISPLAY_NAME,
                description=DESCRIPTION,
            )
        win32serviceutil.SetServiceCustomOption(NAME, CONFIG_OPTION, config)
        _restart_after_failures()
    return f"service {NAME} is installed, with the settings in {config}"


def remove() -> str:
    """Stop the service and remove it."""
    stop()
    with _told("remove", already=winerror.ERROR_SERVICE_DOES_NOT_EXIST):
        win32serviceutil.RemoveService(NAME)
    return f"service {NAME} is removed"


def start() -> str:
    """Start the service and wait until it listens."""
    with _told("start", already=winerror.ERROR_SERVICE_ALREADY_RUNNING):
        win32serviceutil.StartService(NAME)
    with _told("start"):
        win32serviceutil.WaitForServiceStatus(NAME, win32service.SERVICE_RUNNING, WAIT)
    return f"service {NAME} is running"


def stop() -> str:
    """Stop the service and wait until it has stopped. One that does not run, or does not exist, is stopped."""
    try:
        with _told("stop", already=winerror.ERROR_SERVICE_NOT_ACTIVE):
            win32serviceutil.StopService(NAME)
        with _told("stop"):
            win32serviceutil.WaitForServiceStatus(NAME, win32service.SERVICE_STOPPED, WAIT)
    except NotInstalled:
        return f"service {NAME} is not installed"
    return f"service {NAME} is stopped"


def status() -> str:
    """Return the service's state: `running`, `stopped`, `starting`, `stopping` or `not installed`."""
    try:
        with _told("look at"):
            state: int = win32serviceutil.QueryServiceStatus(NAME)[1]
    except NotInstalled:
        return "not installed"
    return _STATES.get(state, f"in state {state}")


class NotInstalled(ControlError):  # noqa: N818 - what is the matter
    """There is no such service."""


def _restart_after_failures() -> None:
    """Have Windows restart the service whenever it fails: when its process dies, and when it reports an error."""
    manager = win32service.OpenSCManager(None, None, win32service.SC_MANAGER_CONNECT)
    try:
        service = win32service.OpenService(manager, NAME, win32service.SERVICE_ALL_ACCESS)
        try:
            actions = [(win32service.SC_ACTION_RESTART, delay) for delay in RESTART_AFTER]
            failure = {"ResetPeriod": DAY, "RebootMsg": "", "Command": "", "Actions": actions}
            win32service.ChangeServiceConfig2(service, win32service.SERVICE_CONFIG_FAILURE_ACTIONS, failure)
            win32service.ChangeServiceConfig2(service, win32service.SERVICE_CONFIG_FAILURE_ACTIONS_FLAG, True)
        finally:
            win32service.CloseServiceHandle(service)
    finally:
        win32service.CloseServiceHandle(manager)


@contextmanager
def _told(action: str, already: int | None = None) -> Iterator[None]:
    """Turn what Windows refuses into words; `already`: the refusal that means that it is done."""
    try:
        yield
    except pywintypes.error as refusal:
        code = refusal.winerror
        if code == already:
            return
        if code == winerror.ERROR_SERVICE_DOES_NOT_EXIST:
            mend = "install it with 'pixel signalling service install --config FILE'"
            raise NotInstalled(f"service {NAME} is not installed: {mend}") from None
        mend = {
            winerror.ERROR_ACCESS_DENIED: "run this as an administrator",
            winerror.ERROR_SERVICE_REQUEST_TIMEOUT: f"Windows' application log, source {NAME}, says why",
        }.get(code, f"error {code}")
        raise ControlError(f"Windows did not {action} service {NAME} ({refusal.strerror}): {mend}") from None
