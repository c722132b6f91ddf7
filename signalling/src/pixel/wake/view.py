"""A session as the API shows it: a JSON object. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from pixel import tokens
from pixel.lease.model import Item
from pixel.wake.sessions import Progress, Session

POLL_AFTER = 2
"""Seconds that a caller should wait before it asks again."""
POLL_HOT_AFTER = 1
"""The same for a member that was held: it runs, and only has to hear of its session."""


@dataclass(frozen=True)
class View:
    """A session as its owner may see it."""

    session: Session
    progress: Progress
    member: Item | None
    secret: bytes

    @property
    def address(self) -> str | None:
        """The member's address, once it runs and while the session lives."""
        if self.progress.state == "ended" or self.member is None:
            return None
        return self.member.get("address")

    @property
    def _was_hot(self) -> bool:
        """Whether the member had its name before the session had it."""
        return self.member is not None and self.member.get("published_at", math.inf) <= self.member["claimed_at"]

    def body(self) -> dict[str, Any]:
        """Return the JSON object that the API answers with."""
        body: dict[str, Any] = {
            "session": self.session.session,
            "pool": self.session.pool,
            "state": self.progress.state,
        }
        if self.progress.state == "ended":
            return body | {"reason": self.progress.reason}
        if self.member is None:
            return body
        if self.progress.state == "starting":
            return body | {
                "step": self.progress.step,
                "poll_after": POLL_HOT_AFTER if self._was_hot else POLL_AFTER,
                "expires_at": math.floor(self.member["lease_until"]),
            }
        player = tokens.mint(self.secret, self.session.session, self.session.generation, "player")
        controller = tokens.mint(self.secret, self.session.session, self.session.generation, "controller")
        hostname = self.member["hostname"]
        return body | {
            "ip": self.member["address"],
            "hostname": hostname,
            "url": f"https://{hostname}/#token={player}",
            "tokens": {"player": player, "controller": controller},
            "connect_until": math.floor(self.member["connect_until"]),
            "expires_at": math.floor(self.member["cap_until"]),
        }
