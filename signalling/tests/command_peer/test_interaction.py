"""A command on its way into the data channel, and a reply on its way out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixel.sandbox.unreal import wire
from pixel.signalling.command_peer.interaction import UnsendableError, encode, reply_in

texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=200)


@given(texts)
def test_unreal_reads_the_descriptor_that_was_sent(descriptor: str) -> None:
    assert wire.read(encode(descriptor)) == (wire.UI_INTERACTION, descriptor)


@given(texts)
def test_a_reply_is_heard_as_unreal_wrote_it(text: str) -> None:
    assert reply_in(wire.response(text)) == text


@pytest.mark.parametrize("message", [b"", b"\x00\x01", b"\x07{\x00}\x00"], ids=["empty", "ownership", "settings"])
def test_what_is_no_reply_is_left_alone(message: bytes) -> None:
    assert reply_in(message) is None


def test_the_longest_command_is_sent() -> None:
    assert len(encode("a" * 65535)) == 3 + 2 * 65535


@pytest.mark.parametrize("descriptor", ["a" * 65536, "🚁" * 32768, "\ud83d"], ids=["units", "pairs", "half a pair"])
def test_a_command_that_does_not_fit_is_refused(descriptor: str) -> None:
    with pytest.raises(UnsendableError):
        encode(descriptor)
