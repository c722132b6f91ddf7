"""The sandbox as the tour uses it: started and stopped by its own command, counted, and asked through boto3."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import boto3
import httpx

from pixel.sandbox import state


class DemoSandbox:
    """A running sandbox, found by its state folder."""

    def __init__(self, folder: Path) -> None:
        """Start the sandbox, or find the one that runs already, and go back to its seeds.

        Raises:
            subprocess.CalledProcessError: it could not be started; its message is on the error output.
        """
        self.folder = folder
        subprocess.run(["pixel", "sandbox", "up", "--state", str(folder)], check=True, stdout=subprocess.DEVNULL)
        found = state.read(folder)
        if found is None:
            raise RuntimeError(f"the sandbox wrote no {state.FILE} in {folder}")
        self.facts = found
        self._control = httpx.Client(base_url=f"{found.endpoint}/_sandbox/", timeout=30)
        self._control.post("reset").raise_for_status()

    def environment(self) -> dict[str, str]:
        """Return this process's environment, with the sandbox in it."""
        return {**os.environ, **self.facts.environment(), state.ENVIRONMENT: str(self.folder)}

    def client(self, service: str) -> Any:
        """Return a boto3 client of the sandbox."""
        return boto3.client(  # type: ignore[call-overload]
            service,
            endpoint_url=self.facts.endpoint,
            region_name=self.facts.region,
            aws_access_key_id=self.facts.access_key,
            aws_secret_access_key=self.facts.secret_key,
        )

    def reset_calls(self) -> None:
        """Count AWS calls from zero again."""
        self._control.delete("calls").raise_for_status()

    def calls(self) -> dict[str, int]:
        """Return the AWS calls since the last reset, by action (`ec2.RunInstances`)."""
        counts: dict[str, int] = self._control.get("calls").raise_for_status().json()["actions"]
        return counts

    def boot_members(self, **settings: Any) -> None:
        """Let members that boot from now on be real processes, with settings of the signalling service by section."""
        self._control.put("members", json={"kind": "processes", **settings}).raise_for_status()

    def down(self) -> None:
        """Stop the sandbox with all it started."""
        self._control.close()
        subprocess.run(["pixel", "sandbox", "down", "--state", str(self.folder)], check=True, stdout=subprocess.DEVNULL)
