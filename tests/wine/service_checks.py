"""The service package in a Windows Python, under Wine: `make test-wine`.

Not named test_*: it needs Wine and downloads that nothing else does, so it is no part of `make test`.
"""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import connect

from pixel.sandbox.authority import Certificate, issue

from .windows import ROOT, WINE_SECONDS, Windows

NAME = "drone-127-0-0-1.pixel.test"
TOML = """
[http]
host = "127.0.0.1"
port = {port}
redirect_port = "off"
[streamer]
port = {streamer}
[access]
mode = "none"
[tls]
certificate = 'Z:{certificate}'
key = 'Z:{key}'
"""


class Installed:
    """The service as it is installed in the Windows, and the port of its settings."""

    def __init__(self, windows: Windows, certificate: Certificate, config: Path, port: int) -> None:
        self.windows, self.config, self.port = windows, config, port
        self.context = ssl.create_default_context(cafile=str(certificate.ca_file))

    def pixel(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the command `pixel` on Windows."""
        return self.windows.run(on_windows(), "pixel", *arguments)

    def connection(self) -> socket.socket:
        """Return a new connection to the service's port for players."""
        return socket.create_connection(("127.0.0.1", self.port), 5)

    @contextmanager
    def hosted(self) -> Iterator[subprocess.Popen[str]]:
        """Run the installed service; yield it once it listens."""
        process = subprocess.Popen(
            self.windows.command(on_windows(), "host"),
            env=self.windows.environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            self._until_it_listens(process)
            yield process
        finally:
            process.kill()
            process.communicate()

    def _until_it_listens(self, process: subprocess.Popen[str]) -> None:
        deadline, pause = time.monotonic() + WINE_SECONDS, 0.1
        while True:
            try:
                self.connection().close()
                return
            except OSError:
                assert process.poll() is None, process.communicate()[0]
                assert time.monotonic() < deadline, "the service does not listen"
                time.sleep(pause)
                pause = min(pause * 1.5, 1.0)


def on_windows() -> str:
    return "Z:" + str(Path(__file__).with_name("on_windows.py"))


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def windows() -> Iterator[Windows]:
    made = Windows(ROOT / ".cache" / "wine")
    made.make()
    yield made
    made.close()


@pytest.fixture(scope="module")
def installed(windows: Windows, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    folder = tmp_path_factory.mktemp("wine")
    certificate, config, port = issue("pixel.test", folder), folder / "signalling.toml", free_port()
    config.write_text(
        TOML.format(port=port, streamer=free_port(), certificate=certificate.chain_file, key=certificate.key_file)
    )
    service = Installed(windows, certificate, config, port)
    said = service.pixel("signalling", "service", "install", "--config", f"Z:{config}")
    assert said.returncode == 0, said.stdout
    yield service
    service.pixel("signalling", "service", "remove")


def test_the_settings_are_checked_with_windows_paths(installed: Installed) -> None:
    said = installed.pixel("signalling", "check", "--config", f"Z:{installed.config}")
    assert said.returncode == 0, said.stdout


def test_the_registry_starts_the_services_host_with_windows(installed: Installed) -> None:
    entry: dict[str, Any] = json.loads(installed.windows.run(on_windows(), "registry").stdout.splitlines()[-1])
    assert entry["Start"] == 2  # SERVICE_AUTO_START
    assert entry["ImagePath"].strip('"').endswith("\\pythonservice.exe")
    assert entry["PythonClass"] == "pixel.signalling.windows_host.SignallingWindowsService"
    assert entry["Parameters"] == "Z:" + str(installed.config).replace("/", "\\")


def test_installing_again_is_no_error(installed: Installed) -> None:
    again = installed.pixel("signalling", "service", "install", "--config", f"Z:{installed.config}")
    assert again.returncode == 0, again.stdout


def test_a_service_that_does_not_run_is_told_by_the_exit_code(installed: Installed) -> None:
    said = installed.pixel("signalling", "service", "status")
    assert (said.stdout.strip(), said.returncode) == ("stopped", 3)


def test_the_installed_service_serves_tls_and_stops(installed: Installed) -> None:
    with installed.hosted() as process:
        address = f"wss://{NAME}:{installed.port}/"
        with connect(address, sock=installed.connection(), ssl=installed.context, server_hostname=NAME) as player:
            assert json.loads(player.recv(timeout=10))["type"] == "config"
        said, _ = process.communicate("stop\n", timeout=30)
        assert process.returncode == 0, said
        with pytest.raises(OSError):
            installed.connection()
