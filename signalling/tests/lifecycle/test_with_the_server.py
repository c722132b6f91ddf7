"""The whole service on a machine of the sandbox: real sockets in front, a lease, a record and an instance behind."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from pixel import tokens
from pixel.lease.writes import end
from pixel.signalling import app
from pixel.signalling.lifecycle_settings import LifecycleSettings
from pixel.signalling.service import SignallingService
from pixel.signalling.settings import HttpSettings, Settings, StreamerSettings

from .conftest import Instance

PLAYER, CONTROLLER = "the player's token", "the controller's token"
DEADLINE = 30.0


class Machine:
    """A member at work, and the lease table as the wake function sees it."""

    def __init__(self, instance: Instance, service: SignallingService) -> None:
        self.instance, self.service = instance, service
        self.table = instance.table

    @property
    def lease_state(self) -> object:
        return (self.table.get(self.instance.id) or {}).get("state")

    def claim(self) -> None:
        self.instance.claim(tokens.digest(PLAYER), tokens.digest(CONTROLLER))

    def end_session(self) -> None:
        self.table.write(end(self.instance.id, "session-1", 1, "closed", time.time()))

    @asynccontextmanager
    async def streamer(self) -> AsyncIterator[ClientConnection]:
        async with connect(f"ws://127.0.0.1:{self.service.streamer_port}") as socket:
            await socket.send(json.dumps({"type": "endpointId", "id": "Drone"}))
            yield socket

    @asynccontextmanager
    async def player(self, token: str = PLAYER) -> AsyncIterator[ClientConnection]:
        async with connect(f"ws://127.0.0.1:{self.service.http_port}/?token={token.replace(' ', '%20')}") as socket:
            await socket.send(json.dumps({"type": "listStreamers"}))
            yield socket

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(DEADLINE):
            while not condition():
                await asyncio.sleep(0.05)


@pytest.fixture
async def machine(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Machine]:
    """A member whose lease is claimed and whose Unreal is about to come; one second of grace."""
    state = instance.sandbox.state
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", instance.service.endpoint)
    instance.publish(instance.name, instance.address)
    settings = Settings(
        http=HttpSettings(host="127.0.0.1", port=0, redirect_port="off"),
        streamer=StreamerSettings(port=0),
        lifecycle=LifecycleSettings(
            enabled=True,
            grace=1.0,
            lease_table=state.lease_table,
            zone=state.zone,
            zone_id=state.zone_id,
            shutdown_command=(sys.executable, "-c", "raise SystemExit('this machine is not to be powered off')"),
        ),
    )
    stop, listening = asyncio.Event(), asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(app.serve(settings, stop, listening.set_result))
    done, _ = await asyncio.wait({serving, listening}, return_when=asyncio.FIRST_COMPLETED)
    assert serving not in done, serving.exception()
    machine = Machine(instance, listening.result())
    machine.claim()
    yield machine
    stop.set()
    await serving


async def test_closing_the_last_tab_stops_the_machine_and_takes_its_name_away(machine):
    async with machine.streamer():
        await machine.until(lambda: machine.lease_state == "ready")
        async with machine.player():
            await machine.until(lambda: machine.lease_state == "in_use")
        await machine.until(lambda: machine.instance.state == "stopped")
    assert machine.lease_state == "draining"
    assert machine.instance.published() == {}


async def test_the_session_s_token_opens_and_another_does_not(machine):
    async with machine.streamer():
        await machine.until(lambda: machine.lease_state == "ready")
        with pytest.raises(InvalidStatus, match="401"):
            async with machine.player("a guess"):
                pass


@pytest.mark.slow
async def test_a_session_that_its_caller_ends_sends_the_player_away(machine):
    async with machine.streamer():
        await machine.until(lambda: machine.lease_state == "ready")
        async with machine.player() as player:
            await machine.until(lambda: machine.lease_state == "in_use")
            machine.end_session()
            with pytest.raises(ConnectionClosed):
                async with asyncio.timeout(DEADLINE):
                    while True:
                        await player.recv()
        await machine.until(lambda: machine.instance.state == "stopped")
