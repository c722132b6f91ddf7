"""`pixel open`: the player page of the remembered session, in a browser."""

from __future__ import annotations

import argparse
import webbrowser
from collections.abc import Sequence

from pixel.client.commands.common import Outcome, parser, remembered_session, run


def main(argv: Sequence[str]) -> int:
    """Run the command; return its exit code."""
    made = parser("open", "Open the session's player page in a browser, and print its address.")
    made.add_argument("--print", action="store_true", dest="print_only", help="only print the address")
    return run(made, argv, open_page)


async def open_page(arguments: argparse.Namespace) -> Outcome:
    """Wait for the machine, then open its page."""
    session = remembered_session(arguments)
    url = (await session.ready_access(progress=not arguments.json)).url
    opened = not arguments.print_only and webbrowser.open(url)
    return Outcome(url, {"session": session.id, "url": url, "opened": opened})
