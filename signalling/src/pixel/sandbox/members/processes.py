"""Members as processes: the real signalling service and a synthetic Unreal on the instance's own address."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from pixel.sandbox.members.facts import InstanceFacts
from pixel.sandbox.members.site import STREAMER, SectionSettings, Site, toml


class Computer:
    """The process tree of one member; see `pixel.sandbox.members.computer`."""

    def __init__(self, programs: list[dict[str, Any]], folder: Path, environment: dict[str, str]) -> None:
        with (folder / "computer.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "pixel.sandbox.members.computer"],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env=environment,
                start_new_session=True,
            )
        self._switch = self._process.stdin
        self._say(json.dumps(programs))

    @property
    def pid(self) -> int:
        """The id of the process, which is also that of the group of all its programs."""
        return self._process.pid

    def _say(self, line: str) -> None:
        if self._switch is not None:
            self._switch.write(f"{line}\n".encode())
            self._switch.flush()

    def halt(self) -> None:
        """Switch it off: its programs end in their own ways, within a few seconds."""
        if self._switch is not None:
            with suppress(BrokenPipeError):
                self._switch.close()

    def cut(self) -> None:
        """Take its power, and return when nothing of it is left."""
        self.halt()
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


class ProcessMembers:
    """The computers that are on.

    Args:
        settings: gives the settings of members that boot now, beside the sandbox's own.
        legacy: tells whether their synthetic Unreal is 4.27.
    """

    def __init__(self, site: Site, settings: Callable[[], SectionSettings], legacy: Callable[[], bool]) -> None:
        self._site = site
        self._settings = settings
        self._legacy = legacy
        self._computers: dict[str, Computer] = {}

    def boot(self, facts: InstanceFacts) -> None:
        """Switch on the computer of an instance that has come to run."""
        if facts.public_ip is None:
            return
        folder = self._site.folder / facts.instance_id
        folder.mkdir(parents=True, exist_ok=True)
        config = folder / "signalling.toml"
        config.write_text(toml(self._site.settings(facts.instance_id, facts.public_ip, self._settings())))
        age = ["--legacy"] if self._legacy() else []
        programs = [
            _program(folder, "signalling", "pixel.cli", "signalling", "run", "--config", str(config)),
            _program(folder, "unreal", "pixel.sandbox.unreal.cli", "--url", f"ws://{facts.public_ip}:{STREAMER}", *age),
        ]
        self._computers[facts.instance_id] = Computer(programs, folder, self._site.program_environment(facts))

    def halt(self, instance_id: str) -> None:
        """Switch the instance's computer off, if it is on."""
        if instance_id in self._computers:
            self._computers[instance_id].halt()

    def cut(self, instance_id: str) -> None:
        """Make sure that nothing of the instance's computer is left."""
        computer = self._computers.pop(instance_id, None)
        if computer is not None:
            computer.cut()

    def report(self, instance_id: str) -> dict[str, Any]:
        """Return what there is to know of an instance's computer beside its facts; nothing when it is off."""
        computer = self._computers.get(instance_id)
        folder = self._site.folder / instance_id
        return {} if computer is None else {"pid": computer.pid, "port": self._site.https, "folder": str(folder)}


def _program(folder: Path, name: str, *command: str) -> dict[str, Any]:
    return {
        "name": name,
        "command": [sys.executable, "-m", *command],
        "output": str(folder / f"{name}.jsonl"),
        "errors": str(folder / f"{name}.log"),
    }
