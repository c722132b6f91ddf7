"""Playbooks against a sandbox that each test finds as new."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pixel.sandbox import state
from pixel.sandbox.testing import RunningSandbox, running_sandbox
from playbook_runs import Run, run_playbook


@pytest.fixture
def sandbox(shared_sandbox: RunningSandbox) -> RunningSandbox:
    """The sandbox, back at its seeds."""
    shared_sandbox.reset()
    return shared_sandbox


@pytest.fixture
def environment(sandbox: RunningSandbox, state_folder: Path) -> dict[str, str]:
    """The environment in which the playbooks find the sandbox."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return {**os.environ, "PATH": path, state.ENVIRONMENT: str(state_folder)}


@pytest.fixture
def playbook(environment: dict[str, str]) -> Callable[..., Run]:
    """Run a playbook: `playbook("release", pixel_release="1.0.0")`. Only tests of canaries have members that serve."""

    def run(name: str, **variables: Any) -> Run:
        return run_playbook(name, environment, **{"pixel_canary": False, **variables})

    return run


@pytest.fixture
def canaries(sandbox: RunningSandbox, tmp_path: Path) -> Iterator[RunningSandbox]:
    """The sandbox, in which a release's canary is a machine, and everything happens at once."""
    sandbox.set_delays()
    with running_sandbox(tmp_path / "canaries", members="canaries"):
        yield sandbox
        sandbox.reset()


@pytest.fixture
def image(sandbox: RunningSandbox) -> Callable[..., str]:
    """Register a release's image, as a build would leave it; return its id."""

    def register(release: str, *, verified: bool = True) -> str:
        tags = {"pixel:pool": "drone", "pixel:release": release, "pixel:verified": str(verified).lower()}
        return sandbox.ec2.register_image(
            Name=f"pixel-drone-{release}",
            Architecture="x86_64",
            RootDeviceName="/dev/sda1",
            TagSpecifications=[
                {"ResourceType": "image", "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}
            ],
        )["ImageId"]

    return register
