"""Where schedules are played on real processes: a sandbox with the deployed wake path, and its playbooks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from pixel.sandbox.testing import RunningSandbox

ROOT = Path(__file__).resolve().parents[2]
START, CONNECT, HEARTBEAT, GRACE, CAP = 45.0, 15.0, 20.0, 10.0, 90.0
UNLEASED, CONFIRM, STOPPING = 20.0, 5.0, 12.0
"""Deadlines of the wake function, in seconds."""
WAIT = 120
"""Seconds that a playbook waits for instances."""
RELEASES = ("1.0.0", "1.1.0")


class House:
    """A sandbox with the wake path deployed as `playbooks/site.yml` does it, with short deadlines."""

    def __init__(self, sandbox: RunningSandbox, folder: Path) -> None:
        self.sandbox = sandbox
        self.environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PIXEL_SANDBOX_STATE": str(folder),
            "ANSIBLE_HOME": str(ROOT / ".ansible"),
        }
        self.release = RELEASES[0]
        self._package = folder / "wake.zip"
        sandbox.set_delays(start=0.5, stop=0.5, terminate=0.3, status=0.5, dns=0.5)
        for release in RELEASES:
            self._image(release)
        self.must("site", pixel_wake_package=str(self._package))
        self._shorten()
        (api,) = sandbox.sandbox.status()["apis"]
        self.api: str = api["url"]
        keys = sandbox.client("apigateway").get_api_keys(includeValues=True)["items"]
        self.keys = [key["value"] for key in keys]
        rules = sandbox.client("events").list_rules()["Rules"]
        self.schedule: str = next(rule["Name"] for rule in rules if rule.get("ScheduleExpression"))

    def _image(self, release: str) -> None:
        tags = {"pixel:pool": "drone", "pixel:release": release, "pixel:verified": "true"}
        self.sandbox.ec2.register_image(
            Name=f"pixel-drone-{release}",
            Architecture="x86_64",
            RootDeviceName="/dev/sda1",
            TagSpecifications=[
                {"ResourceType": "image", "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}
            ],
        )

    def _shorten(self) -> None:
        """Set the function's deadlines, which the stack leaves at their defaults."""
        functions = self.sandbox.client("lambda")
        (name,) = (one["FunctionName"] for one in functions.list_functions()["Functions"])
        variables = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        short = {
            "START_SECONDS": START,
            "CONNECT_SECONDS": CONNECT,
            "HEARTBEAT_SECONDS": HEARTBEAT,
            "GRACE_SECONDS": GRACE,
            "CAP_SECONDS": CAP,
            "UNLEASED": UNLEASED,
            "CONFIRM": CONFIRM,
            "STOPPING": STOPPING,
            "ROSTER": 10,
            "WATCH": 1,
        }
        variables |= {f"PIXEL_{name}": value for name, value in short.items()}
        variables = {name: str(value) for name, value in variables.items()}  # moto keeps numbers as numbers
        functions.update_function_configuration(FunctionName=name, Environment={"Variables": variables})

    def command(self, name: str, **variables: Any) -> list[str]:
        """Return the command that runs a playbook."""
        arguments = ["ansible-playbook", f"playbooks/{name}.yml"]
        # A canary asks more of a member than a light one has.
        for key, value in {"pixel_canary": "false", "pixel_wait_timeout": WAIT, **variables}.items():
            arguments += ["-e", f"{key}={value}"]
        return arguments

    def must(self, name: str, **variables: Any) -> None:
        """Run a playbook that must succeed.

        Raises:
            RuntimeError: with what it printed.
        """
        done = subprocess.run(
            self.command(name, **variables),
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{name} failed: {done.stdout[-3000:]}{done.stderr[-1000:]}")
