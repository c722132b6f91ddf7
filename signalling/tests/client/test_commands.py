"""`pixel wake`, `status`, `open`, `send` and `end`, as typed in a shell."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from pixel.client.commands import end, open, send, status, wake  # noqa: A004 (the command is called open)
from pixel.client.remembered import FileMemory, Remembered, SessionFile, default_path

from .conftest import HOSTNAME, KEY, PLAYER_TOKEN
from .fake_api import FakeWakeApi, Refusal
from .fake_member import FakeMember

pytestmark = pytest.mark.usefixtures("environment")


@pytest.fixture(autouse=True)
def session_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SessionFile:
    """The session file of a user who has not used the command yet."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return SessionFile(default_path())


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was opened in the browser."""
    addresses: list[str] = []
    monkeypatch.setattr("webbrowser.open", lambda url: addresses.append(url) or True)
    return addresses


def answer(capsys: pytest.CaptureFixture[str]) -> Any:
    """Return the one JSON object a command printed."""
    return json.loads(capsys.readouterr().out)


def test_a_machine_is_woken_commanded_and_given_back_without_naming_a_session(
    wake_api: FakeWakeApi, member: FakeMember, capsys: pytest.CaptureFixture[str]
) -> None:
    assert wake.main(["drone"]) == 0
    assert status.main([]) == 0
    assert send.main(["DroneColor-Red"]) == 0
    assert end.main([]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said == [
        f"drone: ready at {HOSTNAME}",
        f"drone: ready at {HOSTNAME}",
        "delivered",
        "drone: ended (closed)",
    ]
    assert member.commands == ["DroneColor-Red"]
    assert [session.reason for session in wake_api.sessions.values()] == ["closed"]


def test_every_command_answers_as_json_when_asked(wake_api: FakeWakeApi, capsys: pytest.CaptureFixture[str]) -> None:
    assert wake.main(["drone", "--json"]) == 0
    (session,) = wake_api.sessions
    ready = {"session": session, "pool": "drone", "state": "ready", "hostname": HOSTNAME}
    assert answer(capsys) == ready
    assert status.main(["--json"]) == 0
    assert answer(capsys) == ready
    assert send.main(["x", "--json"]) == 0
    assert answer(capsys) == {"status": "delivered", "reason": None}
    assert end.main(["--json"]) == 0
    assert answer(capsys) == {
        "session": session,
        "pool": "drone",
        "state": "ended",
        "hostname": None,
        "reason": "closed",
    }


def test_waking_again_gets_the_same_machine_back(wake_api: FakeWakeApi) -> None:
    assert wake.main(["drone"]) == 0
    assert wake.main(["drone"]) == 0
    assert len(wake_api.sessions) == 1


def test_a_wake_that_was_killed_before_its_answer_wakes_no_second_machine(
    wake_api: FakeWakeApi, session_file: SessionFile
) -> None:
    session_file.save(Remembered(wake_api.address, "drone", "0123456789abcdef"))
    wake_api.create("drone", "0123456789abcdef")
    assert wake.main(["drone"]) == 0
    assert len(wake_api.sessions) == 1


def test_waking_after_the_session_ended_wakes_another(wake_api: FakeWakeApi) -> None:
    wake.main(["drone"])
    wake_api.end("s-0001", "idle")
    assert wake.main(["drone"]) == 0
    assert len(wake_api.sessions) == 2


def test_another_pool_is_not_woken_over_a_session_that_would_be_lost(
    wake_api: FakeWakeApi, capsys: pytest.CaptureFixture[str]
) -> None:
    wake_api.pools.add("boat")
    wake.main(["drone"])
    assert wake.main(["boat"]) == 1
    assert "give it back with 'pixel end' first" in capsys.readouterr().err
    end.main([])
    assert wake.main(["boat"]) == 0


def test_a_pool_that_was_mistyped_is_not_remembered(wake_api: FakeWakeApi, capsys: pytest.CaptureFixture[str]) -> None:
    assert wake.main(["dorne"]) == 1
    assert "pixel wake: there is no pool 'dorne'" in capsys.readouterr().err
    assert wake.main(["drone"]) == 0
    assert len(wake_api.sessions) == 1


def test_a_refusal_as_json_says_when_to_come_back(wake_api: FakeWakeApi, capsys: pytest.CaptureFixture[str]) -> None:
    wake_api.refusals.append(Refusal(503, {"error": "pool_empty", "message": "all in use"}, {"Retry-After": "30"}))
    assert wake.main(["drone", "--json"]) == 1
    said = answer(capsys)
    assert (said["error"], said["retry_after"]) == ("pool_empty", 30)


def test_a_start_that_takes_too_long_is_an_error_and_the_session_is_kept(
    wake_api: FakeWakeApi, capsys: pytest.CaptureFixture[str]
) -> None:
    wake_api.polls_until_ready = 1
    assert wake.main(["drone", "--timeout", "0"]) == 1
    assert "not ready after 0 s" in capsys.readouterr().err
    assert status.main([]) == 0


def test_an_interrupted_wait_keeps_the_session(
    monkeypatch: pytest.MonkeyPatch, session_file: SessionFile, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("pixel.client.progress.choose", Mock(side_effect=KeyboardInterrupt))
    assert wake.main(["drone"]) == 130
    assert "the session is kept, 'pixel end' gives it back" in capsys.readouterr().err
    remembered = session_file.load()
    assert remembered is not None
    assert remembered.session == "s-0001"


def test_waking_need_not_wait(wake_api: FakeWakeApi, capsys: pytest.CaptureFixture[str]) -> None:
    wake_api.polls_until_ready = 10**6
    assert wake.main(["drone", "--no-wait"]) == 0
    assert capsys.readouterr().out == "drone: the machine boots\n"
    assert wake_api.counted("GET") == 0


def test_an_object_is_sent_as_one(member: FakeMember) -> None:
    wake.main(["drone"])
    assert send.main(["--object", '{"Name": "Ada"}']) == 0
    assert member.commands == [{"Name": "Ada"}]


@pytest.mark.parametrize("call", [[], ["x", "--object", "{}"], ["--object", "[1]"], ["--object", "{"]])
def test_a_wrong_call_is_told_from_a_failure(call: list[str]) -> None:
    with pytest.raises(SystemExit) as left:
        send.main(call)
    assert left.value.code == 2


def test_a_reply_can_be_waited_for(member: FakeMember, capsys: pytest.CaptureFixture[str]) -> None:
    member.answers = lambda _: [{"type": "ack", "status": "delivered"}, {"type": "reply", "data": "42 km/h"}]
    wake.main(["drone"])
    capsys.readouterr()
    assert send.main(["how fast?", "--reply"]) == 0
    assert capsys.readouterr().out == "42 km/h\n"


def test_the_page_is_opened_in_the_browser_and_its_address_printed(
    opened: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    wake.main(["drone"])
    capsys.readouterr()
    assert open.main([]) == 0
    (address,) = opened
    assert address.endswith(f"#token={PLAYER_TOKEN}")
    assert capsys.readouterr().out == f"{address}\n"


def test_the_address_can_be_had_without_a_browser(opened: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    wake.main(["drone"])
    capsys.readouterr()
    assert open.main(["--print", "--json"]) == 0
    assert opened == []
    assert answer(capsys)["opened"] is False


def test_without_a_session_sending_and_opening_say_how_to_get_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert send.main(["x"]) == 1
    assert open.main([]) == 1
    assert capsys.readouterr().err.count("wake one with 'pixel wake POOL'") == 2


def test_ending_or_asking_without_a_session_is_no_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert end.main(["--json"]) == 0
    assert answer(capsys) == {"state": "none"}
    assert status.main(["--json"]) == 0
    assert answer(capsys) == {"state": "none"}


def test_a_session_that_ended_is_told_once_and_then_forgotten(
    wake_api: FakeWakeApi, capsys: pytest.CaptureFixture[str]
) -> None:
    wake.main(["drone"])
    wake_api.end("s-0001", "idle")
    capsys.readouterr()
    status.main([])
    assert capsys.readouterr().out == "drone: ended (idle)\n"
    status.main([])
    assert "no session is remembered" in capsys.readouterr().out


def test_a_session_that_could_not_be_ended_is_still_remembered(
    session_file: SessionFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    wake.main(["drone"])
    monkeypatch.setenv("PIXEL_API_KEY", "wrong")
    assert end.main([]) == 1
    assert session_file.load() is not None


def test_what_is_remembered_is_the_users_own_and_opens_nothing(session_file: SessionFile) -> None:
    wake.main(["drone"])
    assert stat.S_IMODE(session_file.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(session_file.path.parent.stat().st_mode) == 0o700
    written = session_file.path.read_text()
    assert KEY not in written
    assert "token" not in written


def test_nothing_but_the_session_is_left_in_the_folder(session_file: SessionFile) -> None:
    wake.main(["drone"])
    assert list(session_file.path.parent.iterdir()) == [session_file.path]
    end.main([])
    assert list(session_file.path.parent.iterdir()) == []


def test_a_session_that_ends_late_does_not_take_the_next_one_along(session_file: SessionFile) -> None:
    session_file.save(Remembered("https://a", "drone", "the next one"))
    FileMemory(session_file, "https://a", "drone").renew("the last one")
    assert session_file.load() is not None


def test_of_two_commands_at_once_the_first_ones_session_counts(session_file: SessionFile) -> None:
    first, second = Remembered("https://a", "drone"), Remembered("https://a", "drone")
    session_file.save_if_none(first)
    session_file.save_if_none(second)
    assert session_file.load() == first


def test_a_file_that_is_none_of_ours_is_named(session_file: SessionFile, capsys: pytest.CaptureFixture[str]) -> None:
    session_file.path.parent.mkdir()
    session_file.path.write_text("{}")
    assert status.main([]) == 1
    assert f"{session_file.path} cannot be read as a session" in capsys.readouterr().err


def test_the_key_is_no_option_of_any_command(capsys: pytest.CaptureFixture[str]) -> None:
    for command in (wake, status, open, send, end):
        with pytest.raises(SystemExit):
            command.main(["--help"])
        assert "--key" not in capsys.readouterr().out


def test_the_session_file_is_where_the_platform_keeps_such_files() -> None:
    assert default_path({"XDG_STATE_HOME": "/state"}, "linux") == Path("/state/mitlab-pixel/session.json")
    assert default_path({}, "linux") == Path.home() / ".local/state/mitlab-pixel/session.json"
    assert default_path({"LOCALAPPDATA": "/local"}, "win32") == Path("/local/mitlab-pixel/session.json")
