"""Attacks on time and memory: slow, huge, many."""

from __future__ import annotations

import asyncio
import struct

import pytest
from websockets.exceptions import ConnectionClosed

from .attacker import SOON, UPGRADE, Attacker, Raw, heard, say
from .conftest import PLAYER, Start, attacker_of

TOKEN = f"Authorization: Bearer {PLAYER}\r\n"
CONT, TEXT, PING = 0x0, 0x1, 0x9
FIN, COMPRESSED = 0x80, 0x40


def frame(opcode: int, payload: bytes = b"", flags: int = FIN) -> bytes:
    """Return a frame as a client sends it, masked with zeros."""
    size = len(payload)
    length = bytes([0x80 | size]) if size < 126 else struct.pack("!BH", 0xFE, size)
    return bytes([flags | opcode]) + length + bytes(4) + payload


async def opened(attacker: Attacker) -> Raw:
    """Open a WebSocket with the player's token, and read its configuration."""
    connection = await attacker.raw()
    await connection.send(UPGRADE.format(path="/", more=TOKEN).encode())
    await asyncio.wait_for(connection.reader.readuntil(b"\r\n\r\n"), SOON)
    _, size = await connection.reader.readexactly(2)
    await asyncio.wait_for(connection.reader.readexactly(size), SOON)
    return connection


async def cut_off(connection: Raw) -> bool:
    """Tell whether the other side closes."""
    await connection.rest()
    return connection.reader.at_eof() or connection.reader.exception() is not None


SLOW = {
    "a connection that says nothing": b"",
    "headers that never end": b"GET / HTTP/1.1\r\nHost: x\r\nX: ",
    "a request line that never ends": b"GET /aaaa",
}


@pytest.mark.parametrize("begun", SLOW.values(), ids=SLOW.keys())
async def test_who_keeps_a_door_open_is_cut_off(start: Start, begun: bytes) -> None:
    attacker = attacker_of(await start(limits={"handshake": 0.2}))
    connection = await attacker.raw()
    await connection.send(begun)
    assert await cut_off(connection)


async def test_headers_sent_byte_by_byte_do_not_keep_the_door_open(start: Start) -> None:
    attacker = attacker_of(await start(limits={"handshake": 0.3}))
    connection = await attacker.raw()
    began = asyncio.get_running_loop().time()
    while not connection.reader.at_eof() and connection.reader.exception() is None:
        assert asyncio.get_running_loop().time() - began < SOON
        await connection.send(b"a")
        await asyncio.sleep(0.02)


async def test_a_tls_handshake_that_never_ends_is_cut_off(start: Start) -> None:
    attacker = attacker_of(await start(limits={"handshake": 0.2}))
    connection = await attacker.raw(tls=False)
    await connection.send(b"\x16\x03\x01\x02\x00")
    assert await cut_off(connection)


async def test_no_tls_on_the_tls_port_is_cut_off(attacker: Attacker) -> None:
    assert b"200" not in await attacker.request("GET / HTTP/1.1\r\nHost: x\r\n\r\n", tls=False)


HUGE = {
    "a request line": b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
    "a header": b"GET / HTTP/1.1\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
    "a hundred thousand headers": b"GET / HTTP/1.1\r\n" + b"X: a\r\n" * 100_000 + b"\r\n",
    "a body": b"POST / HTTP/1.1\r\nContent-Length: 10000000\r\n\r\n" + b"a" * 1_000_000,
    "a body in parts": b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + b"fffff\r\n" + b"a" * 1_000_000,
}


@pytest.mark.parametrize("sent", HUGE.values(), ids=HUGE.keys())
async def test_too_long_a_request_is_refused(attacker: Attacker, sent: bytes) -> None:
    answer = await attacker.request(sent)
    assert answer.split(b" ")[1:2] in ([], [b"400"], [b"405"], [b"414"], [b"431"])


async def test_a_message_in_endless_parts_is_cut_off(attacker: Attacker) -> None:
    connection = await opened(attacker)
    await connection.send(frame(TEXT, b"", flags=0) + frame(CONT, b"", flags=0) * 10_000)
    assert await cut_off(connection)


async def test_parts_with_pings_between_them_are_counted_all_the_same(attacker: Attacker) -> None:
    connection = await opened(attacker)
    await connection.send(frame(TEXT, b"", flags=0) + (frame(CONT, b"", flags=0) + frame(PING)) * 10_000)
    assert await cut_off(connection)


async def test_a_message_in_a_few_parts_is_one_message(attacker: Attacker) -> None:
    connection = await opened(attacker)
    await connection.send(frame(TEXT, b'{"type":"ping",', flags=0) + frame(CONT, b'"time":7}'))
    assert await asyncio.wait_for(connection.reader.readuntil(b"}"), SOON) == b'\x81\x18{"type":"pong","time":7}'


async def test_parts_that_add_up_to_too_much_are_refused(start: Start) -> None:
    attacker = attacker_of(await start(limits={"frame_bytes": 1000}))
    connection = await opened(attacker)
    await connection.send(frame(TEXT, b"a" * 600, flags=0) + frame(CONT, b"a" * 600))
    assert struct.pack("!H", 1009) in await connection.rest()


async def test_pings_whose_answers_nobody_reads_fill_no_memory(start: Start) -> None:
    member = await start(limits={"send_buffer_bytes": 100_000})
    connection = await opened(attacker_of(member))
    connection.writer.transport.pause_reading()
    pings = frame(PING, b"a" * 125) * 1000
    async with asyncio.timeout(20):
        while member.service._present()["sockets"]:
            await connection.send(pings)
            await asyncio.sleep(0)


async def test_compression_is_not_agreed_to_so_that_nothing_small_becomes_big(attacker: Attacker) -> None:
    connection = await attacker.raw()
    offered = TOKEN + "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
    await connection.send(UPGRADE.format(path="/", more=offered).encode())
    head = await asyncio.wait_for(connection.reader.readuntil(b"\r\n\r\n"), SOON)
    assert head.startswith(b"HTTP/1.1 101 ")
    assert b"extensions" not in head.lower()


async def test_a_compressed_frame_is_an_error(attacker: Attacker) -> None:
    connection = await opened(attacker)
    await connection.send(frame(TEXT, b"\x00" * 100, flags=FIN | COMPRESSED))
    assert struct.pack("!H", 1002) in await connection.rest()


async def test_one_address_has_so_many_connections_at_the_door_and_others_come_in(start: Start) -> None:
    member = await start(limits={"newcomers": 20})
    crowd, other = attacker_of(member), attacker_of(member)
    waiting = [await crowd.raw() for _ in range(20)]
    assert await cut_off(await crowd.raw())
    assert await other.status("/", PLAYER) == 101
    for connection in waiting:
        connection.writer.transport.abort()
    async with asyncio.timeout(SOON):
        while await _refused(crowd):
            await asyncio.sleep(0.1)


async def _refused(attacker: Attacker) -> bool:
    try:
        return await attacker.status("/", PLAYER) != 101
    except (ConnectionClosed, OSError, EOFError):
        return True


async def test_who_is_in_is_no_newcomer(start: Start) -> None:
    attacker = attacker_of(await start(limits={"newcomers": 3}))
    assert [await attacker.status("/", PLAYER) for _ in range(6)] == [101] * 6


async def test_a_flood_of_messages_delays_its_sender_and_nobody_else(start: Start) -> None:
    member = await start(limits={"messages_per_second": 20})
    flooding, other = await member.connect("/", PLAYER, close_timeout=0), await member.connect("/", PLAYER)
    assert (await heard(flooding))["type"] == (await heard(other))["type"] == "config"
    for number in range(60):
        await say(flooding, type="ping", time=number)
    began = asyncio.get_running_loop().time()
    await say(other, type="ping", time=1)
    assert await heard(other) == {"type": "pong", "time": 1}
    assert asyncio.get_running_loop().time() - began < 1.5  # those 60 take two seconds
