"""The original clients' frames, to the byte."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pixel.signalling.commands.frames import Command, Refused, ScratchFrames, acknowledgement, read_control
from pixel.signalling.commands.javascript import stringify

FIELDS = st.dictionaries(st.sampled_from(["command", "id"]), st.text() | st.none())
VALUES = st.recursive(
    st.none() | st.booleans() | st.floats(-1e6, 1e6) | st.text(),
    lambda part: st.lists(part) | st.dictionaries(st.text(), part),
    max_leaves=5,
)


def unreal_gets(*frames: str) -> str | None:
    """Return what Unreal gets for the last of the frames."""
    scratch = ScratchFrames()
    for frame in frames:
        command = scratch.read(frame)
    return command.descriptor if isinstance(command, Command) else None


@pytest.mark.parametrize(
    ("frame", "descriptor"),
    [
        ("scratch: DroneName-foo", '": DroneName-foo"'),
        ("scratch: DroneMaxSpeed-7", '": DroneMaxSpeed-7"'),
        ("scratch: color_vision: scratch: true", '": color_vision: scratch: true"'),
        ('scratch: DroneName-"é\\', '": DroneName-\\"é\\\\"'),
        ("scratch", '""'),
        ("scratches", '"es"'),
    ],
)
def test_text_after_the_seven_letters_is_a_json_string(frame: str, descriptor: str) -> None:
    assert unreal_gets(frame) == descriptor


def test_an_object_changes_the_drone_and_unreal_gets_all_of_it() -> None:
    assert unreal_gets('{"scratch":true,"MaxSpeed":5}') == '{"Name":"","MaxSpeed":5}'
    assert unreal_gets('{"scratch":true,"MaxSpeed":5}', '{"Name":"Ada","scratch":1}') == '{"Name":"Ada","MaxSpeed":5}'


def test_a_colour_takes_the_place_of_the_other_kind() -> None:
    red, rgb = '{"scratch":true,"Color":"Red"}', '{"scratch":true,"ColorRGB":"#f00"}'
    assert unreal_gets(red, rgb) == '{"Name":"","ColorRGB":"#f00"}'
    assert unreal_gets(rgb, red) == '{"Name":"","Color":"Red"}'
    assert unreal_gets('{"scratch":true,"Color":"Red","ColorRGB":"#f00"}') == '{"Name":"","ColorRGB":"#f00"}'


def test_an_object_with_nothing_of_the_drone_sends_it_as_it_is() -> None:
    assert unreal_gets('{"scratch": "true","UserInput": "hello"}') == '{"Name":""}'


@pytest.mark.parametrize(
    "frame",
    [
        '{"type":"offer","sdp":"scratch"}',
        '["scratch"]',
        '{"a":{"scratch":1}}',
        '{"scratch"',
        "Scratch: x",
        b"scratch: x",
    ],
)
def test_other_frames_are_left_alone(frame: str | bytes) -> None:
    assert ScratchFrames().read(frame) is None


def test_a_command_that_cannot_be_sent_is_refused() -> None:
    assert isinstance(ScratchFrames().read("scratch" + "x" * 65_536), Refused)
    assert isinstance(ScratchFrames().read("scratch" + "𝄞" * 32_767), Refused)


def test_a_refused_change_leaves_the_drone_as_it_was() -> None:
    too_long = json.dumps({"scratch": True, "Name": "x" * 70_000})
    assert unreal_gets(too_long, '{"scratch":true,"MaxSpeed":1}') == '{"Name":"","MaxSpeed":1}'


@pytest.mark.parametrize(
    ("frame", "descriptor", "reference"),
    [
        ('{"command":"go","id":7}', '"go"', {"id": 7}),
        ('{"command":{"b":1.0,"a":[true,null]}}', '{"b":1,"a":[true,null]}', {}),
        ('{"id":null,"command":""}', '""', {"id": None}),
    ],
)
def test_a_command_is_what_a_page_would_send(frame: str, descriptor: str, reference: dict[str, Any]) -> None:
    assert read_control(frame) == (Command(descriptor), reference)


@settings(max_examples=50, deadline=None)
@given(st.text() | st.binary() | FIELDS.map(json.dumps))
def test_any_frame_is_a_command_or_is_refused_with_a_reason(frame: str | bytes) -> None:
    command, reference = read_control(frame)
    assert isinstance(command, Command) or command.reason
    assert json.loads(acknowledgement(reference, "refused", None))["type"] == "ack"


@pytest.mark.parametrize(
    ("text", "javascript"),
    [
        ("1.0", "1"),
        ("-0", "0"),
        ("-0.0", "0"),
        ("1.50", "1.5"),
        ("0.000001", "0.000001"),
        ("1e-7", "1e-7"),
        ("-1.25e-9", "-1.25e-9"),
        ("123456789012345680000", "123456789012345680000"),
        ("1e21", "1e+21"),
        ("9007199254740993", "9007199254740992"),
        ("1e999", "null"),
        (str(10**400), "null"),
        ('{"b":0,"10":1,"9":2,"01":3}', '{"9":2,"10":1,"b":0,"01":3}'),
        ('"\\ud800\\n\\u007f\\u2028"', '"\\ud800\\n\x7f\u2028"'),
        ('"\\u0001\\b"', '"\\u0001\\b"'),
    ],
)
def test_json_is_written_as_browsers_write_it(text: str, javascript: str) -> None:
    assert stringify(json.loads(text)) == javascript


@settings(max_examples=50, deadline=None)
@given(VALUES)
def test_what_is_written_reads_back_the_same(value: Any) -> None:
    assert json.loads(stringify(value)) == value
