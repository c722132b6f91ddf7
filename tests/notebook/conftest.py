"""The wake path as it is deployed, on the sandbox, and one member of the pool `drone`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pixel.sandbox.members.site import HTTPS
from pixel.sandbox.testing import RunningSandbox, running_sandbox
from wake_path import Api, deploy, fill


@dataclass(frozen=True)
class Member:
    """The pool's one member, and the folder into which its computer writes."""

    instance_id: str
    folder: Path

    def heard(self) -> list[str]:
        """Return the commands that its Unreal was given."""
        lines = (self.folder / "unreal.jsonl").read_text().splitlines()
        events: list[dict[str, Any]] = [json.loads(line) for line in lines]
        return [event["descriptor"] for event in events if event["event"] == "interaction"]


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[RunningSandbox]:
    """A sandbox whose members are processes."""
    with running_sandbox(tmp_path / "sandbox", members="processes") as running:
        if running.sandbox.members.site.https != HTTPS:
            pytest.skip("port 443 may not be opened: run 'sysctl net.ipv4.ip_unprivileged_port_start=443' as root")
        running.reset()
        yield running
        running.reset()


@pytest.fixture
def api(sandbox: RunningSandbox) -> Api:
    """The foundation, without what Ansible does around its stack."""
    return deploy(sandbox)


@pytest.fixture
def member(sandbox: RunningSandbox) -> Member:
    """The pool's one member, stopped."""
    (instance_id,) = fill(sandbox, 1)
    return Member(instance_id, sandbox.sandbox.members.site.folder / instance_id)


@pytest.fixture
def student(sandbox: RunningSandbox, api: Api, member: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a student has set before starting a notebook."""
    monkeypatch.setenv("PIXEL_API", api.address)
    monkeypatch.setenv("PIXEL_API_KEY", api.key)
    monkeypatch.setenv("PIXEL_CA_FILE", sandbox.state.ca_file)
