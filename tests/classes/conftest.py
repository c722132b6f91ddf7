"""A pool in a sandbox, the modules and playbooks that prepare it for a class, and the wake function before it."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pixel.lease.model import is_hot, is_live
from pixel.lease.table import Table
from pixel.sandbox import state
from pixel.sandbox.testing import RunningSandbox, running_sandbox
from pixel.wake.function import Clients, Wake, assemble
from pixel.wake.settings import Settings
from playbook_runs import ROOT, Run, run_playbook

if str(ROOT / "collections") not in sys.path:
    sys.path.insert(0, str(ROOT / "collections"))

from ansible_collections.mitlab.pixel.tests.module.conftest import Modules

SECRET = b"a secret of at least 32 bytes, for tests"
POOL = "drone"
UNLEASED, CONFIRM = 2.0, 0.5
"""Seconds that a member may run without a lease: short, so that one which is not held would soon be gone."""
PATIENCE = 60.0


class Classroom:
    """A pool of stopped light members, and everybody around it."""

    def __init__(self, modules: Modules) -> None:
        self.modules = modules
        self.sandbox = modules.sandbox
        self.table = Table(self.sandbox.dynamodb, self.sandbox.state.lease_table)
        self.members = self._fill()
        self.wake = self._wake()

    def hold(self, count: int, until: float) -> Any:
        """Have members held for the class robotics, as the playbook does."""
        return self.modules.succeed(
            "hot_members",
            pool=POOL,
            holds=[{"name": "robotics", "count": count, "until": until}],
            lease_table=self.table.name,
            wait=False,
        )

    def session(self, key: str) -> tuple[str, float]:
        """Open a session and poll it as the client does; return its member, and after how many seconds it was ready."""
        began = time.monotonic()
        view = self.wake.sessions.open("alice", key, POOL)
        while (body := view.body())["state"] == "starting":
            assert time.monotonic() - began < PATIENCE, body
            time.sleep(body["poll_after"])
            view = self.wake.sessions.show("alice", view.session.session)
        assert body["state"] == "ready", body
        return view.session.member, time.monotonic() - began

    def running(self) -> set[str]:
        """Return the members that run."""
        return {name for name, its_state in self.modules.alive().items() if its_state in ("pending", "running")}

    def hot(self) -> set[str]:
        """Return the members that wait, ready and with a name."""
        now = time.time()
        items = self.table.get_many(self.members)
        return {name for name, item in items.items() if is_hot(item, now) and "published_at" in item}

    def leased(self) -> set[str]:
        """Return the members that hold a live lease."""
        now = time.time()
        return {name for name, item in self.table.get_many(self.members).items() if is_live(item, now)}

    def until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait for something, while the reconciler runs as it does every minute."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, f"never: {what}"
            self.wake.reconciler.run()
            time.sleep(0.5)

    def _fill(self) -> list[str]:
        tags = [{"Key": "pixel:pool", "Value": POOL}, {"Key": "pixel:release", "Value": "1.0.0"}]
        members = [
            one
            for zone in self.sandbox.state.subnets
            for one in self.sandbox.launch(2, zone, TagSpecifications=[{"ResourceType": "instance", "Tags": tags}])
        ]
        self.sandbox.ec2.stop_instances(InstanceIds=members)
        return members

    def _wake(self) -> Wake:
        sandbox = self.sandbox
        settings = Settings(
            lease_table=sandbox.state.lease_table,
            zone=sandbox.state.zone,
            zone_id=sandbox.state.zone_id,
            token_secret="unused",
            unleased=UNLEASED,
            confirm=CONFIRM,
            stopping=CONFIRM,
        )
        return assemble(settings, Clients(sandbox.dynamodb, sandbox.ec2, sandbox.route53), lambda: SECRET)


@pytest.fixture
def modules(shared_sandbox: RunningSandbox, capsys: pytest.CaptureFixture[str]) -> Modules:
    """The modules, against a sandbox at its seeds whose machines take no time."""
    shared_sandbox.reset()
    shared_sandbox.set_delays()
    return Modules(shared_sandbox, capsys)


@pytest.fixture
def classroom(modules: Modules, tmp_path: Path) -> Iterator[Classroom]:
    """A classroom whose members' own patience without a lease is short."""
    members = modules.sandbox.sandbox.members
    members.set_settings({"lifecycle": {"unleased": UNLEASED}})
    with running_sandbox(tmp_path / "light", members="light"):
        yield Classroom(modules)
    members.set_settings(None)


@pytest.fixture
def playbook(modules: Modules, state_folder: Path) -> Callable[..., Run]:
    """Run a playbook: `playbook("schedule", pixel_size=3)`."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, state.ENVIRONMENT: str(state_folder)}
    return lambda name, **variables: run_playbook(name, environment, **variables)
