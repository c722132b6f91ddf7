"""A session from the owner's side, over real sockets."""

from __future__ import annotations

import pixel.client as pixel
from pixel.client.aio import attach
from pixel.client.pace import Pace
from pixel.client.settings import Settings

from .conftest import HOSTNAME
from .fake_api import FakeWakeApi
from .fake_member import FakeMember


async def test_a_session_waits_for_its_machine_commands_it_and_gives_it_back(
    settings: Settings, wake_api: FakeWakeApi, member: FakeMember, quick: Pace
) -> None:
    wake_api.polls_until_ready = 3
    async with await attach(settings, "drone", 10, quick) as session:
        assert session.state == "starting"
        await session.wait_ready(progress=False)
        assert (session.state, session.hostname) == ("ready", HOSTNAME)
        assert await session.send("DroneColor-Red") == pixel.Ack("delivered")
    assert member.commands == ["DroneColor-Red"]
    assert wake_api.sessions[session.id].reason == "closed"
