"""What goes through the data channel: a UI interaction to Unreal, a reply from it.

Source: `emitUIInteraction` and `addResponseEventListener` of Epic's player (lib-pixelstreamingfrontend).
"""

from __future__ import annotations

import struct

_UI_INTERACTION = 50
_RESPONSE = 1
_LONGEST = 0xFFFF
"""UTF-16 code units: the length is an unsigned 16-bit number."""


class UnsendableError(ValueError):
    """A descriptor that the channel cannot carry; the text says why."""


def encode(descriptor: str) -> bytes:
    """Return a UI interaction: its kind, the number of UTF-16 code units, the text in little endian.

    Raises:
        UnsendableError: the text is too long, or holds half of a surrogate pair.
    """
    try:
        text = descriptor.encode("utf-16-le")
    except UnicodeEncodeError:
        raise UnsendableError("the command holds half of a surrogate pair, which is no text") from None
    units = len(text) // 2
    if units > _LONGEST:
        raise UnsendableError(f"the command has {units} UTF-16 code units; Unreal takes {_LONGEST}")
    return struct.pack("<BH", _UI_INTERACTION, units) + text


def reply_in(message: bytes) -> str | None:
    """Return the reply that a message from Unreal brings; None when it is something else, such as a setting."""
    if message[:1] != bytes([_RESPONSE]):
        return None
    return message[1:].decode("utf-16-le", errors="replace")
