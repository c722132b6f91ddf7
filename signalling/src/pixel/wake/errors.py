"""The API's refusals: each a status, a code for programs and a sentence for people."""

from __future__ import annotations

from typing import Literal

ErrorCode = Literal[
    "invalid_request",
    "forbidden",
    "not_found",
    "unknown_pool",
    "key_reused",
    "over_cap",
    "pool_empty",
    "no_capacity",
    "throttled",
    "still_starting",
    "session_ended",
    "internal_error",
]


class ApiError(Exception):
    """A request that is refused. `retry_after` is in seconds; None where trying again does not help."""

    def __init__(
        self, status: int, code: ErrorCode, message: str, *, retry_after: int | None = None, session: str | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.retry_after = retry_after
        self.session = session
