"""One cell, one machine: running it again, after a lost answer, after the end."""

from __future__ import annotations

import asyncio

import pytest

import pixel.client as pixel
from pixel.client.aio import attach
from pixel.client.pace import Pace
from pixel.client.settings import Settings

from .fake_api import FakeWakeApi, Refusal


async def test_waking_again_gives_the_same_session(settings: Settings, wake_api: FakeWakeApi, quick: Pace) -> None:
    first = await attach(settings, "drone", 10, quick)
    assert await attach(settings, "drone", 10, quick) is first
    assert len(wake_api.sessions) == 1


async def test_waking_after_the_end_wakes_another(settings: Settings, wake_api: FakeWakeApi, quick: Pace) -> None:
    first = await attach(settings, "drone", 10, quick)
    await first.close()
    second = await attach(settings, "drone", 10, quick)
    assert (second.state, len(wake_api.sessions)) == ("ready", 2)


async def test_a_session_that_ended_unnoticed_is_replaced(
    settings: Settings, wake_api: FakeWakeApi, quick: Pace
) -> None:
    first = await attach(settings, "drone", 10, quick)
    wake_api.end(first.id, "idle")
    second = await attach(settings, "drone", 10, quick)
    assert second.id != first.id
    assert second.state == "ready"


async def test_a_session_replaced_by_another_does_not_take_it_along_when_it_learns_its_end(
    settings: Settings, wake_api: FakeWakeApi, quick: Pace
) -> None:
    first = await attach(settings, "drone", 10, quick)
    wake_api.end(first.id, "idle")
    second = await attach(settings, "drone", 10, quick)
    await first.refresh()
    assert await attach(settings, "drone", 10, quick) is second


async def test_a_key_whose_session_is_refused_as_over_is_replaced(
    settings: Settings, wake_api: FakeWakeApi, quick: Pace
) -> None:
    wake_api.refusals.append(Refusal(409, {"error": "session_ended", "message": "over", "reason": "idle"}))
    assert (await attach(settings, "drone", 10, quick)).state == "ready"


async def test_a_lost_answer_wakes_no_second_machine(settings: Settings, wake_api: FakeWakeApi, quick: Pace) -> None:
    wake_api.lost = 2
    await attach(settings, "drone", 10, quick)
    assert (wake_api.counted("POST"), len(wake_api.sessions)) == (3, 1)


async def test_giving_up_on_the_api_and_waking_again_wakes_no_second_machine(
    settings: Settings, wake_api: FakeWakeApi, quick: Pace, impatient: Pace
) -> None:
    wake_api.lost = 10**6
    with pytest.raises(pixel.ApiUnreachable):
        await attach(settings, "drone", 10, impatient)
    wake_api.lost = 0
    await attach(settings, "drone", 10, quick)
    assert len(wake_api.sessions) == 1


async def test_cells_that_run_at_once_share_one_machine(settings: Settings, wake_api: FakeWakeApi, quick: Pace) -> None:
    sessions = await asyncio.gather(*(attach(settings, "drone", 10, quick) for _ in range(5)))
    assert len(wake_api.sessions) == 1
    assert len({session.id for session in sessions}) == 1


async def test_each_pool_has_a_session_of_its_own(settings: Settings, wake_api: FakeWakeApi, quick: Pace) -> None:
    wake_api.pools.add("boat")
    drone, boat = await attach(settings, "drone", 10, quick), await attach(settings, "boat", 10, quick)
    assert drone.id != boat.id


@pytest.mark.parametrize(
    ("refused", "expected"),
    [
        (Refusal(503, {"error": "pool_empty", "message": "all in use"}, {"Retry-After": "30"}), pixel.PoolEmpty),
        (Refusal(503, {"error": "no_capacity", "message": "none"}, {"Retry-After": "60"}), pixel.NoCapacity),
        (Refusal(429, {"error": "over_cap", "message": "you have three"}), pixel.OverCap),
        (Refusal(429, {"message": "Too Many Requests"}, {"Retry-After": "60"}), pixel.Throttled),
    ],
)
async def test_a_refusal_is_told_and_the_cell_may_be_run_again(
    settings: Settings, wake_api: FakeWakeApi, quick: Pace, refused: Refusal, expected: type[pixel.PixelError]
) -> None:
    wake_api.refusals.append(refused)
    with pytest.raises(expected):
        await attach(settings, "drone", 10, quick)
    assert wake_api.counted("POST") == 1
    assert (await attach(settings, "drone", 10, quick)).state == "ready"


async def test_an_empty_pool_says_when_to_come_back(settings: Settings, wake_api: FakeWakeApi, quick: Pace) -> None:
    wake_api.refusals.append(Refusal(503, {"error": "pool_empty", "message": "all in use"}, {"Retry-After": "30"}))
    with pytest.raises(pixel.PoolEmpty) as empty:
        await attach(settings, "drone", 10, quick)
    assert empty.value.retry_after == 30


async def test_a_wrong_key_is_an_auth_error_that_names_the_setting(settings: Settings, quick: Pace) -> None:
    with pytest.raises(pixel.AuthError, match="check PIXEL_API_KEY"):
        await attach(Settings(settings.api, "wrong"), "drone", 10, quick)


async def test_an_unknown_pool_is_said_to_be_unknown(settings: Settings, quick: Pace) -> None:
    with pytest.raises(pixel.UnknownPool, match="'dorne'"):
        await attach(settings, "dorne", 10, quick)


async def test_an_address_without_its_stage_is_a_matter_of_settings(settings: Settings, quick: Pace) -> None:
    with pytest.raises(pixel.SettingsError, match="PIXEL_API"):
        await attach(Settings(settings.api.removesuffix("/prod"), settings.key), "drone", 10, quick)


async def test_a_page_that_is_no_api_is_not_taken_for_one(
    settings: Settings, wake_api: FakeWakeApi, impatient: Pace
) -> None:
    wake_api.refusals.extend([Refusal(200, b"<html>Please log in to the hotel's network</html>")] * 1000)
    with pytest.raises(pixel.ApiUnreachable, match="does not speak as the wake API does"):
        await attach(settings, "drone", 10, impatient)


async def test_an_api_that_is_not_there_is_unreachable(settings: Settings, impatient: Pace) -> None:
    with pytest.raises(pixel.ApiUnreachable, match="no answer from"):
        await attach(Settings("http://127.0.0.1:9/prod", settings.key), "drone", 10, impatient)
