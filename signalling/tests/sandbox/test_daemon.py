"""The sandbox as a process: up, down, status, reset."""

from __future__ import annotations

import json
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import psutil
import pytest

from pixel.sandbox.cli import main


@dataclass(frozen=True)
class Answer:
    """How a command ended, and what it said."""

    returncode: int
    stdout: str
    stderr: str


class Command:
    """`pixel sandbox` with a state folder of the test's own. The sandbox it starts is a process; the command is not."""

    def __init__(self, state: Path) -> None:
        self.state = state

    def __call__(self, *arguments: str) -> Answer:
        out, err = StringIO(), StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            try:
                code = main([*arguments, "--state", str(self.state)])
            except SystemExit as exit_:  # of argparse
                code = int(str(exit_.code))
        return Answer(code, out.getvalue(), err.getvalue())

    def written(self) -> dict[str, object]:
        return json.loads((self.state / "sandbox.json").read_text())


@pytest.fixture
def pixel_sandbox(tmp_path: Path) -> Iterator[Command]:
    command = Command(tmp_path / "state")
    yield command
    assert command("down").returncode == 0


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Command, str]]:
    """A sandbox that stays up, and what `up` said."""
    command = Command(tmp_path_factory.mktemp("running") / "state")
    said = command("up").stdout
    yield command, said
    assert command("down").returncode == 0


def test_up_says_how_to_use_it_and_writes_it_down(running: tuple[Command, str]) -> None:
    command, said = running
    written = command.written()
    assert f"export AWS_ENDPOINT_URL={written['endpoint']}" in said
    assert f"export AWS_ACCESS_KEY_ID={written['access_key']}" in said


def test_only_the_owner_may_read_the_key(running: tuple[Command, str]) -> None:
    assert (running[0].state / "sandbox.json").stat().st_mode & 0o077 == 0


def test_up_twice_is_one_sandbox(running: tuple[Command, str]) -> None:
    command, _ = running
    first = command.written()
    again = command("up")
    assert (again.returncode, command.written()) == (0, first)
    assert "runs already" in again.stdout


def test_status_tells_that_it_runs(running: tuple[Command, str]) -> None:
    command, _ = running
    status = command("status", "--json")
    assert status.returncode == 0
    assert json.loads(status.stdout)["endpoint"] == command.written()["endpoint"]


def test_status_tells_that_none_runs(pixel_sandbox: Command) -> None:
    assert pixel_sandbox("status").returncode == 3


def test_reset_leaves_it_running(running: tuple[Command, str]) -> None:
    command, _ = running
    assert command("reset").returncode == 0
    assert command("status").returncode == 0


def test_another_port_than_the_running_one_is_refused(running: tuple[Command, str]) -> None:
    assert "runs already" in running[0]("up", "--port", "1").stderr


def test_down_leaves_no_process_and_no_state(pixel_sandbox: Command) -> None:
    pixel_sandbox("up")
    pid = pixel_sandbox.written()["pid"]
    assert pixel_sandbox("down").returncode == 0
    assert not psutil.pid_exists(int(str(pid))) or psutil.Process(int(str(pid))).status() == psutil.STATUS_ZOMBIE
    assert not (pixel_sandbox.state / "sandbox.json").exists()


def test_down_without_a_sandbox_is_no_error(pixel_sandbox: Command) -> None:
    assert pixel_sandbox("down").returncode == 0


def test_the_state_of_a_killed_sandbox_does_not_stand_in_the_way(pixel_sandbox: Command) -> None:
    pixel_sandbox("up")
    killed = int(str(pixel_sandbox.written()["pid"]))
    os.kill(killed, signal.SIGKILL)
    assert pixel_sandbox("up").returncode == 0
    assert pixel_sandbox.written()["pid"] != killed


def test_reset_without_a_sandbox_says_how_to_start_one(pixel_sandbox: Command) -> None:
    answer = pixel_sandbox("reset")
    assert (answer.returncode, "pixel sandbox up" in answer.stderr) == (1, True)


def test_a_taken_port_is_told_in_one_line(pixel_sandbox: Command) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        answer = pixel_sandbox("up", "--port", port)
    assert answer.returncode == 1
    assert answer.stderr.startswith(f"pixel sandbox: port {port} cannot be used")
    assert answer.stderr.count("\n") == 1


@pytest.mark.parametrize("port", ["80000", "-1", "http"])
def test_a_port_that_is_none_is_refused(pixel_sandbox: Command, port: str) -> None:
    answer = pixel_sandbox("up", f"--port={port}")
    assert (answer.returncode, f"'{port}' is no port" in answer.stderr) == (2, True)


def test_a_state_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    answer = Command(tmp_path / "file" / "state")("up")
    assert (answer.returncode, "set --state" in answer.stderr) == (1, True)
