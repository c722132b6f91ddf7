"""The service over real sockets: what peers do to each other, and what they cannot."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from contextlib import suppress

import pytest
from websockets.exceptions import InvalidStatus

from .conftest import SOON, Running, Start, closed, configured, eventually, heard, say

HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


async def test_messages_pass_both_ways(running: Running) -> None:
    streamer, player = await running.watched()
    await say(streamer, type="offer", sdp="v=0", playerId="Player0")
    assert await heard(player) == {"type": "offer", "sdp": "v=0", "playerId": "Player0"}
    await say(player, type="answer", sdp="v=1")
    assert await heard(streamer) == {"type": "answer", "sdp": "v=1", "playerId": "Player0"}


@pytest.mark.parametrize(
    "frame",
    [
        "null",
        "7",
        "[]",
        '"offer"',
        "{",
        "",
        "{}",
        '{"type":7}',
        '{"type":"offer"}',
        '{"type":"offer","sdp":7}',
        b"\xff",
    ],
)
async def test_a_malformed_frame_disturbs_nobody(running: Running, frame: str | bytes) -> None:
    streamer, player = await running.watched()
    await player.send(frame)
    await streamer.send(frame)
    await say(streamer, type="ping", time=1)
    await say(player, type="ping", time=2)
    assert await heard(streamer) == {"type": "pong", "time": 1}
    assert await heard(player) == {"type": "pong", "time": 2}


async def test_a_frame_of_20_megabytes_costs_its_sender_the_connection_and_nobody_else_anything(
    running: Running,
) -> None:
    streamer, player = await running.watched()
    reader, writer = await asyncio.open_connection("127.0.0.1", running.service.http_port)
    writer.write(HANDSHAKE)
    await reader.readuntil(b"\r\n\r\n")
    await reader.readuntil(b"}")  # its configuration
    with suppress(ConnectionError):  # it may be cut off before everything is sent
        writer.write(struct.pack("!BBQ4x", 0x81, 0xFF, 20_000_000) + bytes(20_000_000))
        await writer.drain()
        close = await asyncio.wait_for(reader.read(), SOON)
        assert struct.unpack("!H", close[close.index(0x88) + 2 :][:2]) == (1009,)
    writer.close()
    await say(streamer, type="offer", sdp="v=0", playerId="Player0")
    assert (await heard(player))["sdp"] == "v=0"


async def test_a_peer_that_does_not_read_is_dropped_and_holds_up_nobody(start: Start) -> None:
    running = await start(configured(limits={"send_buffer_bytes": 100_000, "frame_bytes": 1_000_000}))
    streamer, player = await running.watched()
    stuck = await running.player(max_queue=1)
    await say(stuck, type="subscribe", streamerId="Drone")
    assert (await heard(streamer))["playerId"] == "Player1"
    stuck.transport.pause_reading()
    flood = json.dumps({"type": "offer", "sdp": "x" * 200_000, "playerId": "Player1"})
    async with asyncio.timeout(20):
        while True:
            await streamer.send(flood)
            await say(streamer, type="offer", sdp="v=0", playerId="Player0")
            assert (await heard(player))["sdp"] == "v=0"
            await say(streamer, type="ping", time=7)
            if (await heard(streamer)) == {"type": "playerDisconnected", "playerId": "Player1"}:
                break
    stuck.transport.abort()


async def test_who_sends_too_fast_is_read_more_slowly(start: Start) -> None:
    running = await start(configured(limits={"messages_per_second": 20}))
    player = await running.player()
    begun = asyncio.get_running_loop().time()
    for number in range(40):
        await say(player, type="ping", time=number)
    assert [(await heard(player))["time"] for _ in range(40)] == list(range(40))
    assert asyncio.get_running_loop().time() - begun > 0.9


async def test_connections_are_bounded(start: Start) -> None:
    running = await start(configured(limits={"connections": 2}))
    await running.player()
    await running.player()
    with pytest.raises(InvalidStatus) as refusal:
        await running.player()
    assert refusal.value.response.status_code == 503
    assert "Retry-After" in refusal.value.response.headers


async def test_the_observer_is_told_of_players_that_speak_and_of_the_streamer(running: Running) -> None:
    streamer, player = await running.watched()
    silent = await running.player()
    await silent.close()
    await player.close()
    await eventually(lambda: "Player0 left" in running.follower.told)
    await streamer.close()
    await eventually(lambda: "streamer disconnected" in running.follower.told)
    assert running.follower.told == ["streamer connected", "Player0 joined", "Player0 left", "streamer disconnected"]


async def test_players_are_told_why_when_the_streamer_goes(running: Running) -> None:
    streamer, player = await running.watched()
    await streamer.close()
    assert await closed(player) == (1013, "the application has disconnected")


async def test_a_legacy_streamer_is_recognised_when_it_comes_back(running: Running) -> None:
    streamer = await running.connect(f"ws://127.0.0.1:{running.service.streamer_port}/")
    assert (await heard(streamer))["type"] == "identify"
    await streamer.close(4001, "Unsupported message received: identify")
    again = await running.connect(f"ws://127.0.0.1:{running.service.streamer_port}/")
    assert (await heard(again))["type"] == "config"
    player = await running.player()
    await say(player, type="offer", sdp="v=0")
    assert await heard(again) == {"type": "offer", "sdp": "v=0", "playerId": "101"}


async def test_a_forwarding_unit_has_a_port_of_its_own(start: Start) -> None:
    running = await start(configured(streamer={"sfu_port": 0}))
    sfu = await running.connect(f"ws://127.0.0.1:{running.service.sfu_port}/")
    assert [(await heard(sfu))["type"] for _ in range(2)] == ["identify", "config"]


async def test_the_end_of_the_service_is_told_to_every_peer(start: Start) -> None:
    running = await start()
    streamer, player = await running.watched()
    controller = await running.controller()
    await running.service.__aexit__(None, None, None)
    for connection in (streamer, player, controller):
        assert await closed(connection) == (1001, "the service is shutting down")


async def test_nothing_listens_after_the_end(start: Start) -> None:
    running = await start()
    await running.service.__aexit__(None, None, None)
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", running.service.http_port)) != 0


async def test_a_socket_elsewhere_is_not_found(running: Running) -> None:
    with pytest.raises(InvalidStatus) as refusal:
        await running.connect(running.url("/elsewhere", "ws"))
    assert refusal.value.response.status_code == 404


async def test_drained_members_refuse_newcomers_and_send_everybody_away(running: Running) -> None:
    _streamer, player = await running.watched()
    running.service.refuse_newcomers("the session is over")
    with pytest.raises(InvalidStatus) as refusal:
        await running.player()
    assert refusal.value.response.status_code == 503
    running.service.close_all("the session is over")
    assert await closed(player) == (1001, "the session is over")
    running.service.accept_newcomers()
    await running.player()
