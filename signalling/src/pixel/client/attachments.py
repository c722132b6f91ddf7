"""What this process remembers of its sessions, so that a cell run again gets the same machine."""

from __future__ import annotations

import threading
import uuid
from dataclasses import dataclass, field

from pixel.client.session import AsyncSession
from pixel.client.settings import Settings


@dataclass
class Attachment:
    """This process's tie to one session.

    Attributes:
        idempotency_key: sent with every request for the session, so that asking again never wakes a second machine.
        session: None until the API has answered.
    """

    settings: Settings
    pool: str
    idempotency_key: str = field(default_factory=lambda: str(uuid.uuid4()), repr=False)
    session: AsyncSession | None = None


class Attachments:
    """The live attachments: at most one an API, key and pool. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._live: dict[tuple[str, str, str], Attachment] = {}

    def of(self, settings: Settings, pool: str) -> Attachment:
        """Return the attachment to a session of `pool`, a new one if there is none."""
        with self._lock:
            return self._live.setdefault((settings.api, settings.key, pool), Attachment(settings, pool))

    def forget(self, attachment: Attachment) -> None:
        """Let the next request be for a new session. An attachment already replaced is left alone."""
        name = (attachment.settings.api, attachment.settings.key, attachment.pool)
        with self._lock:
            if self._live.get(name) is attachment:
                del self._live[name]

    def live(self) -> list[Attachment]:
        """Return the attachments that have a session."""
        with self._lock:
            return [attachment for attachment in self._live.values() if attachment.session is not None]


ATTACHMENTS = Attachments()
