"""Runs task files of `playbooks/` once for many hosts of this machine, each with settings of its own."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from pixel.sandbox import state
from pixel.sandbox.testing import RunningSandbox

from .workshop import ANSIBLE_PLAYBOOK, ROOT

Messages = Mapping[str, str]
"""What was said by the task that failed, for each host that one failed for."""


def run(
    sandbox: RunningSandbox, folder: Path, files: Sequence[str], hosts: Mapping[str, Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Import the task files in order, with the variables of `playbooks/image.yml`; return the tasks' results."""
    for name in ("packer", "collections"):
        (folder / name).symlink_to(ROOT / name)
    (folder / "playbooks").mkdir()
    (folder / "playbooks" / "tasks").symlink_to(ROOT / "playbooks" / "tasks")
    (play,) = yaml.safe_load((ROOT / "playbooks" / "image.yml").read_text())
    given = play.pop("vars")  # as the hosts' own, so that a host may have others
    play["hosts"], play["tasks"] = "many", [{"ansible.builtin.import_tasks": f"tasks/{file}"} for file in files]
    (folder / "playbooks" / "many.yml").write_text(json.dumps([play]))
    local = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    inventory = {"many": {"hosts": {name: {**local, **given, **settings} for name, settings in hosts.items()}}}
    (folder / "many.json").write_text(json.dumps(inventory))
    state.write(sandbox.state, folder / "state")
    said = subprocess.run(
        [
            *(str(ANSIBLE_PLAYBOOK), "--inventory", str(ROOT / "inventory" / "sandbox")),
            *("--inventory", str(folder / "many.json"), str(folder / "playbooks" / "many.yml")),
        ],
        cwd=ROOT,
        env={
            **os.environ,
            "PIXEL_SANDBOX_STATE": str(folder / "state"),
            "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json",
            "ANSIBLE_JSON_INDENT": "0",
            "ANSIBLE_DEPRECATION_WARNINGS": "0",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert "{" in said.stdout, said.stdout + said.stderr
    tasks: list[dict[str, Any]] = json.loads(said.stdout[said.stdout.index("{") :])["plays"][0]["tasks"]
    return tasks


def refused(tasks: Sequence[Mapping[str, Any]]) -> Messages:
    """Return what each host that was refused was told."""
    return {host: _said(one) for task in tasks for host, one in task["hosts"].items() if one.get("failed")}


def _said(result: Mapping[str, Any]) -> str:
    """Return a failed task's message; that of the item that failed, if it has several."""
    failed = [one for one in result.get("results", []) if one.get("failed")] or [result]
    return " ".join(f"{failed[0].get('msg', '')} {failed[0].get('stderr', '')}".split())
