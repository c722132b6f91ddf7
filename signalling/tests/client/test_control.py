"""Commands and replies, over a real TLS socket to a member whose name no resolver knows."""

from __future__ import annotations

import asyncio
from collections import deque
from pathlib import Path

import pytest

import pixel.client as pixel
from pixel.client.aio import attach
from pixel.client.answers import session_view
from pixel.client.control import open_control
from pixel.client.pace import Pace
from pixel.client.settings import Settings

from .certificates import issue
from .conftest import HOSTNAME
from .fake_api import FakeWakeApi
from .fake_member import FakeMember


@pytest.fixture
async def session(settings: Settings, quick: Pace) -> pixel.AsyncSession:
    """A ready session."""
    return await (await attach(settings, "drone", 10, quick)).wait_ready(progress=False)


@pytest.fixture
async def connected(session: pixel.AsyncSession) -> pixel.AsyncSession:
    """A ready session whose socket is open."""
    await session._line.connected(await session.ready_access(), timeout=30)
    return session


def acknowledged(status: str, **more: object) -> list[dict[str, object]]:
    return [{"type": "ack", "status": status, **more}]


async def test_a_text_and_an_object_reach_the_member_as_they_are(
    session: pixel.AsyncSession, member: FakeMember
) -> None:
    assert await session.send("DroneColor-Red") == pixel.Ack("delivered")
    await session.send({"Name": "Ada", "MaxSpeed": 3})
    assert member.commands == ["DroneColor-Red", {"Name": "Ada", "MaxSpeed": 3}]


async def test_commands_share_one_socket(session: pixel.AsyncSession, member: FakeMember) -> None:
    await asyncio.gather(*(session.send(f"command {number}") for number in range(20)))
    assert len(member.commands) == 20
    assert len(member.connections) == 1


async def test_a_command_that_waits_for_unreal_is_waited_for(session: pixel.AsyncSession, member: FakeMember) -> None:
    member.answers = lambda _: acknowledged("queued", reason="not there yet") + acknowledged("delivered")
    assert await session.send("x") == pixel.Ack("delivered")


async def test_a_command_that_waits_for_unreal_longer_than_one_would_is_queued(
    connected: pixel.AsyncSession, member: FakeMember
) -> None:
    member.answers = lambda _: acknowledged("queued", reason="not there yet")
    assert await connected.send("x", timeout=0.5) == pixel.Ack("queued", "not there yet")


async def test_a_command_that_waited_in_vain_is_refused(session: pixel.AsyncSession, member: FakeMember) -> None:
    member.answers = lambda _: acknowledged("queued") + acknowledged("refused", reason="waited for 30 s")
    with pytest.raises(pixel.CommandRefused, match="waited for 30 s"):
        await session.send("x")


async def test_a_refused_command_raises_the_members_reason(session: pixel.AsyncSession, member: FakeMember) -> None:
    member.answers = lambda _: acknowledged("refused", reason="too many commands")
    with pytest.raises(pixel.CommandRefused, match="too many commands"):
        await session.send("x")


async def test_a_command_whose_answer_is_lost_is_unknown_and_never_sent_twice(
    session: pixel.AsyncSession, member: FakeMember
) -> None:
    member.answers = lambda _: None
    assert (await session.send("fire once")).status == "unknown"
    assert member.commands == ["fire once"]


async def test_a_command_that_is_not_answered_in_time_is_unknown(
    connected: pixel.AsyncSession, member: FakeMember
) -> None:
    member.answers = lambda _: []
    assert await connected.send("x", timeout=0.1) == pixel.Ack("unknown", "no answer within 0.1 seconds")


async def test_a_lost_socket_is_opened_again_for_the_next_command(
    session: pixel.AsyncSession, member: FakeMember
) -> None:
    await session.send("before")
    member.hang_up()
    while (await session.send("after")).status == "unknown":
        pass
    assert member.commands[0] == "before"
    assert member.commands[-1] == "after"


async def test_asking_returns_the_reply_that_comes_after_the_command(
    session: pixel.AsyncSession, member: FakeMember
) -> None:
    await session.send("x")
    member.say("earlier")
    member.answers = lambda command: [{"type": "reply", "data": f"re: {command}"}, *acknowledged("delivered")]
    replies = session.replies()
    assert await anext(replies) == "earlier"
    assert await session.ask("how fast?") == "re: how fast?"


async def test_asking_in_vain_ends_in_time(connected: pixel.AsyncSession) -> None:
    with pytest.raises(pixel.ReplyTimeout):
        await connected.ask("anyone?", timeout=0.1)


async def test_asking_over_a_socket_that_is_lost_says_so(session: pixel.AsyncSession, member: FakeMember) -> None:
    member.answers = lambda _: None
    with pytest.raises(pixel.MemberUnreachable, match="before Unreal's reply"):
        await session.ask("x")


async def test_replies_are_kept_until_someone_takes_them(session: pixel.AsyncSession, member: FakeMember) -> None:
    member.answers = lambda command: [{"type": "reply", "data": str(command)}, *acknowledged("delivered")]
    for number in range(3):
        await session.send(f"{number}")
    assert [reply async for reply in session.replies(timeout=0.1)] == ["0", "1", "2"]


async def test_replies_wait_for_the_machine_before_they_wait_for_unreal(
    settings: Settings, wake_api: FakeWakeApi, member: FakeMember
) -> None:
    wake_api.polls_until_ready = 3
    session = await attach(settings, "drone", 10, Pace(first=0.5))
    member.on_connect = lambda: member.say("welcome")
    assert [reply async for reply in session.replies(timeout=1)] == ["welcome"]


async def test_replies_go_on_after_a_lost_socket(session: pixel.AsyncSession, member: FakeMember) -> None:
    await session.send("x")
    replies = session.replies(timeout=10)
    waiting = asyncio.create_task(anext(replies))
    member.hang_up()
    while not waiting.done():
        member.say("hello again")
        await asyncio.sleep(0.01)
    assert waiting.result() == "hello again"


async def test_replies_end_with_the_session(
    session: pixel.AsyncSession, member: FakeMember, wake_api: FakeWakeApi
) -> None:
    await session.send("x")
    waiting = asyncio.create_task(anext(session.replies()))
    wake_api.end(session.id, "idle")
    member.status_at_upgrade = 401
    member.hang_up()
    with pytest.raises(StopAsyncIteration):
        await waiting


async def test_a_member_that_is_not_there_yet_is_tried_again(session: pixel.AsyncSession, member: FakeMember) -> None:
    member.status_at_upgrade = 503
    sending = asyncio.create_task(session.send("patience"))
    await asyncio.sleep(0.1)
    member.status_at_upgrade = None
    assert (await sending).status == "delivered"


async def test_a_member_that_stays_away_is_unreachable_and_the_command_was_not_sent(
    session: pixel.AsyncSession, member: FakeMember
) -> None:
    member.status_at_upgrade = 503
    with pytest.raises(pixel.MemberUnreachable, match="answered 503"):
        await session.send("x", timeout=2)
    assert member.commands == []


async def test_a_member_that_refuses_the_token_of_a_live_session_is_an_auth_error(
    session: pixel.AsyncSession, member: FakeMember
) -> None:
    member.token = "another"
    with pytest.raises(pixel.AuthError):
        await session.send("x")


async def test_a_member_that_refuses_an_ended_session_says_why_it_ended(
    session: pixel.AsyncSession, member: FakeMember, wake_api: FakeWakeApi
) -> None:
    member.token = "another"
    wake_api.end(session.id, "grace")
    with pytest.raises(pixel.SessionEnded) as ended:
        await session.send("x")
    assert ended.value.reason == "grace"


async def test_a_member_that_is_gone_with_its_session_is_not_waited_for(
    session: pixel.AsyncSession, member: FakeMember, wake_api: FakeWakeApi
) -> None:
    member.status_at_upgrade = 503
    wake_api.end(session.id, "grace")
    with pytest.raises(pixel.SessionEnded):
        await session.send("x")


async def test_a_command_on_a_socket_that_closes_at_that_moment_is_unknown(
    settings: Settings, wake_api: FakeWakeApi, member: FakeMember
) -> None:
    access = session_view({"session": "s", "state": "ready", **wake_api.ready}, {}).access
    assert access is not None
    control = await open_control(access, settings.tls(), deque())
    await control._connection.close()
    assert (await control.send("x", timeout=10)).status == "unknown"
    assert member.commands == []


async def test_a_member_nobody_vouches_for_gets_no_token(
    settings: Settings, member: FakeMember, quick: Pace, tmp_path: Path
) -> None:
    stranger = Settings(settings.api, settings.key, issue(HOSTNAME, tmp_path).ca)
    session = await attach(stranger, "drone", 10, quick)
    with pytest.raises(pixel.UntrustedMember, match=r"cannot prove .* set PIXEL_CA_FILE"):
        await session.send("x")
    assert member.connections == []


async def test_an_address_that_answers_under_another_name_gets_no_token(
    settings: Settings, wake_api: FakeWakeApi, member: FakeMember, quick: Pace
) -> None:
    other = "drone-127-0-0-9.pixel.test"
    wake_api.ready |= {"hostname": other, "url": f"https://{other}:{member.port}/#token=x"}
    session = await attach(settings, "drone", 10, quick)
    with pytest.raises(pixel.UntrustedMember, match="Hostname mismatch"):
        await session.send("x")


async def test_frames_of_a_newer_member_are_left_alone(session: pixel.AsyncSession, member: FakeMember) -> None:
    member.answers = lambda _: [{"type": "weather", "sun": True}, *acknowledged("delivered")]
    assert (await session.send("x")).status == "delivered"
