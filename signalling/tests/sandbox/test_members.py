"""Members: an instance's computer, from boot to power-off."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import httpx
import psutil
import pytest

from pixel.lease import LeaseTimings, MemberLease, writes
from pixel.lease.table import Table
from pixel.sandbox import state
from pixel.sandbox.testing import RunningSandbox, eventually, running_sandbox

PATIENCE = 60.0
POOL: Any = [{"ResourceType": "instance", "Tags": [{"Key": "pixel:pool", "Value": "drone"}]}]


def control(sandbox: RunningSandbox, method: str, path: str, content: Any = None) -> httpx.Response:
    return httpx.request(method, f"{sandbox.endpoint}/_sandbox/{path}", json=content, timeout=10)


def on(sandbox: RunningSandbox) -> list[dict[str, Any]]:
    """Return the members whose computers are on."""
    members: list[dict[str, Any]] = control(sandbox, "GET", "members").json()["members"]
    return members


def lease(sandbox: RunningSandbox, instance: str) -> MemberLease:
    """Give a session the lease of a member."""
    claim = writes.Claim(instance, "drone", "us-east-2a", "someone", "a-key", 1, "a" * 64, "b" * 64)
    table = Table(sandbox.dynamodb, sandbox.state.lease_table)
    table.write(writes.claim(claim, LeaseTimings(), time.time()))
    return MemberLease(sandbox.dynamodb, sandbox.state.lease_table, instance)


def lease_state(member: MemberLease) -> str | None:
    found = member.current().lease
    return None if found is None else found.state


class TestLight:
    """Members without processes."""

    @pytest.fixture
    def light(self, sandbox: RunningSandbox, tmp_path: Path) -> Iterator[RunningSandbox]:
        sandbox.set_delays(start=1)  # so that there is a lease when the member looks for it
        with running_sandbox(tmp_path, members="light"):
            yield sandbox
            sandbox.reset()

    def test_only_instances_of_a_pool_are_members(self, light: RunningSandbox) -> None:
        light.launch(1)
        (member,) = light.launch(1, TagSpecifications=POOL)
        assert [one["instance_id"] for one in eventually(lambda: on(light))] == [member]

    def test_a_member_says_that_it_is_ready_for_its_session(self, light: RunningSandbox) -> None:
        (member,) = light.launch(1, TagSpecifications=POOL)
        held = lease(light, member)
        eventually(lambda: lease_state(held) == "ready")

    def test_a_member_whose_players_have_left_stops_itself(self, light: RunningSandbox) -> None:
        control(light, "PUT", "members", {"lifecycle": {"grace": 0.5}}).raise_for_status()
        (member,) = light.launch(1, TagSpecifications=POOL)
        held = lease(light, member)
        eventually(lambda: lease_state(held) == "ready")
        control(light, "POST", "players", {"instance_id": member, "players": 2}).raise_for_status()
        eventually(lambda: lease_state(held) == "in_use")
        control(light, "POST", "players", {"instance_id": member, "players": 0}).raise_for_status()
        eventually(lambda: light.instance_state(member) == "stopped")
        assert lease_state(held) == "draining"

    def test_a_stopped_member_is_off(self, light: RunningSandbox) -> None:
        (member,) = light.launch(1, TagSpecifications=POOL)
        eventually(lambda: on(light))
        eventually(lambda: light.instance_state(member) == "running")
        light.ec2.stop_instances(InstanceIds=[member])
        eventually(lambda: not on(light))
        assert control(light, "POST", "players", {"instance_id": member, "players": 1}).status_code == 400


def test_settings_that_the_service_would_refuse_are_refused(sandbox: RunningSandbox) -> None:
    refused = control(sandbox, "PUT", "members", {"lifecycle": {"grace": 0}})
    assert (refused.status_code, "lifecycle.grace" in refused.json()["error"]) == (400, True)


def test_unknown_settings_are_refused_by_name(sandbox: RunningSandbox) -> None:
    refused = control(sandbox, "PUT", "members", {"http": {"colour": "red"}})
    assert (refused.status_code, "http.colour" in refused.json()["error"]) == (400, True)


def test_a_reset_takes_the_settings_back(sandbox: RunningSandbox) -> None:
    control(sandbox, "PUT", "members", {"lifecycle": {"grace": 5}}).raise_for_status()
    sandbox.reset()
    assert control(sandbox, "GET", "members").json()["settings"] == {}


class TestProcesses:
    """Members as process trees."""

    @pytest.fixture
    def real(self, sandbox: RunningSandbox, tmp_path: Path) -> Iterator[RunningSandbox]:
        sandbox.set_delays(start=1)
        with running_sandbox(tmp_path, members="processes"):
            yield sandbox
            sandbox.reset()

    @pytest.fixture
    def member(self, real: RunningSandbox) -> str:
        (instance_id,) = real.launch(1, TagSpecifications=POOL)
        return instance_id

    @pytest.mark.slow
    def test_a_member_serves_its_page_and_stops_with_its_instance(self, real: RunningSandbox, member: str) -> None:
        (one,) = eventually(lambda: on(real))
        assert eventually(lambda: ready(real, one)) == {"streamer": True, "accepting": True}
        tree = family(one["pid"])
        assert len(tree) == 3
        real.ec2.stop_instances(InstanceIds=[member])
        eventually(lambda: not any(lives(process) for process in tree))

    @pytest.mark.slow
    def test_a_member_stops_itself_after_its_session(self, real: RunningSandbox) -> None:
        control(real, "PUT", "members", {"lifecycle": {"first_connection": 1}}).raise_for_status()
        (member,) = real.launch(1, TagSpecifications=POOL)
        held = lease(real, member)
        eventually(lambda: lease_state(held) == "ready")
        eventually(lambda: real.instance_state(member) == "stopped")
        assert on(real) == []

    @pytest.mark.slow
    def test_a_program_that_dies_is_started_again(self, real: RunningSandbox, member: str) -> None:
        (one,) = eventually(lambda: on(real))
        eventually(lambda: ready(real, one))
        (service,) = [process for process in family(one["pid"]) if "signalling" in process.cmdline()]
        service.kill()
        service.wait(PATIENCE)
        eventually(lambda: ready(real, one))

    def test_where_only_canaries_are_machines_a_member_is_none(self, sandbox: RunningSandbox, tmp_path: Path) -> None:
        canary: Any = [
            {"ResourceType": "instance", "Tags": [*POOL[0]["Tags"], {"Key": "pixel:canary", "Value": "checking"}]}
        ]
        sandbox.set_delays()
        with running_sandbox(tmp_path, members="canaries"):
            (member,) = sandbox.launch(1, TagSpecifications=POOL)
            eventually(lambda: sandbox.instance_state(member) == "running")
            (one,) = sandbox.launch(1, TagSpecifications=canary)
            assert [machine["instance_id"] for machine in eventually(lambda: on(sandbox))] == [one]
            sandbox.reset()

    def test_a_machine_that_shuts_down_is_stopped_by_ec2(self, real: RunningSandbox, member: str) -> None:
        eventually(lambda: on(real))
        shutdown = [sys.executable, "-m", "pixel.sandbox.members.shutdown", real.endpoint, member]
        subprocess.run(shutdown, check=True, timeout=PATIENCE)
        eventually(lambda: real.instance_state(member) == "stopped")
        assert real.instance(member)["StateReason"]["Code"] == "Client.InstanceInitiatedShutdown"


def ready(sandbox: RunningSandbox, member: dict[str, Any]) -> Any:
    """Return what a member's `/readyz` answers when it is ready."""
    try:
        answer = httpx.get(f"https://{member['address']}:{member['port']}/readyz", verify=False)
    except httpx.TransportError:
        return None
    return answer.json() if answer.status_code == 200 else None


def family(pid: int) -> list[psutil.Process]:
    """Return a process and all its descendants."""
    parent = psutil.Process(pid)
    return [parent, *parent.children(recursive=True)]


def lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[state.SandboxState]:
    """A sandbox in a process of its own, with members that are processes."""
    command = [sys.executable, "-m", "pixel.cli", "sandbox"]
    where = ["--state", str(tmp_path)]
    subprocess.run([*command, "up", "--members", "processes", *where], check=True, timeout=PATIENCE)
    found = state.read(tmp_path)
    assert found is not None
    yield found
    subprocess.run([*command, "down", *where], check=True, timeout=PATIENCE)


def a_members_tree(daemon: state.SandboxState) -> list[psutil.Process]:
    """Launch a member in the sandbox; return its processes when they are all there."""
    ec2 = boto3.client(
        "ec2",
        endpoint_url=daemon.endpoint,
        region_name=daemon.region,
        aws_access_key_id=daemon.access_key,
        aws_secret_access_key=daemon.secret_key,
    )
    subnet = daemon.subnets["us-east-2a"]
    where: Any = {"ImageId": daemon.base_image_id, "InstanceType": "g4dn.xlarge", "SubnetId": subnet}
    ec2.run_instances(MinCount=1, MaxCount=1, TagSpecifications=POOL, **where)
    (one,) = eventually(lambda: httpx.get(f"{daemon.endpoint}/_sandbox/members").json()["members"])
    return eventually(lambda: tree if len(tree := family(one["pid"])) == 3 else None)  # type: ignore[no-any-return] # a list


@pytest.mark.slow
def test_nothing_is_left_of_members_when_the_sandbox_is_killed(daemon: state.SandboxState) -> None:
    tree = a_members_tree(daemon)
    os.kill(daemon.pid, signal.SIGKILL)
    eventually(lambda: not any(lives(process) for process in tree))


@pytest.mark.slow
def test_nothing_is_left_of_members_when_the_sandbox_goes_down(daemon: state.SandboxState, tmp_path: Path) -> None:
    tree = a_members_tree(daemon)
    down = [sys.executable, "-m", "pixel.cli", "sandbox", "down", "--state", str(tmp_path)]
    subprocess.run(down, check=True, timeout=PATIENCE)
    assert not any(lives(process) for process in tree)


def test_another_kind_of_members_than_the_running_ones_is_refused(daemon: state.SandboxState, tmp_path: Path) -> None:
    up = [sys.executable, "-m", "pixel.cli", "sandbox", "up", "--members", "light", "--state", str(tmp_path)]
    refused = subprocess.run(up, capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert (refused.returncode, "--members processes" in refused.stderr) == (1, True)


def test_its_state_names_the_authority_of_members(sandbox: RunningSandbox) -> None:
    assert Path(sandbox.state.ca_file).read_text().startswith("-----BEGIN CERTIFICATE-----")
