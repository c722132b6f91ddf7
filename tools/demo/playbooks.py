"""Runs the project's playbooks as a person would, and reads back what they said and what they cost."""

from __future__ import annotations

import json
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo.sandbox import DemoSandbox

ROOT = Path(__file__).resolve().parents[2]


class PlaybookFailedError(Exception):
    """A playbook ended with an error; the text is what Ansible printed."""


@dataclass(frozen=True)
class Run:
    """One run of a playbook: what its modules changed, in sentences, its seconds and its AWS calls."""

    command: str
    changes: list[str]
    changed: bool
    seconds: float
    calls: dict[str, int]
    results: dict[str, Any]


def run_playbook(sandbox: DemoSandbox, name: str, **variables: str | int) -> Run:
    """Run `playbooks/<name>.yml` with extra variables.

    Raises PlaybookFailedError, with Ansible's message, when the playbook fails.
    """
    arguments = ["ansible-playbook", f"playbooks/{name}.yml"]
    for key, value in variables.items():
        arguments += ["-e", f"{key}={value}"]
    sandbox.reset_calls()
    began = time.monotonic()
    done = subprocess.run(
        arguments,
        cwd=ROOT,
        env={**sandbox.environment(), "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json"},
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.monotonic() - began
    if done.returncode:
        raise PlaybookFailedError(f"{' '.join(arguments)}\n{_failure(done.stdout) or done.stdout + done.stderr}")
    results = _module_results(done.stdout)
    return Run(
        command=" ".join(arguments),
        changes=[change for result in results.values() for change in result["changes"]],
        changed=any(result["changed"] for result in results.values()),
        seconds=seconds,
        calls=sandbox.calls(),
        results=results,
    )


def _module_results(output: str) -> dict[str, Any]:
    """Return the results of the collection's modules, by module name: those that tell their changes."""
    report = json.loads(output[output.index("{") :])
    found = {}
    for task in report["plays"][0]["tasks"]:
        result = task["hosts"].get("localhost", {})
        if "changes" in result:
            found[result["action"].removeprefix("mitlab.pixel.")] = result
    return found


def _failure(output: str) -> str | None:
    """Return the message of the task that failed, when the output is Ansible's JSON report."""
    if "{" not in output:
        return None
    report = json.loads(output[output.index("{") :])
    for play in report["plays"]:
        for task in play["tasks"]:
            for result in task["hosts"].values():
                if result.get("failed"):
                    return f"{task['task']['name']}: {result.get('msg')}"
    return None
