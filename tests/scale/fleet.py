"""A fleet of 1,000 members and 10,000 DNS records through every playbook, under AWS's documented token buckets.

    python -m scale.fleet FOLDER [MEMBERS] [RECORDS]

Prints a line of JSON for each playbook: its calls by action, its runs, and the seconds it takes on the stage's clock.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from faults.plan import Errand, draw
from faults.worker import prepare

RUNS = 12
"""How often a playbook is run again at most, as its own message asks for: a bucket of instances refills slowly."""
BATCH = 1000


def main(arguments: list[str]) -> int:
    """Play."""
    prepare()
    output = sys.stdout  # on the stage, what is printed is the actors'
    from faults.piece import Piece
    from faults.theatre import Theatre

    folder, members, records = arguments[0], int(arguments[1]), int(arguments[2])
    piece = Piece(Theatre(Path(folder)), replace(draw(0), size=members))
    with piece.on_stage(alone=True):
        piece.register_images()
        _add_records(piece, records)
        piece.sandbox.set_faults({"buckets": True})
        for line in _playbooks(piece, members):
            print(json.dumps(line), file=output, flush=True)
    os._exit(0)  # a sandbox that was never started has nothing to stop


def _playbooks(piece: Any, members: int) -> Iterator[dict[str, Any]]:
    yield _run(piece, "release to an empty pool", Errand(0, "release", "1.0.0", members))
    yield _run(piece, "the same release again", Errand(0, "release", "1.0.0", members))
    yield _run(piece, "start all", Errand(0, "power", "1.0.0", members, state="started"))
    yield _run(piece, "stop all", Errand(0, "power", "1.0.0", members))
    yield _run(piece, "prune the records", Errand(0, "dns_prune", "1.0.0", members))
    yield _run(piece, "the next release", Errand(0, "release", "1.1.0", members))
    yield _run(piece, "prune the images", Errand(0, "image_prune", "1.1.0", members))
    yield _run(piece, "no members", Errand(0, "fleet", "1.1.0", 0))


def _run(piece: Any, what: str, errand: Errand) -> dict[str, Any]:
    """Run a playbook until it succeeds; return what that took."""
    before, began = Counter(piece.wire.calls), piece.stage.now
    throttled = piece.wire.faults["throttled calls"]
    runs, told = 0, {"failed": True}
    while told.get("failed") and runs < RUNS:
        runs += 1
        told = piece.perform(errand)
    calls = piece.wire.calls - before
    return {
        "what": what,
        "failed": told.get("msg") if told.get("failed") else None,
        "runs": runs,
        "calls": dict(calls),
        "total": calls.total(),
        "throttled": piece.wire.faults["throttled calls"] - throttled,
        "seconds": round(piece.stage.now - began, 1),
        "members": piece.members_by_state(),
    }


def _add_records(piece: Any, count: int) -> None:
    """Publish the names of so many members that are no more."""
    for first in range(0, count, BATCH):
        addresses = [f"198.18.{number // 250}.{number % 250}" for number in range(first, min(first + BATCH, count))]
        piece.publish(addresses)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
