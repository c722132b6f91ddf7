"""What clients send to give a command, and what they are told."""

from __future__ import annotations

from typing import Any, NamedTuple

from pixel.signalling.commands.javascript import stringify
from pixel.signalling.protocol.messages import Malformed, decode_json, encode

MAX_UNITS = 0xFFFF
"""UTF-16 code units of the longest command: its length is sent as 16 bits (message 50 of Epic's data channel)."""

PREFIX = "scratch"


class Command(NamedTuple):
    """A command as Unreal gets it: the text of a JSON value."""

    descriptor: str


class Refused(NamedTuple):
    """A frame that is no command; why."""

    reason: str


def command(value: Any) -> Command | Refused:
    """Return the command that a value is: a text or an object."""
    if not isinstance(value, str | dict):
        return Refused("a command is a text or an object")
    try:
        descriptor = stringify(value)
    except RecursionError:
        return Refused("the command is nested too deeply")
    if len(descriptor.encode("utf-16-le")) // 2 > MAX_UNITS:
        return Refused(f"the command is longer than {MAX_UNITS} UTF-16 code units")
    return Command(descriptor)


class ScratchFrames:
    """The frames of the original Scratch clients.

    Text: what follows the seven letters `scratch`, whatever it is, reaches Unreal as a JSON string.

    JSON: an object with a `scratch` key changes the drone's description, and Unreal gets the whole of it each time. As
    in the original page, the description begins with an empty name, has its fields in this order, leaves out the ones
    that were never given, and a colour takes the place of the other kind of colour.
    """

    FIELDS = ("Name", "MaxSpeed", "Color", "ColorRGB")

    def __init__(self) -> None:
        self._drone: dict[str, Any] = {"Name": ""}

    def read(self, frame: str | bytes) -> Command | Refused | None:
        """Return the command in a frame; None when it is no frame of these clients."""
        if not isinstance(frame, str):
            return None
        if frame.startswith(PREFIX):
            return command(frame.removeprefix(PREFIX))
        if f'"{PREFIX}"' not in frame:
            return None
        try:
            message = decode_json(frame)
        except Malformed:
            return None
        if not isinstance(message, dict) or PREFIX not in message:
            return None
        return self._change(message)

    def _change(self, message: dict[str, Any]) -> Command | Refused:
        drone = self._drone | {name: message[name] for name in self.FIELDS if name in message}
        if "ColorRGB" in message:
            drone.pop("Color", None)
        elif "Color" in message:
            drone.pop("ColorRGB", None)
        changed = command({name: drone[name] for name in self.FIELDS if name in drone})
        if isinstance(changed, Command):
            self._drone = drone
        return changed


def read_control(frame: str | bytes) -> tuple[Command | Refused, dict[str, Any]]:
    """Return the command in a frame `{"command": …, "id": …}`, and what its acknowledgement repeats: the id, if any."""
    try:
        message = decode_json(frame)
        if not isinstance(message, dict) or "command" not in message:
            return Refused('send {"command": <text or object>}'), {}
        reference = {"id": message["id"]} if "id" in message else {}
        encode(reference)
    except Malformed as problem:
        return Refused(f"the frame is {problem}"), {}
    return command(message["command"]), reference


def acknowledgement(reference: dict[str, Any], status: str, reason: str | None) -> str:
    """Return the frame that tells what has become of a command."""
    message = {"type": "ack", **reference, "status": status}
    return encode(message if reason is None else {**message, "reason": reason})


def reply(data: str) -> str:
    """Return the frame that carries what Unreal has answered."""
    return encode({"type": "reply", "data": data})
