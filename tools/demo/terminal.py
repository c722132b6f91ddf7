"""How the tour looks on a terminal: numbered steps, what changed, seconds and AWS calls, and a table of the fleet."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

from playbook_runs import Run

_BOLD, _DIM, _GREEN, _RESET = "\033[1m", "\033[2m", "\033[32m", "\033[0m"


class Terminal:
    """Prints the tour; in colour when the output is a terminal."""

    def __init__(self) -> None:
        self._colour = sys.stdout.isatty()
        self._step = 0

    def _paint(self, code: str, text: str) -> str:
        return f"{code}{text}{_RESET}" if self._colour else text

    def step(self, title: str) -> None:
        """Announce the next step, before it runs."""
        self._step += 1
        print(f"\n{self._paint(_BOLD, f'{self._step}. {title}')}", flush=True)

    def run(self, run: Run, calls: Mapping[str, int]) -> None:
        """Tell what a playbook did, and the AWS calls it made, by action."""
        print(self._paint(_DIM, f"   $ {run.command}"))
        for change in run.changes or ["changed" if run.changed else "nothing to change"]:
            print(f"   {self._paint(_GREEN, '~' if run.changed else '=')} {change}")
        by_action = ", ".join(f"{action} {count}" for action, count in sorted(calls.items()))
        print(self._paint(_DIM, f"   {run.seconds:.1f} s, {sum(calls.values())} AWS calls ({by_action})"), flush=True)

    def note(self, text: str) -> None:
        """Add a line under the current step."""
        print(f"   {text}", flush=True)

    def table(self, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Print rows under a header, in columns as wide as they need to be."""
        widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]
        print(
            "   " + self._paint(_BOLD, "  ".join(cell.ljust(width) for cell, width in zip(header, widths, strict=True)))
        )
        for row in rows:
            print("   " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
        sys.stdout.flush()
