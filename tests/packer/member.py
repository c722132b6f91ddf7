"""A member from an image: the real service, with the settings and the certificate that the role wrote on the host."""

from __future__ import annotations

import socket
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

from pixel.sandbox.members import InstanceFacts
from pixel.sandbox.members.site import Site, toml

from .windows_host.machine import Machine

PORT = 8443
"""For players: below 1024 only root may listen."""

_DATA = r"C:\ProgramData\Pixel"
_PIXEL = (sys.executable, "-m", "pixel.cli")
_UNREAL = (sys.executable, "-m", "pixel.sandbox.unreal.cli")


class ImagedMembers:
    """Runs a member for each instance that is started to check an image, as long as the instance runs.

    What the service's settings name by a path on the host is given by a path here; its port for streamers is a free
    one, where a synthetic Unreal connects. `silent` members come up without either.
    """

    def __init__(self, machine: Machine, site: Site, folder: Path, *, silent: bool = False) -> None:
        self._machine, self._site, self._folder, self._silent = machine, site, folder, silent
        self._running: dict[str, list[subprocess.Popen[bytes]]] = {}

    def changed(self, facts: InstanceFacts) -> None:
        """Follow an instance's state."""
        if "pixel:check" not in facts.tags or self._silent:
            return
        if facts.state == "running" and facts.public_ip:
            self._running[facts.instance_id] = self._start(facts, facts.public_ip)
        elif facts.state in ("stopping", "shutting-down", "terminated"):
            self._stop(facts.instance_id)

    def close(self) -> None:
        """Stop all of them."""
        for instance_id in list(self._running):
            self._stop(instance_id)

    def _start(self, facts: InstanceFacts, address: str) -> list[subprocess.Popen[bytes]]:
        for name in (r"tls\fullchain.pem", r"tls\privkey.pem"):
            (self._folder / name.split("\\")[-1]).write_bytes(self._machine.read(rf"{_DATA}\{name}"))
        written = tomllib.loads(self._machine.read(rf"{_DATA}\signalling\signalling.toml").decode())
        port = _free_port()
        here: dict[str, dict[str, Any]] = {
            "http": {"host": address, "port": PORT, "redirect_port": "off"},
            "streamer": {"port": port},
            "tls": {"certificate": str(self._folder / "fullchain.pem"), "key": str(self._folder / "privkey.pem")},
        }
        config = self._folder / "signalling.toml"
        config.write_text(toml({name: written.get(name, {}) | here.get(name, {}) for name in {**here, **written}}))
        environment = self._site.program_environment(facts)
        return [
            self._run([*_PIXEL, "signalling", "run", "--config", str(config)], "signalling.log", environment),
            self._run([*_UNREAL, "--url", f"ws://127.0.0.1:{port}"], "unreal.log", environment),
        ]

    def _run(self, command: list[str], log: str, environment: dict[str, str]) -> subprocess.Popen[bytes]:
        with (self._folder / log).open("ab") as output:
            return subprocess.Popen(command, stdout=output, stderr=output, stdin=subprocess.DEVNULL, env=environment)

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
