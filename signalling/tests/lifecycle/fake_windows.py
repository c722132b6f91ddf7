"""Windows' service control manager and event log behind pywin32's names and signatures.

Only what exists in pywin32 312 is here; a wrong name, argument or order of calls fails as it would there: with
`pywintypes.error` and Windows' own code. Services do not run by themselves: a test runs them.
"""

# ruff: noqa: N803 - the arguments' names are pywin32's

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import pytest

import pixel.signalling

SC_ACTION_RESTART = 1
SERVICE_CONFIG_FAILURE_ACTIONS, SERVICE_CONFIG_FAILURE_ACTIONS_FLAG = 2, 4
SERVICE_STOPPED, SERVICE_START_PENDING, SERVICE_STOP_PENDING, SERVICE_RUNNING = 1, 2, 3, 4
SERVICE_AUTO_START, SERVICE_DEMAND_START = 2, 3
WINERROR = {
    "ERROR_ACCESS_DENIED": 5,
    "ERROR_SERVICE_REQUEST_TIMEOUT": 1053,
    "ERROR_SERVICE_ALREADY_RUNNING": 1056,
    "ERROR_SERVICE_DOES_NOT_EXIST": 1060,
    "ERROR_SERVICE_NOT_ACTIVE": 1062,
    "ERROR_SERVICE_EXISTS": 1073,
}
CODES = {code: name for name, code in WINERROR.items()}


class WindowsError_(Exception):  # noqa: N818, N801 - stands for pywintypes.error
    """`pywintypes.error`: a code, the function that met it, and Windows' words."""

    def __init__(self, code: int, function: str) -> None:
        super().__init__(code, function, CODES[code])
        self.winerror, self.funcname, self.strerror = code, function, CODES[code]


@dataclass
class Service:
    """A service in the registry."""

    python_class: str
    display_name: str
    start_type: int
    description: str | None
    options: dict[str, Any] = field(default_factory=dict)
    failure: dict[int, Any] = field(default_factory=dict)
    state: int = SERVICE_STOPPED


class FakeWindows:
    """The state that the fake modules share.

    Attributes:
        administrator: whether this user may change services.
        starts: whether a service that is started comes to run.
        reported: the states that a running service has told of itself.
        events: the application log: kind and text.
    """

    def __init__(self) -> None:
        self.services: dict[str, Service] = {}
        self.administrator = True
        self.starts = True
        self.reported: list[int] = []
        self.events: list[tuple[str, str]] = []
        self.open_handles = 0

    def find(self, name: str, function: str, *, change: bool = True) -> Service:
        if change and not self.administrator:
            raise WindowsError_(5, function)
        if name not in self.services:
            raise WindowsError_(1060, function)
        return self.services[name]

    # win32serviceutil

    def install(
        self, pythonClassString: str, serviceName: str, displayName: str, startType: Any = None, description: Any = None
    ) -> None:
        if not self.administrator:
            raise WindowsError_(5, "OpenSCManager")
        if serviceName in self.services:
            raise WindowsError_(1073, "CreateService")
        start_type = SERVICE_DEMAND_START if startType is None else startType
        self.services[serviceName] = Service(pythonClassString, displayName, start_type, description)

    def change(
        self,
        pythonClassString: str,
        serviceName: str,
        startType: Any = None,
        displayName: Any = None,
        description: Any = None,
    ) -> None:
        service = self.find(serviceName, "OpenService")
        service.python_class, service.display_name = pythonClassString, displayName
        service.start_type, service.description = startType, description

    def remove(self, serviceName: str) -> None:
        self.find(serviceName, "OpenService")
        del self.services[serviceName]

    def start(self, serviceName: str, args: Any = None) -> None:
        service = self.find(serviceName, "OpenService")
        if service.state != SERVICE_STOPPED:
            raise WindowsError_(1056, "StartService")
        service.state = SERVICE_RUNNING if self.starts else SERVICE_STOPPED

    def stop(self, serviceName: str) -> None:
        service = self.find(serviceName, "OpenService")
        if service.state == SERVICE_STOPPED:
            raise WindowsError_(1062, "ControlService")
        service.state = SERVICE_STOPPED

    def wait(self, serviceName: str, status: int, waitSecs: int) -> None:
        if self.find(serviceName, "OpenService").state != status:
            raise WindowsError_(1053, "QueryServiceStatus")

    def status(self, serviceName: str) -> tuple[int, ...]:
        return (16, self.find(serviceName, "OpenService", change=False).state, 0, 0, 0, 0, 0)

    def set_option(self, serviceName: str, option: str, value: Any) -> None:
        self.find(serviceName, "RegCreateKey").options[option] = value

    def get_option(self, serviceName: str, option: str, defaultValue: Any = None) -> Any:
        return self.find(serviceName, "RegCreateKey").options.get(option, defaultValue)

    # win32service

    def open_manager(self, machine: None, database: None, access: int, /) -> str:
        self.open_handles += 1
        return "manager"

    def open_service(self, manager: str, name: str, access: int, /) -> Service:
        assert manager == "manager"
        service = self.find(name, "OpenService")
        self.open_handles += 1
        return service

    def close(self, handle: object, /) -> None:
        self.open_handles -= 1

    def configure(self, service: Service, level: int, info: Any, /) -> None:
        if level == SERVICE_CONFIG_FAILURE_ACTIONS:
            assert set(info) == {"ResetPeriod", "RebootMsg", "Command", "Actions"}
            assert all(action == SC_ACTION_RESTART and delay > 0 for action, delay in info["Actions"])
        else:
            assert level == SERVICE_CONFIG_FAILURE_ACTIONS_FLAG
            assert isinstance(info, bool)
        service.failure[level] = info

    def modules(self) -> dict[str, ModuleType]:
        """Return the modules by name."""
        windows = self

        class ServiceFramework:
            """What pywin32's does around a service: registers it, and passes controls and states on."""

            _svc_name_: str
            ssh = "handle"

            def __init__(self, args: Any) -> None:
                assert args[0] == self._svc_name_

            def ReportServiceStatus(self, serviceStatus: int, waitHint: int = 5000) -> None:  # noqa: N802
                windows.reported.append(serviceStatus)

        contents: dict[str, dict[str, Any]] = {
            "pywintypes": {"error": WindowsError_},
            "winerror": dict(WINERROR),
            "servicemanager": {
                "LogInfoMsg": lambda text, /: windows.events.append(("info", text)),
                "LogErrorMsg": lambda text, /: windows.events.append(("error", text)),
            },
            "win32service": {
                "OpenSCManager": self.open_manager,
                "OpenService": self.open_service,
                "CloseServiceHandle": self.close,
                "ChangeServiceConfig2": self.configure,
                "SC_ACTION_RESTART": SC_ACTION_RESTART,
                "SC_MANAGER_CONNECT": 1,
                "SERVICE_ALL_ACCESS": 0xF01FF,
                "SERVICE_AUTO_START": SERVICE_AUTO_START,
                "SERVICE_CONFIG_FAILURE_ACTIONS": SERVICE_CONFIG_FAILURE_ACTIONS,
                "SERVICE_CONFIG_FAILURE_ACTIONS_FLAG": SERVICE_CONFIG_FAILURE_ACTIONS_FLAG,
                "SERVICE_STOPPED": SERVICE_STOPPED,
                "SERVICE_START_PENDING": SERVICE_START_PENDING,
                "SERVICE_STOP_PENDING": SERVICE_STOP_PENDING,
                "SERVICE_RUNNING": SERVICE_RUNNING,
            },
            "win32serviceutil": {
                "ServiceFramework": ServiceFramework,
                "InstallService": self.install,
                "ChangeServiceConfig": self.change,
                "RemoveService": self.remove,
                "StartService": self.start,
                "StopService": self.stop,
                "WaitForServiceStatus": self.wait,
                "QueryServiceStatus": self.status,
                "SetServiceCustomOption": self.set_option,
                "GetServiceCustomOption": self.get_option,
            },
        }
        made = {}
        for name, names in contents.items():
            made[name] = ModuleType(name)
            vars(made[name]).update(names)
        return made


OURS = ("windows_control", "windows_host")


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeWindows]:
    """A Windows, in which pywin32 is installed."""
    fake = FakeWindows()
    monkeypatch.setattr(sys, "platform", "win32")
    for name, module in fake.modules().items():
        monkeypatch.setitem(sys.modules, name, module)
    forget_ours()
    yield fake
    forget_ours()


def forget_ours() -> None:
    """Have the modules that import pywin32 loaded anew."""
    for name in OURS:
        sys.modules.pop(f"pixel.signalling.{name}", None)
        vars(pixel.signalling).pop(name, None)
