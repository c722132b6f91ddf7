"""Runs all the benchmarks, prints as they go, and writes docs/performance.md."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from pathlib import Path

from bench import collection, signalling, wake
from bench.page import page

PAGE = Path(__file__).resolve().parents[2] / "docs" / "performance.md"


def shown(lines: Iterable[str]) -> list[str]:
    """Print lines as they come, and return them."""
    kept = []
    for line in lines:
        print(line, flush=True)
        kept.append(line)
    return kept


def measured() -> list[collection.Row]:
    """Measure the collection, print row by row, and return the rows."""
    latency = f"{collection.LATENCY * 1000:.0f} ms"
    print(f"\nAWS calls and seconds, ours beside amazon.aws's; each AWS call takes {latency}\n")
    print(f"{'work':<44} {'ours':>15} {'peer':>17} {'fewer calls':>12} {'faster':>8}  least possible")
    rows = []
    for row in collection.rows():
        ours, peer = row.ours, row.peer
        print(
            f"{row.work:<44} {ours.calls:>5} {ours.seconds:>7.1f} s {peer.calls:>7,} {peer.seconds:>7.1f} s"
            f" {peer.calls / ours.calls:>11.1f}x {peer.seconds / ours.seconds:>7.1f}x  {row.fewest}"
            f"{'   ' + row.note if row.note else ''}",
            flush=True,
        )
        rows.append(row)
    return rows


def main() -> None:
    """Measure the signalling service, the wake path, then the collection; write the page when all is done."""
    began = time.monotonic()
    of_signalling = shown(signalling.report())
    print()
    of_wake = shown(wake.report())
    rows = measured()
    PAGE.write_text(page(of_signalling, of_wake, rows))
    print(f"\n{time.monotonic() - began:.0f} seconds in all; written to {PAGE.relative_to(Path.cwd())}")


if __name__ == "__main__":
    sys.exit(main())
