"""Plays schedules in a process of its own, and prints what came of each as a line of JSON.

    PYTHONHASHSEED=0 python -m faults.worker [--plant MISTAKE] FOLDER SEED…

The hash seed makes sets go the same way round each time: without it a schedule is not the same one twice.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import logging
import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def prepare() -> None:
    """Keep the process quiet, and let it find the collection."""
    import structlog

    os.environ |= {"POWERTOOLS_LOG_LEVEL": "CRITICAL", "POWERTOOLS_METRICS_DISABLED": "true"}
    logging.disable(logging.CRITICAL)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    sys.path.insert(0, str(ROOT / "collections"))


def main(arguments: list[str]) -> int:
    """Play the schedules of the seeds."""
    if os.environ.get("PYTHONHASHSEED") != "0":
        print("set PYTHONHASHSEED=0: otherwise no schedule can be played again", file=sys.stderr)
        return 2
    prepare()
    from .piece import Piece
    from .plan import draw
    from .planted import PLANTED
    from .theatre import Theatre

    parser = argparse.ArgumentParser(prog="faults.worker")
    parser.add_argument("--plant", choices=PLANTED)
    parser.add_argument("folder", type=Path)
    parser.add_argument("seeds", type=int, nargs="+")
    asked = parser.parse_args(arguments)
    theatre = Theatre(asked.folder)
    with pytest.MonkeyPatch.context() as patch:
        if asked.plant:
            PLANTED[asked.plant](patch)
        for seed in asked.seeds:
            print(json.dumps(dataclasses.asdict(Piece(theatre, draw(seed)).play())), flush=True)
    os._exit(0)  # a sandbox that was never started has nothing to stop


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
