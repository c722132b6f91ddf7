"""Runs one piece of work, an Ansible playbook of one task, and measures seconds and AWS calls."""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pixel.sandbox.testing import RunningSandbox

WORK = Path(__file__).parent / "work"
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Cost:
    """What one run cost: seconds on the wall and AWS calls."""

    seconds: float
    calls: int

    def scaled(self, factor: float) -> Cost:
        """Return the cost of `factor` times the work, estimated from this one."""
        return Cost(self.seconds * factor, round(self.calls * factor))


def run(sandbox: RunningSandbox, name: str, environment: dict[str, str], **variables: Any) -> Cost:
    """Run `work/<name>.yml`.

    Raises:
        RuntimeError: the playbook failed; with what it printed.
    """
    # Thousands of records are more than a command line may hold.
    with tempfile.NamedTemporaryFile("w", suffix=".json") as given:
        json.dump(variables, given)
        given.flush()
        sandbox.reset_calls()
        began = time.monotonic()
        done = subprocess.run(
            ["ansible-playbook", str(WORK / f"{name}.yml"), "-e", f"@{given.name}"],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        seconds = time.monotonic() - began
    if done.returncode:
        raise RuntimeError(f"{name} failed:\n{done.stdout[-3000:]}{done.stderr[-1000:]}")
    return Cost(seconds, sum(sandbox.calls().values()))
