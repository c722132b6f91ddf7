"""`pixel end`: give the machine back."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from pixel.client.commands.common import NoSession, Outcome, described, parser, remembered_session, run, session_file


def main(argv: Sequence[str]) -> int:
    """Run the command; return its exit code."""
    return run(parser("end", "End the session and give its machine back."), argv, end)


async def end(arguments: argparse.Namespace) -> Outcome:
    """End the remembered session; that there is none is no error."""
    try:
        session = remembered_session(arguments)
    except NoSession as none:
        session_file().forget()
        return Outcome(str(none), {"state": "none"})
    await session.close()
    return described(session)
