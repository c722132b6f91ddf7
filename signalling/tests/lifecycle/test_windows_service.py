"""The signalling service under Windows' service control manager, and what is said where there is none."""

from __future__ import annotations

import importlib
import logging
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from pixel.signalling.hosted_service import HostedService, ServiceFailed
from pixel.signalling.windows_service import main

from .fake_windows import (
    SERVICE_AUTO_START,
    SERVICE_CONFIG_FAILURE_ACTIONS,
    SERVICE_CONFIG_FAILURE_ACTIONS_FLAG,
    SERVICE_RUNNING,
    SERVICE_START_PENDING,
    SERVICE_STOP_PENDING,
    FakeWindows,
    windows,  # noqa: F401 - a fixture
)

NAME = "PixelSignalling"
DEADLINE = 30.0


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Settings of a service on ports that are free."""
    file = tmp_path / "signalling.toml"
    file.write_text(
        '[http]\nhost = "127.0.0.1"\nport = 0\nredirect_port = "off"\n[streamer]\nport = 0\n[access]\nmode = "none"\n'
    )
    return file


@pytest.fixture(autouse=True)
def logs_as_they_were() -> Iterator[None]:
    """A service takes the logs of its process for itself: give them back."""
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def installed(windows: FakeWindows, config: Path) -> FakeWindows:  # noqa: F811 - the fixture
    assert main(["install", "--config", str(config)]) == 0
    return windows


# Where there is no Windows


@pytest.mark.parametrize("action", [["install", "--config", "x"], ["remove"], ["start"], ["stop"], ["status"]], ids=str)
def test_elsewhere_the_foreground_is_pointed_to(action, capsys):
    assert main(action) == 2
    assert "run it with 'pixel signalling run --config FILE'" in capsys.readouterr().err


def test_a_windows_without_pywin32_is_told_what_to_install(monkeypatch, capsys):
    monkeypatch.setattr(sys, "platform", "win32")
    assert main(["status"]) == 1
    assert "pip install pywin32" in capsys.readouterr().err


# Installing


def test_the_service_starts_with_windows(installed):
    assert installed.services[NAME].start_type == SERVICE_AUTO_START


def test_windows_restarts_it_whenever_it_fails(installed):
    failure = installed.services[NAME].failure
    assert len(failure[SERVICE_CONFIG_FAILURE_ACTIONS]["Actions"]) == 3
    assert failure[SERVICE_CONFIG_FAILURE_ACTIONS_FLAG] is True


def test_the_service_knows_its_settings_by_their_whole_path(installed, config, monkeypatch):
    monkeypatch.chdir(config.parent)
    main(["install", "--config", config.name])
    assert installed.services[NAME].options == {"config": str(config)}


def test_the_class_that_windows_is_told_exists(installed):
    module, _, name = installed.services[NAME].python_class.rpartition(".")
    assert getattr(importlib.import_module(module), name)._svc_name_ == NAME


def test_installing_again_changes_the_settings(installed, config):
    other = config.with_name("other.toml")
    other.write_text("")
    assert main(["install", "--config", str(other)]) == 0
    assert installed.services[NAME].options == {"config": str(other)}


def test_installing_leaves_no_handle_open(installed):
    assert installed.open_handles == 0


def test_settings_that_do_not_exist_are_refused(windows, tmp_path, capsys):  # noqa: F811 - the fixture
    assert main(["install", "--config", str(tmp_path / "none.toml")]) == 2
    assert "given with --config, does not exist" in capsys.readouterr().err
    assert windows.services == {}


def test_whoever_is_no_administrator_is_told_so(windows, config, capsys):  # noqa: F811 - the fixture
    windows.administrator = False
    assert main(["install", "--config", str(config)]) == 1
    assert "run this as an administrator" in capsys.readouterr().err


# Controlling


def test_start_waits_until_it_runs(installed, capsys):
    assert main(["start"]) == 0
    assert main(["status"]) == 0
    assert capsys.readouterr().out.endswith("running\n")


def test_a_service_that_does_not_come_up_points_to_the_event_log(installed, capsys):
    installed.starts = False
    assert main(["start"]) == 1
    assert "application log" in capsys.readouterr().err


@pytest.mark.parametrize("action", ["start", "stop", "remove"])
def test_every_action_may_be_repeated(installed, action):
    assert main([action]) == 0
    if action != "remove":
        assert main([action]) == 0


def test_a_service_that_does_not_run_has_its_exit_code(installed, capsys):
    assert main(["status"]) == 3
    assert capsys.readouterr().out.endswith("stopped\n")


def test_a_running_service_is_stopped_before_it_is_removed(installed):
    main(["start"])
    assert main(["remove"]) == 0
    assert installed.services == {}


def test_starting_what_is_not_installed_says_how_to_install_it(windows, capsys):  # noqa: F811 - the fixture
    assert main(["start"]) == 1
    assert "pixel signalling service install" in capsys.readouterr().err


def test_what_is_not_installed_is_stopped_and_has_a_status(windows, capsys):  # noqa: F811 - the fixture
    assert main(["stop"]) == 0
    assert main(["status"]) == 3
    assert capsys.readouterr().out.endswith("not installed\n")


# Running, as pywin32 runs it


@pytest.fixture
def service_class(installed: FakeWindows) -> type:
    return importlib.import_module("pixel.signalling.windows_host").SignallingWindowsService


def run_until_it_listens(service, windows: FakeWindows) -> threading.Thread:  # noqa: F811 - a parameter
    listening = threading.Event()
    report = service.ReportServiceStatus

    def watch(status: int, **hint: int) -> None:
        report(status, **hint)
        if status == SERVICE_RUNNING:
            listening.set()

    service.ReportServiceStatus = watch
    thread = threading.Thread(target=service.SvcRun)
    thread.start()
    assert listening.wait(DEADLINE), windows.events
    return thread


@pytest.fixture
def in_linux_s_way(monkeypatch: pytest.MonkeyPatch, service_class: type) -> Iterator[None]:
    """The service itself runs on this system: asyncio must not take it for Windows."""
    monkeypatch.setattr(sys, "platform", "linux")
    yield


@pytest.mark.usefixtures("in_linux_s_way")
def test_it_is_running_once_it_listens_and_stops_when_told(installed, service_class):
    service = service_class([NAME])
    thread = run_until_it_listens(service, installed)
    assert installed.reported == [SERVICE_START_PENDING, SERVICE_RUNNING]
    service.SvcStop()
    thread.join(DEADLINE)
    assert not thread.is_alive()
    assert installed.reported[2:] == [SERVICE_STOP_PENDING, SERVICE_STOP_PENDING]


@pytest.mark.usefixtures("in_linux_s_way")
def test_the_event_log_tells_start_and_stop(installed, service_class):
    service = service_class([NAME])
    thread = run_until_it_listens(service, installed)
    service.SvcShutdown()
    thread.join(DEADLINE)
    assert [kind for kind, _ in installed.events] == ["info", "info"]
    assert "listens: players on port" in installed.events[0][1]


@pytest.mark.usefixtures("in_linux_s_way")
def test_wrong_settings_are_told_in_the_event_log_and_fail_the_service(installed, service_class, config):
    config.write_text("[http]\nport = -5\n")
    with pytest.raises(ServiceFailed, match=r"http\.port"):
        service_class([NAME]).SvcRun()
    ((kind, text),) = installed.events
    assert kind == "error"
    assert "http.port" in text
    assert SERVICE_RUNNING not in installed.reported


# The service in anybody's main loop


class Events:
    """An event log in a list."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def info(self, text: str) -> None:
        self.told.append(text)

    def error(self, text: str) -> None:
        self.told.append(f"error: {text}")


def test_a_stop_that_comes_before_the_start_is_kept(config):
    hosted = HostedService(str(config), Events())
    hosted.stop()
    hosted.run(lambda: pytest.fail("it listened"))


def test_a_port_that_is_taken_fails_the_service(config):
    events = Events()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        config.write_text(config.read_text().replace("port = 0\nredirect", f"port = {port}\nredirect"))
        with pytest.raises(ServiceFailed, match=str(port)):
            HostedService(str(config), events).run(lambda: None)
    assert events.told[0].startswith("error: ")


def test_the_log_is_written_beside_the_settings(config):
    hosted = HostedService(str(config), Events())
    hosted.run(hosted.stop)
    assert config.with_suffix(".log").exists()


def test_a_log_that_has_grown_long_is_put_aside(config, monkeypatch):
    monkeypatch.setattr("pixel.signalling.hosted_service.LOG_LIMIT", 10)
    config.with_suffix(".log").write_text("x" * 11)
    hosted = HostedService(str(config), Events())
    hosted.run(hosted.stop)
    assert config.with_suffix(".1.log").read_text() == "x" * 11
