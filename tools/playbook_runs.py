"""Runs the project's playbooks as a person would, and reads back what they said."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
REPORT = "ansible.posix.json"
"""The callback that makes Ansible print one JSON document."""


@dataclass(frozen=True)
class Run:
    """One run of a playbook.

    Attributes:
        command: what a person would have typed.
        ok: whether it succeeded.
        message: what the failed task said; empty when it succeeded.
        changes: what its modules changed, in sentences.
        changed: whether any task changed anything.
        seconds: how long it took.
        output: all it printed.
    """

    command: str
    ok: bool
    message: str
    changes: list[str]
    changed: bool
    seconds: float
    output: str


def command(name: str, variables: Mapping[str, Any]) -> list[str]:
    """Return the command line that runs `playbooks/<name>.yml` with extra variables."""
    arguments = ["ansible-playbook", f"playbooks/{name}.yml"]
    for key, value in variables.items():
        arguments += ["-e", f"{key}={value}" if type(value) in (str, int) else json.dumps({key: value})]
    return arguments


def run_playbook(name: str, environment: Mapping[str, str], **variables: Any) -> Run:
    """Run a playbook to its end, whether it succeeds or not."""
    arguments = command(name, variables)
    began = time.monotonic()
    done = subprocess.run(
        arguments,
        cwd=ROOT,
        env={**environment, "ANSIBLE_STDOUT_CALLBACK": REPORT},
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.monotonic() - began
    results = _results(done.stdout)
    failed = [str(result.get("msg", result)) for result in results if result.get("failed")]
    return Run(
        command=" ".join(arguments),
        ok=done.returncode == 0,
        message="\n".join(failed) or ("" if done.returncode == 0 else done.stdout + done.stderr),
        changes=[change for result in results for change in result.get("changes", [])],
        changed=any(result.get("changed") for result in results),
        seconds=seconds,
        output=done.stdout + done.stderr,
    )


def _results(output: str) -> list[dict[str, Any]]:
    """Return every task's result on every host, from the report among what was printed."""
    if "\n{" not in f"\n{output}":
        return []
    report, _ = json.JSONDecoder().raw_decode(output[f"\n{output}".index("\n{") :])
    return [result for play in report["plays"] for task in play["tasks"] for result in task["hosts"].values()]
