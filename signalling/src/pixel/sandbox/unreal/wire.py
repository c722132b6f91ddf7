"""The data channel between a player and Unreal: one byte that says what it is, then its fields.

Source: the default protocol of Epic's player, `StreamMessageController.ts` in lib-pixelstreamingfrontend. Text is
UTF-16 little endian; towards Unreal, its number of code units comes first, as an unsigned 16-bit number.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

UI_INTERACTION = 50
RESPONSE = 1
_TEXTS = (6, 9, UI_INTERACTION, 51, 52)
"""What carries a text towards Unreal: latency tests, UI interactions, commands, text boxes."""


class MalformedError(ValueError):
    """A message that Unreal would not understand; the text says why."""


class ToStreamer(NamedTuple):
    """A message from a player: its kind, and its text where the kind has one."""

    kind: int
    text: str | None


def read(message: bytes) -> ToStreamer:
    """Read what a player sent.

    Raises:
        MalformedError: it is empty, or its text is not as long as it says, or is no UTF-16.
    """
    if not message:
        raise MalformedError("an empty message")
    kind = message[0]
    if kind not in _TEXTS:
        return ToStreamer(kind, None)
    if len(message) < 3:
        raise MalformedError(f"message {kind} ends before its text's length")
    (units,) = struct.unpack_from("<H", message, 1)
    encoded = message[3:]
    if len(encoded) != units * 2:
        raise MalformedError(f"message {kind} says {units} code units and brings {len(encoded)} bytes")
    try:
        return ToStreamer(kind, encoded.decode("utf-16-le"))
    except UnicodeDecodeError as error:
        raise MalformedError(f"message {kind} is no UTF-16: {error.reason}") from None


def response(text: str) -> bytes:
    """Return Unreal's reply as it goes to a player: no length, since it ends with the message."""
    return bytes([RESPONSE]) + text.encode("utf-16-le")
