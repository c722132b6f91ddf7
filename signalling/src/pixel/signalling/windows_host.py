"""What Windows' service control manager starts: pywin32's `pythonservice.exe` loads this module's class by its name."""

from __future__ import annotations

from collections.abc import Sequence

import servicemanager  # type: ignore[import-untyped]  # pywin32 is untyped, and on Windows only
import win32service  # type: ignore[import-untyped]  # pywin32 is untyped, and on Windows only
import win32serviceutil  # type: ignore[import-untyped]  # pywin32 is untyped, and on Windows only

from pixel.signalling.hosted_service import HostedService

NAME = "PixelSignalling"
DISPLAY_NAME = "Pixel signalling"
DESCRIPTION = "Connects players and controllers to Unreal on this machine, and stops the machine when nobody uses it."
CONFIG_OPTION = "config"
"""Under which the path of the settings file is kept among the service's parameters in the registry."""
START_HINT = 30_000
"""Milliseconds that the service may take to listen."""


class WindowsEventLog:
    """The application log, under the service's name."""

    def info(self, text: str) -> None:
        """Tell what happened."""
        servicemanager.LogInfoMsg(text)

    def error(self, text: str) -> None:
        """Tell why the service does not run."""
        servicemanager.LogErrorMsg(text)


class SignallingWindowsService(win32serviceutil.ServiceFramework):  # type: ignore[misc]  # its base is untyped
    """The signalling service as Windows sees it. The names are pywin32's."""

    _svc_name_ = NAME
    _svc_display_name_ = DISPLAY_NAME
    _svc_description_ = DESCRIPTION

    def __init__(self, args: Sequence[str]) -> None:
        super().__init__(args)
        config = win32serviceutil.GetServiceCustomOption(NAME, CONFIG_OPTION)
        self._hosted = HostedService(config, WindowsEventLog())

    def SvcRun(self) -> None:  # noqa: N802
        """Run until stopped. Windows takes the service for started only when it listens.

        What this raises pywin32 reports as a failure, upon which Windows starts the service again.
        """
        self.ReportServiceStatus(win32service.SERVICE_START_PENDING, waitHint=START_HINT)
        self._hosted.run(lambda: self.ReportServiceStatus(win32service.SERVICE_RUNNING))
        self.ReportServiceStatus(win32service.SERVICE_STOP_PENDING)

    def SvcStop(self) -> None:  # noqa: N802
        """Stop: called on another thread than SvcRun's."""
        self.ReportServiceStatus(win32service.SERVICE_STOP_PENDING)
        self._hosted.stop()

    def SvcShutdown(self) -> None:  # noqa: N802
        """Windows shuts down: the peers are told before the network goes."""
        self.SvcStop()
