"""`pixel send`: a command to Unreal."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from pixel.client.commands.common import Outcome, parser, remembered_session, run
from pixel.client.control import Command
from pixel.client.session import COMMAND_TIMEOUT


def main(argv: Sequence[str]) -> int:
    """Run the command; return its exit code."""
    made = parser("send", "Send a command to Unreal.")
    what = made.add_mutually_exclusive_group(required=True)
    what.add_argument("text", nargs="?", help="the command, as a text")
    what.add_argument("--object", type=json_object, metavar="JSON", help="the command, as a JSON object")
    made.add_argument("--reply", action="store_true", help="wait for Unreal's reply and print it")
    made.add_argument("--timeout", type=float, default=COMMAND_TIMEOUT, metavar="SECONDS", help="how long to wait")
    return run(made, argv, send)


def json_object(text: str) -> Mapping[str, Any]:
    """Read an argument that is a JSON object."""
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise argparse.ArgumentTypeError(f"{text!r} is no JSON object")
    return value


async def send(arguments: argparse.Namespace) -> Outcome:
    """Send, and wait for the acknowledgement or the reply."""
    session = remembered_session(arguments)
    command: Command = arguments.text if arguments.object is None else arguments.object
    if arguments.reply:
        reply = await session.ask(command, timeout=arguments.timeout)
        return Outcome(reply, {"reply": reply})
    ack = await session.send(command, timeout=arguments.timeout)
    return Outcome(f"{ack.status}: {ack.reason}" if ack.reason else ack.status, asdict(ack))
