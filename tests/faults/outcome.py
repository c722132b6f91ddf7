"""What came of one schedule."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Outcome:
    """What came of a schedule.

    Attributes:
        kind: `stage` or `processes`: on what it was played.
        faults, sessions: how many of each kind, and by the reason of their end.
        settled: seconds from the last fault until everything had come to rest.
        longest_alone: seconds that a member ran without a lease, undisturbed, at most.
        log: what happened, line by line.
    """

    seed: int
    kind: str
    violations: list[str]
    faults: dict[str, int]
    sessions: dict[str, int]
    settled: float
    seconds: float
    calls: int
    longest_alone: float
    log: list[str] = field(default_factory=list)
