"""A member from an image: the real service, with the settings and the certificate that the role wrote on the host."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

from pixel.sandbox.members import InstanceFacts

from .windows_host.machine import Machine

PORT = 8443
"""For players: below 1024 only root may listen."""

_DATA = r"C:\ProgramData\Pixel"
_PIXEL = (sys.executable, "-m", "pixel.cli")


class ImagedMembers:
    """Runs a member for each instance that is started to check an image, as long as the instance runs.

    What the service's settings name by a path on the host is given by a path here; its port for streamers is a free
    one, where a synthetic Unreal connects. `silent` members come up without either.
    """

    def __init__(self, machine: Machine, folder: Path, *, silent: bool = False) -> None:
        self._machine, self._folder, self._silent = machine, folder, silent
        self._running: dict[str, list[subprocess.Popen[bytes]]] = {}

    def changed(self, facts: InstanceFacts) -> None:
        """Follow an instance's state."""
        if "pixel:check" not in facts.tags or self._silent:
            return
        if facts.state == "running" and facts.public_ip:
            self._running[facts.instance_id] = self._start(facts.public_ip)
        elif facts.state in ("stopping", "shutting-down", "terminated"):
            self._stop(facts.instance_id)

    def close(self) -> None:
        """Stop all of them."""
        for instance_id in list(self._running):
            self._stop(instance_id)

    def _start(self, address: str) -> list[subprocess.Popen[bytes]]:
        for name in (r"signalling\signalling.toml", r"tls\fullchain.pem", r"tls\privkey.pem"):
            (self._folder / name.split("\\")[-1]).write_bytes(self._machine.read(rf"{_DATA}\{name}"))
        port = _free_port()
        options = {
            "--config": self._folder / "signalling.toml",
            "--http-host": address,
            "--http-port": PORT,
            "--http-redirect-port": "off",
            "--streamer-port": port,
            "--tls-certificate": self._folder / "fullchain.pem",
            "--tls-key": self._folder / "privkey.pem",
            "--lifecycle-enabled": "false",
        }
        flags = [str(word) for pair in options.items() for word in pair]
        return [
            self._run([*_PIXEL, "signalling", "run", *flags], "signalling.log"),
            self._run(
                [sys.executable, "-m", "pixel.sandbox.unreal.cli", "--url", f"ws://127.0.0.1:{port}"], "unreal.log"
            ),
        ]

    def _run(self, command: list[str], log: str) -> subprocess.Popen[bytes]:
        with (self._folder / log).open("ab") as output:
            return subprocess.Popen(command, stdout=output, stderr=output, stdin=subprocess.DEVNULL, env=os.environ)

    def _stop(self, instance_id: str) -> None:
        for process in self._running.pop(instance_id, []):
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
