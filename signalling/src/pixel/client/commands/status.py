"""`pixel status`: how the remembered session is."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from pixel.client.commands.common import NoSession, Outcome, described, parser, remembered_session, run


def main(argv: Sequence[str]) -> int:
    """Run the command; return its exit code."""
    return run(parser("status", "Tell how the session is that 'pixel wake' woke."), argv, status)


async def status(arguments: argparse.Namespace) -> Outcome:
    """Ask the API."""
    try:
        session = remembered_session(arguments)
    except NoSession as none:
        return Outcome(str(none), {"state": "none"})
    return described(await session.refresh())
