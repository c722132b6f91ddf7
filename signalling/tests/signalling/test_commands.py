"""Commands, from a client's socket to the way to Unreal, and back."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection

from pixel.signalling.commands import desk

from .conftest import SOON, Running, Start, closed, configured, digest, eventually, heard, say


async def reachable(running: Running) -> ClientConnection:
    """Connect a controller to a service whose carrier has reached Unreal."""
    await running.streamer()
    controller = await running.controller()
    await eventually(lambda: running.carrier.events is not None)
    running.carrier.open()
    return controller


async def acknowledged(running: Running, controller: ClientConnection, **message: Any) -> dict[str, Any]:
    """Send a command that the carrier sends at once; return the acknowledgement."""
    before = len(running.carrier.handed)
    await say(controller, **message)
    await eventually(lambda: len(running.carrier.handed) > before)
    running.carrier.confirm_all()
    return await heard(controller)


async def test_a_command_is_delivered_and_acknowledged(running: Running) -> None:
    controller = await reachable(running)
    answer = await acknowledged(running, controller, command={"Color": "Red"}, id="c1")
    assert answer == {"type": "ack", "id": "c1", "status": "delivered"}
    assert running.carrier.descriptors == ['{"Color":"Red"}']


async def test_a_command_is_delivered_once_whatever_the_number_of_viewers(running: Running) -> None:
    controller = await reachable(running)
    viewers = [await running.player() for _ in range(3)]
    for viewer in viewers:
        await say(viewer, type="subscribe", streamerId="Drone")
    await acknowledged(running, controller, command="go")
    assert running.carrier.descriptors == ['"go"']


async def test_without_unreal_a_command_is_queued_and_then_delivered(running: Running) -> None:
    controller = await running.controller()
    await say(controller, command="go", id=1)
    assert (await heard(controller))["status"] == "queued"
    assert running.carrier.starts == 0
    await running.streamer()
    await eventually(lambda: running.carrier.events is not None)
    running.carrier.open()
    running.carrier.confirm_all()
    assert await heard(controller) == {"type": "ack", "id": 1, "status": "delivered"}


async def test_a_command_that_nobody_comes_for_is_refused(start: Start) -> None:
    running = await start(configured(commands={"expiry": 0.1}))
    controller = await running.controller()
    await say(controller, command="go")
    assert [(await heard(controller))["status"] for _ in range(2)] == ["queued", "refused"]


async def test_if_the_way_is_lost_the_fate_is_unknown_and_nothing_is_sent_twice(running: Running) -> None:
    controller = await reachable(running)
    await say(controller, command="go")
    await eventually(lambda: running.carrier.handed != [])
    running.carrier.close("the peer has died")
    assert await heard(controller) == {"type": "ack", "status": "unknown", "reason": "the peer has died"}
    await eventually(lambda: running.carrier.events is not None)
    running.carrier.open()
    await acknowledged(running, controller, command="again")
    assert running.carrier.descriptors == ['"go"', '"again"']


async def test_replies_go_to_every_controller(running: Running) -> None:
    controllers = [await reachable(running), await running.controller()]
    await eventually(lambda: running.service._desk.controllers == 2)
    assert running.carrier.events is not None
    running.carrier.events.replied('{"x":1}')
    for controller in controllers:
        assert await heard(controller) == {"type": "reply", "data": '{"x":1}'}


@pytest.mark.parametrize("frame", ["null", "{}", "[1]", '{"command":7}', "x", b"\x00", '{"command":"a","id":1e999}'])
async def test_what_is_no_command_is_refused_with_the_reason(running: Running, frame: str | bytes) -> None:
    controller = await reachable(running)
    await controller.send(frame)
    answer = await heard(controller)
    assert answer["status"] == "refused"
    assert answer["reason"]
    assert running.carrier.handed == []


async def test_a_controller_is_no_player(running: Running) -> None:
    controller = await reachable(running)
    await acknowledged(running, controller, command="go")
    assert running.follower.told == ["streamer connected", "activity"]


@pytest.mark.parametrize("path", ["/", "/control"])
async def test_the_original_clients_are_understood(running: Running, path: str) -> None:
    await reachable(running)
    client = await running.connect(running.url(path, "ws"))
    await client.send("scratch: DroneName-foo")
    await client.send('{"scratch":true,"MaxSpeed":5}')
    await eventually(lambda: len(running.carrier.handed) == 2)
    assert running.carrier.descriptors == ['": DroneName-foo"', '{"Name":"","MaxSpeed":5}']
    assert not any("joined" in told for told in running.follower.told)


async def test_an_original_client_wakes_the_way_to_unreal(running: Running) -> None:
    await running.streamer()
    client = await running.player()
    await client.send("scratch: DroneName-foo")
    await eventually(lambda: running.carrier.starts == 1)


async def test_an_original_client_s_frames_are_not_echoed(running: Running) -> None:
    await running.streamer()
    client, other = await running.player(), await running.player()
    await client.send("scratch: DroneName-foo")
    for connection in (client, other):
        await say(connection, type="ping", time=1)
        assert (await heard(connection))["type"] == "pong"


async def test_without_compatibility_their_frames_mean_nothing(start: Start) -> None:
    running = await start(configured(commands={"compatibility": False}))
    controller = await reachable(running)
    await controller.send("scratch: DroneName-foo")
    assert (await heard(controller))["status"] == "refused"


async def test_a_controller_s_token_admits_an_original_client_where_it_comes_in(start: Start) -> None:
    access = {"mode": "tokens", "players": (digest("p"),), "controllers": (digest("c"),)}
    running = await start(configured(access=access))
    await running.streamer()
    client = await running.connect(running.url("/?token=c", "ws"))
    await client.send("scratch: DroneName-foo")
    await eventually(lambda: running.carrier.starts == 1)
    with pytest.raises(TimeoutError):  # no configuration, no TURN credentials
        await asyncio.wait_for(client.recv(), 0.1)


async def test_what_waits_for_a_session_ends_with_it(start: Start) -> None:
    access = {"mode": "tokens", "players": (digest("p"),), "controllers": (digest("c"),)}
    running = await start(configured(access=access))
    controller = await running.controller("/control?token=c")
    await say(controller, command="go")
    assert (await heard(controller))["status"] == "queued"
    running.service.admit(digest("p2"), digest("c2"))
    assert await heard(controller) == {"type": "ack", "status": "refused", "reason": "the session has ended"}
    assert await closed(controller) == (1008, "the session has ended")
    await running.streamer()
    await running.controller("/control?token=c2")
    await eventually(lambda: running.carrier.events is not None)
    running.carrier.open()
    assert running.carrier.handed == []


async def test_too_many_commands_are_refused(start: Start) -> None:
    running = await start(configured(commands={"queue": 2}))
    controller = await running.controller()
    for number in range(3):
        await say(controller, command="go", id=number)
    assert [(await heard(controller))["status"] for _ in range(3)] == ["queued", "queued", "refused"]


async def test_the_way_to_unreal_is_given_up_when_nobody_gives_commands(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    controller = await reachable(running)
    monkeypatch.setattr(desk, "IDLE", 0.05)
    await asyncio.sleep(0.1)
    assert running.carrier.is_open
    await controller.close()
    await eventually(lambda: not running.carrier.is_open)
    await running.controller()
    await eventually(lambda: running.carrier.starts == 2)


async def test_a_way_still_sought_is_sought_anew_when_unreal_comes_back_in_another_protocol(running: Running) -> None:
    await running.controller()
    streamer = await running.streamer()
    await eventually(lambda: running.carrier.starts == 1)
    await streamer.close(4001, "Unsupported message received: playerConnected")
    await running.connect(f"ws://127.0.0.1:{running.service.streamer_port}/")
    await eventually(lambda: running.carrier.starts == 2)


async def test_a_controller_that_does_not_read_is_dropped(start: Start) -> None:
    running = await start(configured(limits={"send_buffer_bytes": 100_000}))
    stuck = await reachable(running)
    stuck.transport.pause_reading()
    assert running.carrier.events is not None
    async with asyncio.timeout(SOON):
        while running.service._desk.controllers:
            running.carrier.events.replied("x" * 100_000)
            await asyncio.sleep(0)
    stuck.transport.abort()
