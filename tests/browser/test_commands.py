"""A controller's commands while people watch: through the service, its headless peer and Unreal, and back."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection

from .player_page import PlayerPage
from .processes import PATIENCE, Service, Unreal

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def reply_to(controller: ClientConnection, command: dict[str, Any]) -> str:
    """Send a command; return Unreal's reply."""
    await controller.send(json.dumps({"command": command}))
    async with asyncio.timeout(PATIENCE):
        async for frame in controller:
            answer = json.loads(frame)
            assert answer.get("status") in (None, "queued", "delivered"), answer
            if answer["type"] == "reply":
                return str(answer["data"])
    raise AssertionError("the service closed the control socket")


@pytest.mark.parametrize("dialect", ["modern", "legacy"])
async def test_a_command_arrives_once_with_two_viewers_and_is_replied_to(
    unreal: Unreal, page: PlayerPage, second_page: PlayerPage, controller: ClientConnection
) -> None:
    for viewer in (page, second_page):
        await viewer.open()
        await viewer.plays()

    assert await reply_to(controller, {"DroneColor": "Red"}) == 'done: {"DroneColor":"Red"}'
    # Had the first come twice, its double would have come before the second.
    assert await reply_to(controller, {"DroneColor": "Blue"}) == 'done: {"DroneColor":"Blue"}'

    assert unreal.interactions(2) == ['{"DroneColor":"Red"}', '{"DroneColor":"Blue"}']


@pytest.mark.parametrize("dialect", ["modern", "legacy"])
async def test_a_command_arrives_while_nobody_watches_and_nothing_is_encoded(
    service: Service, unreal: Unreal, controller: ClientConnection
) -> None:
    assert await reply_to(controller, {"DroneColor": "Red"}) == 'done: {"DroneColor":"Red"}'

    service.stop()
    assert [event["frames"] for event in unreal.wait_for("left")] == [0]
