"""The model of the machine: what modules and programs change, and tests look at."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import Any

from .paths import is_below, key, parents


@dataclass(frozen=True)
class Access:
    """One entry of an access list; a folder's holds for what is in it too, which is the module's default."""

    user: str
    rights: str
    type: str


FIREWALL_RULES = r"HKLM:\SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy\FirewallRules"
"""Where the firewall keeps its rules over a restart, each under its name (MS-GPFAS, 4.2, shows one)."""
_NEW_RULE = re.compile(r"^New-NetFirewallRule -Name (\S+) .*-LocalPort (\d+)", re.MULTILINE)


@dataclass
class Machine:
    """A Windows Server as EC2 starts it, reduced to what an image is made of.

    Attributes:
        files: contents by path; None for a folder.
        access: the entries of each path's access list that are its own.
        closed: paths that do not inherit their folder's access list.
        services: by lower-case name; each has `name`, `state`, `start_mode` and what `win_service` set.
        registry: data by key and name of the value.
        rights: accounts by the right that they have.
        firewall: rules by name.
        tasks: scheduled tasks by path and name.
        defender_exclusions: folders that are not scanned.
        power_plan: the active one.
        timezone: its Windows name.
        boots: how often it has booted; at each, services that start by themselves do.
        broken: what the test wants to go wrong, by the names that `programs` and the modules know.
    """

    files: dict[str, bytes | None] = field(default_factory=dict)
    access: dict[str, set[Access]] = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)
    services: dict[str, dict[str, Any]] = field(default_factory=dict)
    registry: dict[tuple[str, str], Any] = field(default_factory=dict)
    rights: dict[str, set[str]] = field(default_factory=dict)
    firewall: dict[str, dict[str, Any]] = field(default_factory=dict)
    tasks: dict[str, dict[str, Any]] = field(default_factory=dict)
    defender_exclusions: set[str] = field(default_factory=set)
    power_plan: str = "Balanced"
    timezone: str = "UTC"
    boots: int = 1
    broken: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        for folder in (r"C:\Program Files", r"C:\ProgramData", r"C:\Windows\Temp", r"C:\Windows\System32"):
            self.make_folder(folder)
        for name, mode, state in (
            ("WinRM", "auto", "started"),
            ("W32Time", "manual", "stopped"),
            ("wuauserv", "manual", "stopped"),
            ("AmazonSSMAgent", "auto", "started"),
        ):
            self.services[name.lower()] = {"name": name, "start_mode": mode, "state": state}
        for program in (
            r"C:\Program Files\Amazon\EC2Launch\EC2Launch.exe",
            r"C:\Windows\System32\w32tm.exe",
            r"C:\Windows\System32\shutdown.exe",
        ):
            self.write(program, b"MZ")
        self.tasks[key(r"\Microsoft\Windows\Server Manager\ServerManager")] = {"enabled": True}

    def run_user_data(self, text: str) -> None:
        """Do at the first boot what user data asks, as far as images are concerned: rules in the firewall."""
        for name, port in _NEW_RULE.findall(text):
            rule = f"v2.31|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort={port}|Name={name}|"
            self.registry[(key(FIREWALL_RULES), name)] = rule

    def exists(self, path: str) -> bool:
        """Tell whether there is a file or a folder."""
        return key(path) in self.files

    def read(self, path: str) -> bytes:
        """Return a file's content.

        Raises:
            FileNotFoundError: there is none, or it is a folder.
        """
        content = self.files.get(key(path))
        if content is None:
            raise FileNotFoundError(f"Cannot find path '{path}' because it does not exist.")
        return content

    def write(self, path: str, content: bytes) -> None:
        """Write a file, and the folders above it."""
        for folder in parents(path):
            self.files.setdefault(folder, None)
        self.files[key(path)] = content

    def make_folder(self, path: str) -> None:
        """Make a folder and those above it."""
        for folder in (key(path), *parents(path)):
            self.files.setdefault(folder, None)

    def remove(self, path: str) -> None:
        """Remove a file, or a folder with all in it."""
        for name in [name for name in self.files if name == key(path) or is_below(name, path)]:
            del self.files[name]

    def checksum(self, path: str, algorithm: str = "sha1") -> str:
        """Return a file's digest in hexadecimal; empty when there is none."""
        content = self.files.get(key(path))
        return "" if content is None else hashlib.new(algorithm, content).hexdigest()

    def boot(self) -> None:
        """Restart: what was started by hand is gone, what starts by itself runs."""
        self.boots += 1
        for service in self.services.values():
            starts = service["start_mode"] in ("auto", "delayed") and service["name"] not in self.broken
            service["state"] = "started" if starts else "stopped"
