"""The client for code that does not await, the notebook's."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Callable
from unittest.mock import Mock

import pytest

import pixel.client as pixel
from pixel.client import session as session_module
from pixel.client.sync import Session

from .conftest import HOSTNAME
from .fake_api import FakeWakeApi
from .fake_member import FakeMember

pytestmark = pytest.mark.usefixtures("environment")


def test_a_cell_wakes_waits_commands_and_gives_back(wake_api: FakeWakeApi, member: FakeMember) -> None:
    with pixel.wake("drone") as session:
        session.wait_ready(progress=False)
        assert (session.pool, session.state, session.hostname) == ("drone", "ready", HOSTNAME)
        assert session.send("DroneColor-Red") == pixel.Ack("delivered")
    assert member.commands == ["DroneColor-Red"]
    assert wake_api.sessions[session.id].reason == "closed"


async def test_it_works_where_a_loop_runs_already_as_in_a_notebook(member: FakeMember) -> None:
    assert asyncio.get_running_loop().is_running()
    session = pixel.wake("drone").wait_ready(progress=False)
    session.send("x")
    session.close()
    assert member.commands == ["x"]


def test_replies_can_be_asked_for_and_iterated(member: FakeMember) -> None:
    member.answers = lambda command: [
        {"type": "reply", "data": f"re: {command}"},
        {"type": "ack", "status": "delivered"},
    ]
    session = pixel.wake("drone").wait_ready(progress=False)
    session.send("one")
    session.send("two")
    assert list(session.replies(timeout=0.1)) == ["re: one", "re: two"]
    assert session.ask("three") == "re: three"
    session.close()


def test_running_the_cell_again_keeps_the_machine(wake_api: FakeWakeApi) -> None:
    assert pixel.wake("drone").id == pixel.wake("drone").id
    assert len(wake_api.sessions) == 1


def test_the_first_command_waits_for_the_machine(wake_api: FakeWakeApi) -> None:
    wake_api.polls_until_ready = 1
    session = pixel.wake("drone")
    assert session.send("x").status == "delivered"
    session.close()


@pytest.mark.parametrize("wait", [pixel.Session.wait_ready, lambda session: session.send("x"), pixel.Session.show])
def test_progress_is_shown_by_the_thread_that_waits(
    wait: Callable[[pixel.Session], object], monkeypatch: pytest.MonkeyPatch, wake_api: FakeWakeApi
) -> None:
    threads = []

    def witness(*_: object) -> None:
        threads.append(threading.current_thread())

    monkeypatch.setattr("pixel.client.progress.choose", lambda *_: Mock(update=witness, finish=witness))
    wake_api.polls_until_ready = 1
    wait(pixel.wake("drone"))
    assert set(threads) == {threading.current_thread()}


def test_errors_come_through_as_they_are(wake_api: FakeWakeApi) -> None:
    with pytest.raises(pixel.UnknownPool):
        pixel.wake("dorne")
    wake_api.polls_until_ready = 10**6
    with pytest.raises(pixel.StartTimeout):
        pixel.wake("drone", timeout=0.1).wait_ready(progress=False)


def test_a_missing_setting_is_told_before_anything_is_sent(
    monkeypatch: pytest.MonkeyPatch, wake_api: FakeWakeApi
) -> None:
    monkeypatch.delenv("PIXEL_API_KEY")
    with pytest.raises(pixel.SettingsError, match="PIXEL_API_KEY not set"):
        pixel.wake("drone")
    assert wake_api.calls == []


def test_an_interrupted_wait_keeps_the_session(wake_api: FakeWakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    wake_api.polls_until_ready = 2
    session = pixel.wake("drone")
    with monkeypatch.context() as patched:
        patched.setattr("pixel.client.progress.choose", lambda *_: Mock(update=Mock(side_effect=KeyboardInterrupt)))
        with pytest.raises(KeyboardInterrupt):
            session.wait_ready()
    assert pixel.wake("drone").wait_ready(progress=False).id == session.id


def test_the_two_clients_offer_the_same() -> None:
    def offered(kind: type) -> dict[str, list[str]]:
        """Return the public names of a class, functions with their parameters."""
        return {
            name: [str(parameter) for parameter in inspect.signature(value).parameters.values()]
            if inspect.isfunction(value)
            else []
            for name, value in inspect.getmembers(kind)
            if not name.startswith("_")
        }

    internal = {"doing", "learn", "ready_access", "watch"}
    twin = {name: how for name, how in offered(session_module.AsyncSession).items() if name not in internal}
    assert offered(Session) == twin
