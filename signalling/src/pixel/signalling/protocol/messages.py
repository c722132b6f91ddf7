"""The messages of Epic's protocol, as its frontend and Unreal exchange them with a signalling server.

Which fields a message has, and which of them it must have, is Epic's `Common/protobuf/signalling_messages.proto`, where
the conduct of Epic's own server does not show otherwise. Fields that are not listed here are passed on untouched: newer
peers may say more.
"""

from __future__ import annotations

from collections.abc import Mapping
from json import JSONDecoder, JSONEncoder
from typing import Any, NamedTuple

PROTOCOL_VERSION = "1.3.0"
"""The version of the protocol that Epic's servers for Unreal 5.5 to 5.8 announce."""

Message = dict[str, Any]
"""A message: a JSON object with a `type`."""


class Field(NamedTuple):
    """A field of a message: the types its value may have in Python, and whether it may be absent."""

    types: tuple[type, ...]
    required: bool = True


class Malformed(ValueError):  # noqa: N818 - it is what the frame is
    """A frame that is no message of the protocol; the text says why, in words that are safe to log."""


_TEXT = Field((str,))
_FLAG = Field((bool,), required=False)
_NUMBER = Field((int, float))
_OBJECT = Field((dict,))
_ID = Field((str, int), required=False)
"""Unreal 4.26 and 4.27 write ids of players as numbers or as text."""

_SDP = {"sdp": _TEXT, "playerId": _ID, "sfu": _FLAG}

FIELDS: Mapping[str, Mapping[str, Field]] = {
    # Epic's server takes an endpointId without a usable id, and gives it one.
    "endpointId": {},
    "listStreamers": {},
    "subscribe": {"streamerId": _TEXT},
    "unsubscribe": {},
    "offer": _SDP,
    "answer": _SDP,
    "iceCandidate": {"candidate": _OBJECT, "playerId": _ID},
    "disconnectPlayer": {"playerId": Field((str, int)), "reason": Field((str,), required=False)},
    "ping": {"time": Field((int, float), required=False)},
    "pong": {},
    "layerPreference": {"spatialLayer": _NUMBER, "temporalLayer": _NUMBER, "playerId": _ID},
    "dataChannelRequest": {},
    "peerDataChannelsReady": {},
    "peerDataChannels": {"playerId": _ID, "sendStreamId": _NUMBER, "recvStreamId": _NUMBER},
    "streamerDataChannels": {"sendStreamId": _NUMBER, "recvStreamId": _NUMBER},
    "startStreaming": {},
    "stopStreaming": {},
    "stats": {},
}
"""The messages a peer may send, and their fields."""


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


_WHITESPACE = " \t\n\r"
# Not `decode`, which looks for whitespace with expressions that take as long as the reading.
_read = JSONDecoder(parse_constant=_no_constant).raw_decode
_encode = JSONEncoder(separators=(",", ":"), allow_nan=False).encode


def decode_json(frame: str | bytes) -> Any:
    """Return what a WebSocket frame says in JSON.

    Raises:
        Malformed: nothing; whatever the frame holds, no other error is raised.
    """
    if not isinstance(frame, str):
        raise Malformed("a binary frame")
    text = frame.strip(_WHITESPACE)
    try:
        value, end = _read(text)
    except (ValueError, RecursionError):
        raise Malformed("not JSON") from None
    if end != len(text):
        raise Malformed("not JSON")
    return value


def decode(frame: str | bytes) -> Message:
    """Return the message in a WebSocket frame.

    Raises:
        Malformed: it is none; whatever the frame holds, no other error is raised.
    """
    message = decode_json(frame)
    if type(message) is not dict:
        raise Malformed("not a JSON object")
    kind = message.get("type")
    if type(kind) is not str:
        raise Malformed("no type")
    fields = FIELDS.get(kind)
    if fields is None:
        raise Malformed("an unknown type")
    for name, (types, required) in fields.items():
        value = message.get(name)
        if value is None:
            if required:
                raise Malformed(f"{kind} without {name}")
        elif type(value) not in types:
            raise Malformed(f"{kind} with a wrong {name}")
    return message


def encode(message: Message) -> str:
    """Return the frame of a message.

    Raises:
        Malformed: it came with a number beyond what JSON's readers can hold, such as 1e999.
    """
    try:
        return _encode(message)
    except ValueError:
        raise Malformed("a number out of range") from None


def signed(frame: str, message: Message, player_id: str) -> str:
    """Return a frame with the id of the player it came from.

    Where the sender has not put one in, the rest stays as it was sent, to the byte, which also costs less than writing
    the message anew.

    Args:
        frame: what was sent.
        message: what it was decoded to.
        player_id: an id that this server has given.
    """
    if "playerId" in message:
        message["playerId"] = player_id
        return encode(message)
    return f'{frame.rstrip()[:-1]},"playerId":"{player_id}"}}'


def config(peer_connection_options: Mapping[str, Any]) -> Message:
    """Return the first message that every peer gets: how to reach the other side."""
    return {"type": "config", "protocolVersion": PROTOCOL_VERSION, "peerConnectionOptions": peer_connection_options}


def player_connected(player_id: str, *, sfu: bool) -> Message:
    """Return what a streamer is told when somebody wants its stream."""
    return {"type": "playerConnected", "dataChannel": True, "sfu": sfu, "playerId": player_id}
