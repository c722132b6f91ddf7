"""500 sessions woken, used and ended in one run, through the wake function, on 500 members.

    python -m scale.sessions FOLDER SESSIONS

Prints one line of JSON: what became of the sessions, and the calls.
"""

from __future__ import annotations

import json
import os
import random
import sys
from dataclasses import replace
from pathlib import Path

from faults.plan import Visit, draw
from faults.worker import prepare

WITHIN = 60.0
"""Seconds in which everybody comes."""


def main(arguments: list[str]) -> int:
    """Play."""
    prepare()
    output = sys.stdout  # on the stage, what is printed is the actors'
    from faults.piece import Piece
    from faults.theatre import Theatre

    folder, sessions = arguments[0], int(arguments[1])
    chance = random.Random(sessions)
    visits = tuple(
        Visit(
            at=chance.uniform(0, WITHIN),
            key=f"class-{number % 25}",
            stays=chance.uniform(20, 90),
            reloads=number % 2,
            closes=number % 3 == 0,
            patience=40.0,
            twice=False,
            vanishes=None,
        )
        for number in range(sessions)
    )
    calm = replace(
        draw(0),
        size=sessions,
        visits=visits,
        windows=(),
        blows=(),
        errands=(),
        invocation_dies=0.0,
        event={"delay": 1.0, "lost": 0.0, "duplicate": 0.0},
    )
    piece = Piece(Theatre(Path(folder)), calm, never_loads=0.0)
    with piece.on_stage():
        piece.set_up()
        piece.wire.calls.clear()
        began = piece.stage.now
        piece.open(began)
        piece.stage.play(began + WITHIN)
        settled = piece.settle()
        print(
            json.dumps(
                {
                    "sessions": dict(piece.sessions()),
                    "outcomes": dict(piece.outcomes()),
                    "violations": piece.journal.violations + piece.stage.crashes,
                    "calls": dict(piece.wire.calls),
                    "invocations": piece.function.counts["invocations"],
                    "seconds": piece.stage.now - began,
                    "settled": settled,
                }
            ),
            file=output,
            flush=True,
        )
    os._exit(0)  # a sandbox that was never started has nothing to stop


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
