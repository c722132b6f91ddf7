"""What ends with the process: real processes, ended in different ways."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from pixel.client.lifetime import END_TIMEOUT, EndAtExit
from pixel.client.settings import Settings

from .fake_api import FakeWakeApi

WAKE = "import pixel.client as pixel; session = pixel.wake('drone'); "


def run(code: str, settings: Settings) -> subprocess.CompletedProcess[str]:
    """Run Python code in a process of its own."""
    environ = os.environ | {"PIXEL_API": settings.api, "PIXEL_API_KEY": settings.key}
    return subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, timeout=60)


@pytest.fixture
def silent_api() -> Iterator[Settings]:
    """An API that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield Settings(f"http://127.0.0.1:{server.getsockname()[1]}", "k")


def test_the_session_ends_with_the_process(settings: Settings, wake_api: FakeWakeApi) -> None:
    assert run(WAKE, settings).returncode == 0
    assert [session.reason for session in wake_api.sessions.values()] == ["closed"]


def test_the_session_ends_with_a_process_that_fails(settings: Settings, wake_api: FakeWakeApi) -> None:
    assert run(WAKE + "1 / 0", settings).returncode == 1
    assert [session.reason for session in wake_api.sessions.values()] == ["closed"]


def test_a_session_of_the_async_twin_ends_with_the_process_too(settings: Settings, wake_api: FakeWakeApi) -> None:
    code = "import asyncio, pixel.client as pixel; asyncio.run(pixel.aio.wake('drone'))"
    assert run(code, settings).returncode == 0
    assert [session.reason for session in wake_api.sessions.values()] == ["closed"]


def test_a_session_that_was_given_back_is_not_ended_again(settings: Settings, wake_api: FakeWakeApi) -> None:
    run(WAKE + "session.close()", settings)
    assert wake_api.counted("DELETE") == 1


def test_a_forked_child_leaves_its_parents_session_alone(settings: Settings, wake_api: FakeWakeApi) -> None:
    child = "import os, sys\nchild = os.fork()\nif child == 0: sys.exit()\nos.waitpid(child, 0)\nos._exit(0)"
    assert run(WAKE + f"\n{child}", settings).returncode == 0
    assert [session.reason for session in wake_api.sessions.values()] == [None]


def test_a_forked_child_is_not_held_up(silent_api: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    ending = EndAtExit(lambda: [(silent_api, "s1")], timeout=60)
    monkeypatch.setattr(os, "getpid", lambda: -1)
    before = time.monotonic()
    ending.end()
    assert time.monotonic() - before < 30


def test_an_api_that_does_not_answer_holds_the_end_up_for_a_bounded_time(silent_api: Settings) -> None:
    ending = EndAtExit(lambda: [(silent_api, "s1"), (silent_api, "s2"), (silent_api, "s3")], timeout=0.3)
    before = time.monotonic()
    ending.end()
    assert 0.2 < time.monotonic() - before < 10


def test_the_end_takes_no_longer_than_jupyter_waits_before_it_insists() -> None:
    assert END_TIMEOUT <= 2.5


def test_a_process_without_sessions_ends_at_once() -> None:
    ending = EndAtExit(list, timeout=60)
    before = time.monotonic()
    ending.end()
    assert time.monotonic() - before < 30
