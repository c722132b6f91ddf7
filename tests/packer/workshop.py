"""Everything around `playbooks/image.yml` on the sandbox: the stand-in host, the files, the account, a member."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pixel.sandbox.testing import RunningSandbox

from . import builder
from .member import PORT, ImagedMembers
from .windows_host.host import Host, running_host
from .windows_host.machine import Machine

ROOT = Path(__file__).resolve().parents[2]
ANSIBLE_PLAYBOOK = Path(sys.executable).with_name("ansible-playbook")


class Workshop:
    """A place to build images in.

    Attributes:
        host: the builder as a Windows host: its machine and its journal.
        settings: the playbooks' settings; a test may change them.
    """

    def __init__(self, sandbox: RunningSandbox, host: Host, settings: dict[str, Any], folder: Path) -> None:
        self.sandbox, self.host, self.settings, self._folder = sandbox, host, settings, folder

    def play(
        self, playbook: str, release: str = "1.4.0", *, shown: bool = False, **settings: Any
    ) -> subprocess.CompletedProcess[str]:
        """Run a playbook with the settings; its output is shown as it comes, or is in the answer."""
        file = self._folder / "settings.json"
        file.write_text(json.dumps({**self.settings, "pixel_release": release, **settings}))
        environment = {
            **os.environ,
            "PIXEL_SANDBOX_STATE": str(self._folder / "state"),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_DEPRECATION_WARNINGS": "0",
        }
        return subprocess.run(
            [str(ANSIBLE_PLAYBOOK), f"playbooks/{playbook}.yml", "--extra-vars", f"@{file}"],
            cwd=ROOT,
            env=environment,
            stdout=None if shown else subprocess.PIPE,
            stderr=None if shown else subprocess.STDOUT,
            text=True,
            check=False,
        )

    def images(self) -> list[dict[str, Any]]:
        """Return the account's own images."""
        found: list[dict[str, Any]] = self.sandbox.client("ec2").describe_images(Owners=["self"])["Images"]
        return found

    def image(self, release: str) -> dict[str, Any]:
        """Return the image of a release of the pool."""
        (found,) = [image for image in self.images() if image["Name"] == f"pixel-drone-{release}"]
        return found

    def left_behind(self) -> dict[str, list[str]]:
        """Return what a build should not leave: live instances, its security groups, its key pairs."""
        ec2: Any = self.sandbox.client("ec2")
        instances = [one for page in ec2.describe_instances()["Reservations"] for one in page["Instances"]]
        return {
            "instances": [
                one["InstanceId"] for one in instances if one["State"]["Name"] not in ("shutting-down", "terminated")
            ],
            "groups": [
                one["GroupId"]
                for one in ec2.describe_security_groups()["SecurityGroups"]
                if one["GroupName"].startswith("packer")
            ],
            "keys": [one["KeyName"] for one in ec2.describe_key_pairs()["KeyPairs"]],
        }


@contextmanager
def workshop(
    sandbox: RunningSandbox,
    folder: Path,
    *,
    broken: set[str] | None = None,
    silent_member: bool = False,
    certificate_days: float = 90,
) -> Iterator[Workshop]:
    """Set a workshop up in a folder, with the sandbox's state in `state`, and tear it down at the end."""
    machine = Machine(broken=broken or set())
    machine.run_user_data((ROOT / "packer" / "user_data.ps1").read_text())
    fullchain = builder.fill_account(sandbox, certificate_days)
    (folder / "ca.pem").write_text(fullchain)
    members = ImagedMembers(machine, sandbox.sandbox.members.site, folder, silent=silent_member)
    sandbox.sandbox.observe(members)
    password = sandbox.state.administrator_password
    try:
        with running_host(folder, password, machine, lambda: builder.stop_builders(sandbox.state)) as (host, port):
            settings = {
                **builder.installed_files(folder),
                "pixel_executable": builder.PROGRAM,
                "pixel_artifact_bucket": builder.BUCKET,
                "pixel_certificate_secret": builder.SECRET,
                "pixel_builder_cidrs": ["127.0.0.1/32"],
                "pixel_image_work": str(folder / "work"),
                "pixel_packer_variables": {
                    "endpoint": sandbox.endpoint,
                    "winrm_host": "127.0.0.1",
                    "winrm_port": port,
                    "polling_seconds": 1,
                },
                "pixel_host_overrides": {"streaming_host_settle_seconds": 0, "streaming_host_health_retries": 1},
                "pixel_verify_timeout": 30,
                "pixel_canary": False,  # the member from the image is the one that was checked, without a lease
                "pixel_verify_arguments": ["--port", str(PORT), "--ca", str(folder / "ca.pem")],
                "pixel_service_settings": {"lifecycle": {"enabled": True, "lease_table": sandbox.state.lease_table}},
            }
            yield Workshop(sandbox, host, settings, folder)
    finally:
        sandbox.sandbox.unobserve(members)
        members.close()
