"""Runs all the benchmarks, and prints as they go."""

from __future__ import annotations

import sys
import time

from bench import collection, signalling, wake


def main() -> None:
    """Measure and print, row by row as they come: the signalling service, the wake path, then the collection."""
    began = time.monotonic()
    for line in signalling.report():
        print(line, flush=True)
    print()
    for line in wake.report():
        print(line, flush=True)
    latency = f"{collection.LATENCY * 1000:.0f} ms"
    print(f"\nAWS calls and seconds, ours beside amazon.aws's; each AWS call takes {latency}\n")
    print(f"{'work':<44} {'ours':>15} {'peer':>17} {'fewer calls':>12} {'faster':>8}  least possible")
    for row in collection.rows():
        ours, peer = row.ours, row.peer
        print(
            f"{row.work:<44} {ours.calls:>5} {ours.seconds:>7.1f} s {peer.calls:>7,} {peer.seconds:>7.1f} s"
            f" {peer.calls / ours.calls:>11.1f}x {peer.seconds / ours.seconds:>7.1f}x  {row.fewest}"
            f"{'   ' + row.note if row.note else ''}",
            flush=True,
        )
    print(f"\n{time.monotonic() - began:.0f} seconds in all")


if __name__ == "__main__":
    sys.exit(main())
