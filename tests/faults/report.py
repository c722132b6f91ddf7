"""What came of the schedules, as they come and in all."""

from __future__ import annotations

import statistics
import threading
from collections import Counter
from typing import Any

FAILURES_SHOWN = 10


class Report:
    """Gathers outcomes; prints a line for each as it comes."""

    def __init__(self, expected: int, *, verbose: bool) -> None:
        self._expected = expected
        self._verbose = verbose
        self._lock = threading.Lock()
        self._outcomes: list[dict[str, Any]] = []
        self._failures: dict[int, list[str]] = {}

    @property
    def ok(self) -> bool:
        """Whether every schedule was played, and none broke a promise."""
        return not self._failures and len(self._outcomes) == self._expected

    def add(self, outcome: dict[str, Any]) -> None:
        """Take an outcome."""
        with self._lock:
            log = outcome.pop("log")
            self._outcomes.append(outcome)
            if outcome["violations"]:
                self._failures[outcome["seed"]] = outcome["violations"]
            if self._verbose:
                print("\n".join(log))
            state = "BROKEN" if outcome["violations"] else "ok"
            print(
                f"{len(self._outcomes):4}/{self._expected}  seed {outcome['seed']:<4} {outcome['kind']:<9} {state:<7}"
                f"{sum(outcome['sessions'].values()):3} sessions, settled {outcome['settled']:.0f} s after the last"
                f" fault  ({outcome['seconds']:.0f} s)",
                flush=True,
            )
            for what in outcome["violations"]:
                print(f"          {what}", flush=True)

    def failed(self, seed: int, why: str) -> None:
        """Take a schedule that could not be played."""
        with self._lock:
            self._failures[seed] = [why]
            print(f"          seed {seed} could not be played: {why}", flush=True)

    def as_json(self) -> dict[str, Any]:
        """Return everything there is to know."""
        faults: Counter[str] = Counter()
        sessions: Counter[str] = Counter()
        for outcome in self._outcomes:
            faults.update(outcome["faults"])
            sessions.update(outcome["sessions"])
        settled = sorted(outcome["settled"] for outcome in self._outcomes)
        return {
            "schedules": Counter(outcome["kind"] for outcome in self._outcomes),
            "calls": sum(outcome["calls"] for outcome in self._outcomes),
            "faults": dict(faults.most_common()),
            "sessions": dict(sessions.most_common()),
            "settled": {
                "median": statistics.median(settled) if settled else None,
                "most": settled[-1] if settled else None,
            },
            "longest_without_a_lease": max((outcome["longest_alone"] for outcome in self._outcomes), default=None),
            "seconds": sum(outcome["seconds"] for outcome in self._outcomes),
            "failures": {str(seed): what for seed, what in sorted(self._failures.items())},
        }

    def summary(self) -> str:
        """Say it in a page."""
        told = self.as_json()
        kinds = ", ".join(f"{count} on {kind}" for kind, count in told["schedules"].items())
        lines = [
            "",
            f"schedules   {len(self._outcomes)} ({kinds}), {told['calls']:,} calls to AWS",
            f"sessions    {sum(told['sessions'].values())}: {_counted(told['sessions'])}",
            f"faults      {_counted(told['faults'])}",
            f"settled     {told['settled']['median']} s after the last fault at the median, {told['settled']['most']} s"
            " at most",
            f"unleased    {told['longest_without_a_lease']} s at most does a member run for nobody",
            f"broken      {len(self._failures)}",
        ]
        lines += [
            f"   make faults SEED={seed}   {self._failures[seed][0][:200]}"
            for seed in sorted(self._failures)[:FAILURES_SHOWN]
        ]
        return "\n".join(lines)


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items())
