"""Attacks with what a controller sends: nothing but a whole JSON value reaches Unreal, or nothing."""

from __future__ import annotations

import json
import struct
from typing import Any

import pytest

from .attacker import Followed, heard, say
from .conftest import CONTROLLER, PLAYER, Start

TEXTS = {
    "control characters": "a\x00\x01\x1b[31m\x7f\r\nb",
    "separators of lines": "a\u2028b\u2029c\x85d",
    "a byte order mark": "\ufeffa",
    "text that turns around": "a\u202eb\u2066c",
    "half a surrogate": "\ud800",
    "quotes that would end the text": '"},{"x":"',
    "a script": "<script>alert(1)</script>",
    "a format": "%s%n{0}${jndi:ldap://x}",
    "a path": "..\\..\\windows",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
async def test_text_stays_text(member: Followed, text: str) -> None:
    await member.streamer()
    controller = await member.connect("/control", CONTROLLER)
    await say(controller, command=text, id=1)
    assert (await heard(controller))["status"] == "delivered"
    (descriptor,) = member.carrier.commands
    assert json.loads(descriptor) == text
    assert not [character for character in descriptor if ord(character) < 0x20]


REFUSED = {
    "deep nesting": '{"id":1,"command":' + '{"a":' * 20_000 + "1" + "}" * 20_000 + "}",
    "deep lists": '{"id":1,"command":{"a":' + "[" * 60_000 + "]" * 60_000 + "}}",
    "a huge text": json.dumps({"id": 1, "command": "a" * 70_000}),
    "a huge number of signs": json.dumps({"id": 1, "command": "\U0001f680" * 33_000}, ensure_ascii=False),
    "a number": '{"id":1,"command":1}',
    "nothing": '{"id":1,"command":null}',
    "a list": '{"id":1,"command":[]}',
    "no number": '{"id":1,"command":{"a":NaN}}',
    "infinity": '{"id":1,"command":{"a":-Infinity}}',
    "no command": '{"id":1}',
    "half a frame": '{"id":1,"command":"x',
    "two values": '{"id":1,"command":"x"}{"command":"y"}',
    "a deep id": '{"command":"x","id":' + "[" * 60_000 + "]" * 60_000 + "}",
    "no object": '"x"',
    "an empty frame": "",
}


@pytest.mark.parametrize("frame", REFUSED.values(), ids=REFUSED.keys())
async def test_what_is_no_command_is_refused_and_the_next_one_is_carried(member: Followed, frame: str) -> None:
    await member.streamer()
    controller = await member.connect("/control", CONTROLLER)
    await controller.send(frame)
    assert (await heard(controller))["status"] == "refused"
    await say(controller, command="next", id=2)
    assert await heard(controller) == {"type": "ack", "id": 2, "status": "delivered"}
    assert member.carrier.commands == ['"next"']


async def test_a_huge_integer_is_no_way_to_stop_the_service(member: Followed) -> None:
    await member.streamer()
    controller = await member.connect("/control", CONTROLLER)
    await controller.send('{"id":1,"command":{"a":' + "9" * 5000 + "}}")
    await heard(controller)
    await say(controller, command="next", id=2)
    assert (await heard(controller))["id"] == 2


@pytest.mark.parametrize("path", ["/", "/control"])
@pytest.mark.parametrize("sent", [b"\xff\xfe", b"\xed\xa0\x80", b"\xc0\x80"], ids=["bytes", "a surrogate", "overlong"])
async def test_text_that_is_no_utf8_costs_its_sender_the_connection(member: Followed, path: str, sent: bytes) -> None:
    posing = await member.connect(path, CONTROLLER if path == "/control" else PLAYER)
    posing.transport.write(bytes([0x81, 0x80 | len(sent)]) + bytes(4) + sent)
    await posing.wait_closed()
    assert posing.close_code == 1007


async def test_a_binary_frame_is_no_command(member: Followed) -> None:
    await member.streamer()
    controller = await member.connect("/control", CONTROLLER)
    await controller.send(json.dumps({"command": "x"}).encode())
    assert (await heard(controller))["status"] == "refused"
    assert member.carrier.commands == []


async def test_a_frame_that_is_too_long_costs_its_sender_the_connection(member: Followed) -> None:
    controller = await member.connect("/control", CONTROLLER)
    controller.transport.write(struct.pack("!BBQ4x", 0x81, 0xFF, 2**40))
    await controller.wait_closed()
    assert controller.close_code == 1009


async def test_more_commands_than_may_wait_are_refused(start: Start) -> None:
    member = await start(commands={"queue": 3})
    controller = await member.connect("/control", CONTROLLER)
    statuses = []
    for number in range(5):
        await say(controller, command="x", id=number)
        statuses.append((await heard(controller))["status"])
    assert statuses == ["queued", "queued", "queued", "refused", "refused"]


SCRATCH: dict[str, Any] = {
    "a prototype": {"scratch": True, "__proto__": {"Name": "x"}, "constructor": "x"},
    "another field": {"scratch": True, "Shutdown": True},
}


@pytest.mark.parametrize("message", SCRATCH.values(), ids=SCRATCH.keys())
async def test_only_a_drone_s_own_fields_pass_from_the_original_clients(
    member: Followed, message: dict[str, Any]
) -> None:
    await member.streamer()
    controller = await member.connect("/control", CONTROLLER)
    await say(controller, **message)
    assert (await heard(controller))["status"] == "delivered"
    assert member.carrier.commands == ['{"Name":""}']
