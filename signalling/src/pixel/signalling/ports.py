"""What the member's runner needs from its neighbours: the signalling server, the lease and the machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pixel.lease.model import Lease, Standing


class Doorkeeper(Protocol):
    """The signalling server, as far as it decides who comes in. Called on the event loop; returns at once."""

    def admit(self, player_digest: str | None, controller_digest: str | None) -> None:
        """Let in exactly the holders of the tokens with these SHA-256 digests (hex); None: nobody in that role.

        Whoever holds another token is sent away.
        """

    def refuse_newcomers(self, reason: str) -> None:
        """Let nobody in any more."""

    def accept_newcomers(self) -> None:
        """Take `refuse_newcomers` back."""

    def close_all(self, reason: str) -> None:
        """Send players and controllers away; the server goes on."""


class MemberLease(Protocol):
    """The lease as the member itself sees it. Every call may block and may fail as AWS calls fail."""

    def current(self) -> Standing:
        """Return the lease on this member, if there is one, and how long it is held; read with strong consistency."""

    def hot(self) -> bool:
        """Say that this member, which is held, waits for whoever claims it.

        Returns:
            False when it is not held any more, or somebody has claimed it.
        """

    def ready(self, lease: Lease) -> Lease:
        """Say that the member is ready for its session.

        Raises:
            LeaseLost: the lease has ended or belongs to someone else.
        """

    def heartbeat(self, lease: Lease, players: int) -> Lease:
        """Say that the member is alive, and keep the lease while players are connected.

        Raises:
            LeaseLost: the lease has ended or belongs to someone else.
        """

    def drain(self, lease: Lease | None) -> bool:
        """Give the lease up, so that nobody can claim this member before it has stopped.

        Returns:
            False when somebody else holds a live lease, or the member is held for a class: it must not stop.
        """


class Machine(Protocol):
    """The machine that the member runs on. Every call may block."""

    def delete_record(self) -> None:
        """Delete the member's own DNS record, if it is there and still its own."""

    def stop(self) -> None:
        """Have the machine stopped. Returning means that the request was accepted, not that it has stopped."""
