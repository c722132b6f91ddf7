"""What all members of one sandbox have in common, and the settings that their service gets."""

from __future__ import annotations

import errno
import json
import os
import socket
import sys
from argparse import Namespace
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pixel.sandbox.authority import Certificate
from pixel.sandbox.members.facts import InstanceFacts
from pixel.sandbox.members.imds import PREFIX
from pixel.signalling.settings_sources import SettingsError, load

SectionSettings = Mapping[str, Mapping[str, Any]]
"""Settings of the signalling service: sections, as in its TOML file, with names and values."""

HTTPS, HTTPS_WITHOUT_RIGHTS = 443, 8443
STREAMER = 8888
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "PYTHONPATH", "VIRTUAL_ENV", "LD_LIBRARY_PATH")


@dataclass(frozen=True)
class Site:
    """Where members find AWS, what they are set to, and where they write.

    Attributes:
        environment: what points an AWS SDK at the sandbox, with its credentials.
        folder: of all members' files, a folder for each instance.
        https: the port for players: 443, or 8443 where only root may open ports below 1024.
    """

    endpoint: str
    environment: Mapping[str, str]
    zone: str
    zone_id: str
    lease_table: str
    certificate: Certificate
    folder: Path
    https: int

    def imds(self, instance_id: str) -> str:
        """Return the base address of an instance's metadata service."""
        return f"{self.endpoint}{PREFIX}{instance_id}"

    def program_environment(self, facts: InstanceFacts) -> dict[str, str]:
        """Return the environment of a member's programs.

        Credentials come from its metadata service when the instance has a profile. Without one it would have none on
        AWS; here it gets them by the environment, since permissions are not checked anyway.
        """
        here = {name: os.environ[name] for name in _KEPT if name in os.environ}
        nowhere = dict.fromkeys(("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"), os.devnull)
        aws = {
            name: value
            for name, value in self.environment.items()
            if facts.profile_arn is None or name not in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
        }
        imds = {"AWS_EC2_METADATA_SERVICE_ENDPOINT": self.imds(facts.instance_id)}
        return {**here, **nowhere, **aws, **imds, "PYTHONUNBUFFERED": "1"}

    def settings(self, instance_id: str, address: str, more: SectionSettings) -> SectionSettings:
        """Return the settings of a member's signalling service: the sandbox's, and over them those that are given."""
        power_off = [sys.executable, "-m", "pixel.sandbox.members.shutdown", self.endpoint, instance_id]
        ours: dict[str, dict[str, Any]] = {
            "http": {
                "host": address,
                "port": self.https,
                "redirect_port": 80 if self.https == HTTPS else "off",
            },
            "tls": {"certificate": str(self.certificate.chain_file), "key": str(self.certificate.key_file)},
            # On the member's own address: those of all members share the machine's loopback.
            "streamer": {"host": address, "port": STREAMER},
            "lifecycle": {
                "enabled": True,
                "lease_table": self.lease_table,
                "zone": self.zone,
                "zone_id": self.zone_id,
                "shutdown_command": power_off,
            },
        }
        return {name: {**ours.get(name, {}), **more.get(name, {})} for name in dict.fromkeys([*ours, *more])}

    def check(self, more: SectionSettings) -> None:
        """Raise `ValueError`, which names the setting, unless members could serve with these settings too."""
        with TemporaryDirectory() as folder:
            file = Path(folder) / "signalling.toml"
            file.write_text(toml(self.settings("i-0", "127.0.0.1", more)))
            try:
                load(Namespace(config=str(file)), {})
            except SettingsError as problem:
                raise ValueError(str(problem).replace(f" in {file}", "").replace(f" (from {file})", "")) from None


def toml(settings: SectionSettings) -> str:
    """Return settings as TOML. JSON's forms of texts, numbers, truth and lists are TOML's too."""
    lines = []
    for section, values in settings.items():
        lines.append(f"[{section}]")
        lines += [f"{name} = {json.dumps(value)}" for name, value in values.items()]
    return "\n".join(lines) + "\n"


def https_port() -> int:
    """Return the port on which members serve players: 443 if it may be opened."""
    try:
        socket.create_server(("127.0.0.2", HTTPS)).close()
    except OSError as error:
        if error.errno == errno.EACCES:
            return HTTPS_WITHOUT_RIGHTS
    return HTTPS
