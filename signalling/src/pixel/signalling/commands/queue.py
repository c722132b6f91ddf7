"""The commands on their way to Unreal: a core without clocks or processes.

A command is handed to the carrier at most once. If the carrier goes before it has said that a command was sent, nobody
can know whether Unreal has it; that is what is reported, and it is not sent again.
"""

from __future__ import annotations

from typing import Generic, Literal, NamedTuple, TypeVar

Status = Literal["delivered", "queued", "refused", "unknown"]


T = TypeVar("T")
"""What identifies the giver of a command; the queue only gives it back."""


class Hand(NamedTuple):
    """Hand a command to the carrier."""

    number: int
    descriptor: str


class Tell(NamedTuple, Generic[T]):
    """Tell whoever gave the command what has become of it."""

    ticket: T
    status: Status
    reason: str | None = None


Effect = Hand | Tell[T]


class _Entry(NamedTuple, Generic[T]):
    descriptor: str
    ticket: T
    until: float


class CommandQueue(Generic[T]):
    """Commands in the order of their coming. Times are seconds on a monotonic clock.

    Args:
        limit: how many may wait or be on their way.
        expiry: how long one may wait, and how long the carrier may take to send it.
    """

    def __init__(self, limit: int, expiry: float) -> None:
        self._limit = limit
        self._expiry = expiry
        self._open = False
        self._next = 0
        self._waiting: dict[int, _Entry[T]] = {}
        self._handed: dict[int, _Entry[T]] = {}

    @property
    def empty(self) -> bool:
        """Whether no command waits or is on its way."""
        return not self._waiting and not self._handed

    def submit(self, now: float, descriptor: str, ticket: T) -> list[Effect[T]]:
        """Take a command. The ticket comes back with what has become of it; a queued one is told of twice."""
        if len(self._waiting) + len(self._handed) >= self._limit:
            return [Tell(ticket, "refused", f"{self._limit} commands are waiting already")]
        number = self._next
        self._next += 1
        self._waiting[number] = _Entry(descriptor, ticket, now + self._expiry)
        if self._open:
            return self._hand_over(now)
        return [Tell(ticket, "queued", "the application cannot be reached yet")]

    def opened(self, now: float) -> list[Effect[T]]:
        """The carrier has reached Unreal."""
        self._open = True
        return [*self.tick(now), *self._hand_over(now)]

    def sent(self, number: int) -> list[Effect[T]]:
        """The carrier has sent a command."""
        entry = self._handed.pop(number, None)
        return [] if entry is None else [Tell(entry.ticket, "delivered")]

    def unsent(self, number: int, reason: str) -> list[Effect[T]]:
        """The carrier could not send a command."""
        entry = self._handed.pop(number, None)
        return [] if entry is None else [Tell(entry.ticket, "refused", reason)]

    def closed(self, reason: str) -> list[Effect[T]]:
        """The carrier has lost Unreal, or has ended."""
        self._open = False
        lost, self._handed = self._handed, {}
        return [Tell(entry.ticket, "unknown", reason) for entry in lost.values()]

    def tick(self, now: float) -> list[Effect[T]]:
        """Time has passed: refuse what has waited too long."""
        late = [number for number, entry in self._waiting.items() if entry.until <= now]
        reason = f"the application could not be reached within {self._expiry:g} s"
        return [Tell(self._waiting.pop(number).ticket, "refused", reason) for number in late]

    def stuck(self, now: float) -> bool:
        """Tell whether the carrier has not sent a command for too long."""
        return any(entry.until <= now for entry in self._handed.values())

    def clear(self, reason: str) -> list[Effect[T]]:
        """Refuse everything that waits."""
        waiting, self._waiting = self._waiting, {}
        return [Tell(entry.ticket, "refused", reason) for entry in waiting.values()]

    def _hand_over(self, now: float) -> list[Effect[T]]:
        waiting, self._waiting = self._waiting, {}
        self._handed |= {number: entry._replace(until=now + self._expiry) for number, entry in waiting.items()}
        return [Hand(number, entry.descriptor) for number, entry in waiting.items()]
