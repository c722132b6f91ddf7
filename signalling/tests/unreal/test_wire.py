"""The data channel as Unreal reads it."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixel.sandbox.unreal import wire

texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=200)


@given(texts)
def test_a_ui_interaction_is_read_as_it_was_written(text: str) -> None:
    encoded = text.encode("utf-16-le")
    message = struct.pack("<BH", wire.UI_INTERACTION, len(encoded) // 2) + encoded

    assert wire.read(message) == (wire.UI_INTERACTION, text)


@given(st.binary())
def test_any_bytes_are_read_or_called_malformed(message: bytes) -> None:
    try:
        wire.read(message)
    except wire.MalformedError as problem:
        assert str(problem)


@pytest.mark.parametrize(
    "message",
    [b"", b"\x32", b"\x32\x01", b"\x32\x02\x00a\x00", b"\x32\x01\x00a\x00b\x00", b"\x32\x01\x00\x00\xd8"],
    ids=["empty", "no length", "half a length", "too short", "too long", "half of a surrogate pair"],
)
def test_a_text_that_is_not_as_long_as_it_says_is_malformed(message: bytes) -> None:
    with pytest.raises(wire.MalformedError):
        wire.read(message)


def test_a_message_without_text_has_its_kind_alone() -> None:
    assert wire.read(b"\x01") == (1, None)


def test_a_response_carries_its_text_without_a_length() -> None:
    assert wire.response("hi") == b"\x01h\x00i\x00"
