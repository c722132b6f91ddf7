"""What this process remembers of its sessions, so that a cell run again gets the same machine."""

from __future__ import annotations

import threading
import uuid

from pixel.client.session import AsyncSession
from pixel.client.settings import Settings


class Attachment:
    """This process's tie to one pool: at most one session at a time. Safe to use from several threads.

    Attributes:
        session: None until the API has answered, and after the session's end.
    """

    def __init__(self, settings: Settings, pool: str) -> None:
        self.settings = settings
        self.pool = pool
        self.session: AsyncSession | None = None
        self._lock = threading.Lock()
        self._key = str(uuid.uuid4())

    @property
    def idempotency_key(self) -> str:
        """Sent with every request for the session, so that asking again never wakes a second machine."""
        return self._key

    def renew(self, ended: str) -> None:
        """Let the next request be for a new session, if `ended` is still the key."""
        with self._lock:
            if self._key == ended:
                self._key = str(uuid.uuid4())
                self.session = None


class Attachments:
    """The attachments of a process: one for each API, key and pool."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._all: dict[tuple[str, str, str], Attachment] = {}

    def of(self, settings: Settings, pool: str) -> Attachment:
        """Return the attachment to `pool`, a new one if there is none."""
        with self._lock:
            return self._all.setdefault((settings.api, settings.key, pool), Attachment(settings, pool))

    def live(self) -> list[tuple[Settings, str]]:
        """Return the sessions to end when the process ends: their settings and ids."""
        with self._lock:
            attachments = list(self._all.values())
        return [(one.settings, session.id) for one in attachments if (session := one.session) is not None]


ATTACHMENTS = Attachments()
