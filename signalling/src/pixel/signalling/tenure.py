"""Whose this member is: what the lease table has told it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pixel.lease.model import Lease


class Tenure:
    """The lease and the hold of one member, as far as it knows.

    Args:
        now: the moment of the boot, in seconds on a monotonic clock.
        leased: whether there is a lease table.
    """

    def __init__(self, now: float, *, leased: bool) -> None:
        self.leased = leased
        self.lease: Lease | None = None
        """The latest lease since the boot, which may have ended."""
        self.over: str | None = None
        """Why that lease has ended; None while it has not."""
        self.held_until = 0.0
        """The epoch second at which the hold ends, if the member is held."""
        self.answered = now
        """When the table has last answered, in seconds on a monotonic clock."""

    @property
    def generation(self) -> int:
        """The generation of the latest lease; 0 before the first."""
        return 0 if self.lease is None else self.lease.generation

    @property
    def live(self) -> Lease | None:
        """The lease that this member serves now."""
        return self.lease if self.over is None else None

    def waits(self, wall: float) -> bool:
        """Whether the member is held at an epoch second, and no session has had it since it booted."""
        return self.lease is None and wall < self.held_until
