"""A session from its owner's side: waiting for the machine and giving it back, over real sockets."""

from __future__ import annotations

import asyncio

import pytest

import pixel.client as pixel
from pixel.client.aio import attach
from pixel.client.pace import Pace
from pixel.client.settings import Settings

from .conftest import HOSTNAME
from .fake_api import FakeWakeApi, Refusal


async def test_a_session_is_starting_until_its_machine_is_ready(
    settings: Settings, wake_api: FakeWakeApi, quick: Pace
) -> None:
    wake_api.polls_until_ready = 3
    session = await attach(settings, "drone", 10, quick)
    assert (session.state, session.hostname, session.url) == ("starting", None, None)
    assert await session.wait_ready(progress=False) is session
    assert (session.state, session.hostname) == ("ready", HOSTNAME)
    assert wake_api.counted("GET") == 4


async def test_waiting_gives_up_in_time_and_keeps_the_session(
    settings: Settings, wake_api: FakeWakeApi, quick: Pace
) -> None:
    wake_api.polls_until_ready = 10**6
    session = await attach(settings, "drone", 0.2, quick)
    with pytest.raises(pixel.StartTimeout, match="the session is kept"):
        await session.wait_ready(progress=False)
    wake_api.sessions[session.id].polls_left = 0
    await session.wait_ready(progress=False)
    assert session.state == "ready"


async def test_a_session_that_ends_while_starting_says_why(
    settings: Settings, wake_api: FakeWakeApi, quick: Pace
) -> None:
    wake_api.polls_until_ready = 10**6
    session = await attach(settings, "drone", 10, quick)
    wake_api.end(session.id, "start_deadline")
    with pytest.raises(pixel.SessionEnded) as ended:
        await session.wait_ready(progress=False)
    assert (ended.value.reason, session.state, session.reason) == ("start_deadline", "ended", "start_deadline")


async def test_a_session_that_ends_for_want_of_a_machine_is_no_capacity(
    settings: Settings, wake_api: FakeWakeApi, quick: Pace
) -> None:
    wake_api.polls_until_ready = 10**6
    session = await attach(settings, "drone", 10, quick)
    wake_api.end(session.id, "no_capacity")
    with pytest.raises(pixel.NoCapacity):
        await session.wait_ready(progress=False)


async def test_waiting_outlives_an_api_that_is_away_for_a_while(
    settings: Settings, wake_api: FakeWakeApi, quick: Pace
) -> None:
    wake_api.polls_until_ready = 2
    session = await attach(settings, "drone", 10, quick)
    wake_api.refusals.append(Refusal(502, {"message": "Internal server error"}))
    wake_api.refusals.append(Refusal(429, {"message": "Too Many Requests"}))
    wake_api.lost = 3
    await session.wait_ready(progress=False)
    assert session.state == "ready"


async def test_polling_comes_back_no_sooner_than_the_api_asked(
    settings: Settings, wake_api: FakeWakeApi, quick: Pace
) -> None:
    session = await attach(settings, "drone", 10, quick)
    wake_api.refusals.append(Refusal(200, {"session": session.id, "state": "starting", "poll_after": 1}))
    clock = asyncio.get_running_loop().time
    before = clock()
    await session.wait_ready(progress=False)
    assert clock() - before >= 1


async def test_closing_gives_the_machine_back_and_may_be_repeated(
    settings: Settings, wake_api: FakeWakeApi, quick: Pace
) -> None:
    session = await attach(settings, "drone", 10, quick)
    await session.close()
    await session.close()
    assert wake_api.sessions[session.id].reason == "closed"
    assert (session.state, wake_api.counted("DELETE")) == ("ended", 1)


async def test_closing_a_session_the_api_has_forgotten_is_no_error(
    settings: Settings, wake_api: FakeWakeApi, quick: Pace
) -> None:
    session = await attach(settings, "drone", 10, quick)
    wake_api.sessions.clear()
    await session.close()
    assert session.state == "ended"


async def test_closing_is_asked_again_when_the_answer_is_lost(
    settings: Settings, wake_api: FakeWakeApi, quick: Pace
) -> None:
    session = await attach(settings, "drone", 10, quick)
    wake_api.lost = 1
    await session.close()
    assert wake_api.counted("DELETE") == 2


async def test_a_block_that_fails_gives_the_machine_back_too(
    settings: Settings, wake_api: FakeWakeApi, quick: Pace
) -> None:
    with pytest.raises(ZeroDivisionError):
        async with await attach(settings, "drone", 10, quick) as session:
            _ = 1 / 0
    assert wake_api.sessions[session.id].reason == "closed"


async def test_an_ended_session_takes_no_more_commands(settings: Settings, quick: Pace) -> None:
    session = await attach(settings, "drone", 10, quick)
    await session.close()
    with pytest.raises(pixel.SessionEnded):
        await session.send("DroneColor-Red")
    with pytest.raises(pixel.SessionEnded):
        await session.show()


async def test_an_answer_that_is_older_than_the_end_does_not_undo_it(settings: Settings, quick: Pace) -> None:
    session = await attach(settings, "drone", 10, quick)
    older = session._view
    await session.close()
    session.learn(older)
    assert session.state == "ended"


async def test_refreshing_learns_what_became_of_the_session(
    settings: Settings, wake_api: FakeWakeApi, quick: Pace
) -> None:
    session = await attach(settings, "drone", 10, quick)
    wake_api.end(session.id, "idle")
    await session.refresh()
    assert (session.state, session.reason) == ("ended", "idle")
