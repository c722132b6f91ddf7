"""What the tests run in the Windows Python.

on_windows.py pixel ARGUMENTS...   the command `pixel`
on_windows.py registry             the service's entries in the registry, as JSON
on_windows.py host                 the installed service, until a line comes in
"""

from __future__ import annotations

import json
import sys
import threading
import winreg
from typing import Any

import win32service
import win32serviceutil

from pixel import cli
from pixel.signalling.windows_host import SignallingWindowsService

ENTRY = r"System\CurrentControlSet\Services\PixelSignalling"


def without_the_failure_flag(change: Any) -> Any:
    """Return ChangeServiceConfig2 less the level that Wine 8 lacks: whether a reported error counts as a failure."""

    def changed(service: object, level: int, value: object) -> None:
        if level != win32service.SERVICE_CONFIG_FAILURE_ACTIONS_FLAG:
            change(service, level, value)

    return changed


def registry() -> dict[str, Any]:
    """Return the service's values, and the default or only value of each key below."""
    with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, ENTRY) as key:
        values = {name: value for name, value, _ in (winreg.EnumValue(key, place) for place in count(key, 1))}
        for name in [winreg.EnumKey(key, place) for place in count(key, 0)]:
            with winreg.OpenKey(key, name) as below:
                values[name] = winreg.EnumValue(below, 0)[1] if winreg.QueryInfoKey(below)[1] else None
    return values


def count(key: Any, what: int) -> range:
    """Return the places of a key's subkeys (0) or values (1)."""
    return range(winreg.QueryInfoKey(key)[what])


def host() -> None:
    """Run the service's class as pywin32's host does, since Wine's service manager does not start pywin32's host."""
    threading.Thread(target=stop_at_a_line, daemon=True).start()
    win32serviceutil.DebugService(SignallingWindowsService, [SignallingWindowsService._svc_name_])


def stop_at_a_line() -> None:
    """Stop the service, on another thread than it runs on, as Windows does."""
    sys.stdin.readline()
    win32serviceutil.g_debugService.SvcStop()


if __name__ == "__main__":
    if sys.argv[1] == "pixel":
        win32service.ChangeServiceConfig2 = without_the_failure_flag(win32service.ChangeServiceConfig2)
        sys.exit(cli.main(sys.argv[2:]))
    elif sys.argv[1] == "registry":
        sys.stdout.write(json.dumps(registry()))
    else:
        host()
