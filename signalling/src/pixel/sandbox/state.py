"""What the outside needs to know of a running sandbox, and where it is written: `sandbox.json` in the state folder."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, fields
from pathlib import Path

FILE = "sandbox.json"
ENVIRONMENT = "PIXEL_SANDBOX_STATE"
DEFAULT_FOLDER = ".sandbox"


@dataclass(frozen=True)
class SandboxState:
    """A running sandbox. Addresses are `127.0.0.1:PORT`; `subnets` maps availability zones to subnet ids.

    `administrator_password` is what GetPasswordData gives, for every Windows instance. `ca_file` is the path of the
    certificate that vouches for members' names, `https_port` where members serve players.
    """

    endpoint: str
    pid: int
    region: str
    access_key: str
    secret_key: str
    zone: str
    zone_id: str
    vpc_id: str
    subnets: dict[str, str]
    security_group_id: str
    base_image_id: str
    lease_table: str
    dns: str
    administrator_password: str
    ca_file: str
    https_port: int

    def environment(self) -> dict[str, str]:
        """Return what points the AWS CLI and every SDK at this sandbox."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
        }


def folder(option: str | None) -> Path:
    """Return the state folder: the option, else $PIXEL_SANDBOX_STATE, else .sandbox in the current folder."""
    return Path(option or os.environ.get(ENVIRONMENT) or DEFAULT_FOLDER).resolve()


def write(state: SandboxState, where: Path) -> None:
    """Write the state so that a reader sees all of it or nothing. The file holds a key: only its owner may read it."""
    where.mkdir(parents=True, exist_ok=True)
    part = where / f"{FILE}.{os.getpid()}"
    part.touch(mode=0o600)
    part.write_text(json.dumps(asdict(state), indent=2) + "\n")
    part.replace(where / FILE)


def read(where: Path) -> SandboxState | None:
    """Return the state last written in the folder, whether its process lives or not; None when there is none."""
    try:
        found = json.loads((where / FILE).read_text())
        return SandboxState(**{entry.name: found[entry.name] for entry in fields(SandboxState)})
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def remove(where: Path) -> None:
    """Forget the state in the folder."""
    (where / FILE).unlink(missing_ok=True)
