"""`pixel wake`: wake a machine and wait for it."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from pixel.client.commands.common import Outcome, described, parser, run, session_file, session_of
from pixel.client.pace import Pace
from pixel.client.remembered import FileMemory
from pixel.client.request import request_session
from pixel.client.session import START_TIMEOUT
from pixel.client.settings import resolve


def main(argv: Sequence[str]) -> int:
    """Run the command; return its exit code."""
    made = parser("wake", "Wake a machine of a pool, or get back the one that was woken, and wait until it is ready.")
    made.add_argument("pool", help="the pool's name")
    made.add_argument("--api", metavar="URL", help="address of the wake API (or PIXEL_API)")
    made.add_argument("--timeout", type=float, default=START_TIMEOUT, metavar="SECONDS", help="how long to wait")
    made.add_argument("--no-wait", action="store_true", help="do not wait until the machine is ready")
    return run(made, argv, wake)


async def wake(arguments: argparse.Namespace) -> Outcome:
    """Ask for a session, remember it, and wait for its machine."""
    settings = resolve(arguments.api, None, arguments.ca_file)
    file = session_file()
    memory = FileMemory(file, settings.api, arguments.pool)
    _, view = await request_session(settings, arguments.pool, memory, Pace())
    memory.attached(view.session)
    session = session_of(file, memory.remembered, view, arguments)
    if not arguments.no_wait:
        await session.wait_ready(arguments.timeout, progress=not arguments.json)
    return described(session)
