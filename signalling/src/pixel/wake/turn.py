"""What one turn at driving a pool knows and has done."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pixel.lease.model import Item, is_live, is_waiting
from pixel.wake.aws import Machine
from pixel.wake.pools import Done, Pool


@dataclass
class Turn:
    """One invocation's turn: the pool and its members' items as they were read, and what has been done since.

    `now` is the epoch second at which the turn began; every step judges deadlines by it.
    """

    pool: Pool
    items: dict[str, dict[str, Any]]
    now: float
    machines: dict[str, Machine] = field(default_factory=dict)
    started: set[str] = field(default_factory=set)
    opened: set[str] = field(default_factory=set)
    closed: set[str] = field(default_factory=set)
    cooldowns: dict[str, float] = field(default_factory=dict)
    called_start: bool = False
    given_up: set[str] = field(default_factory=set)

    def leased(self, ids: frozenset[str]) -> dict[str, Item]:
        """Return the items of those members that hold a live lease."""
        return {name: self.items[name] for name in ids if is_live(self.items.get(name), self.now)}

    def expected(self, ids: frozenset[str]) -> dict[str, Item]:
        """Return the items of those members that hold a live lease, or wait for one: they need their names."""
        waiting = {name: self.items[name] for name in ids if is_waiting(self.items.get(name), self.now)}
        return self.leased(ids) | waiting

    def done(self) -> Done:
        """Return what is to be taken out of the pool's item."""
        return Done(
            started=frozenset(self.started),
            opened=frozenset(self.opened),
            closed=frozenset(self.closed),
            cooldowns=self.cooldowns,
            called_start=self.called_start,
        )
