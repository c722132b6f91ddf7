"""`pixel sandbox stream`: a synthetic Unreal, to try the service and its page by hand."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from urllib.parse import urlsplit

from pixel.sandbox.unreal.journal import json_lines
from pixel.sandbox.unreal.streamer import Unreal


def main(argv: Sequence[str]) -> int:
    """Stream until interrupted, one line of JSON for each thing that happens; return the exit code."""
    arguments = parser().parse_args(argv)
    unreal = Unreal(arguments.url, json_lines(sys.stdout), streamer_id=arguments.id, legacy=arguments.legacy)
    try:
        asyncio.run(unreal.run())
    except KeyboardInterrupt:
        return 130
    return 0


def parser() -> argparse.ArgumentParser:
    """Return the command's arguments."""
    parser = argparse.ArgumentParser(
        prog="pixel sandbox stream",
        description="A synthetic Unreal: moving video, and a data channel that answers. It tells what happens to it in "
        "lines of JSON, and runs until interrupted.",
    )
    parser.add_argument(
        "--url",
        type=_socket,
        default="ws://127.0.0.1:8888",
        help="the signalling service's port for streamers (default: %(default)s)",
    )
    parser.add_argument(
        "--id", default="DefaultStreamer", help="the name it asks the service for (default: %(default)s)"
    )
    parser.add_argument("--legacy", action="store_true", help="behave as Unreal 4.27 does")
    return parser


def _socket(text: str) -> str:
    if urlsplit(text).scheme not in ("ws", "wss"):
        raise argparse.ArgumentTypeError(f"'{text}' is no address of a WebSocket: give one like ws://127.0.0.1:8888")
    return text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
