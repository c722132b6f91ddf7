# ruff: noqa: N818 (the names are what a person says: PoolEmpty, SessionEnded)
"""What can go wrong for the person in front of a notebook, each with a name of its own."""

from __future__ import annotations


class PixelError(Exception):
    """Any failure of this client. Its text says what was wrong and what to do; it never carries a key or a token."""

    def _render_traceback_(self) -> list[str]:
        """Return what IPython shows below a cell: the text alone, for the person there did not write this code."""
        return [f"{type(self).__name__}: {self}"]


class SettingsError(PixelError):
    """A setting is missing or cannot be used."""


class AuthError(PixelError):
    """The API refused the key, or the member refused the session's token."""


class UnknownPool(PixelError):
    """The API serves no pool of that name."""


class RetryLater(PixelError):
    """A refusal that passes by itself.

    Attributes:
        retry_after: seconds to wait before asking again, as the API said; None when it did not say.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class OverCap(RetryLater):
    """The key already has as many sessions as it may have: one has to end first."""


class PoolEmpty(RetryLater):
    """Every member of the pool is in use."""


class NoCapacity(RetryLater):
    """Members are free, but AWS has no machine to start them on, in any availability zone."""


class Throttled(RetryLater):
    """Too many calls at once."""


class ApiUnreachable(PixelError):
    """The API did not answer, or what answered is not the wake API."""


class MemberUnreachable(PixelError):
    """The session lives, but its member's control socket did not answer."""


class UntrustedMember(PixelError):
    """What answers at the member's address could not prove that it is the member."""


class StartTimeout(PixelError):
    """The member was not ready in time. The session is kept: waiting may go on."""


class SessionEnded(PixelError):
    """The session is over.

    Attributes:
        reason: why, in the API's word (`closed`, `never_connected`, …).
    """

    def __init__(self, reason: str) -> None:
        super().__init__(f"the session has ended ({reason}): wake a new one")
        self.reason = reason


class CommandRefused(PixelError):
    """The member would not take the command.

    Attributes:
        reason: why, in the member's words.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(f"the command was refused: {reason}")
        self.reason = reason


class ReplyTimeout(PixelError):
    """The command was sent, and Unreal did not reply in time."""
