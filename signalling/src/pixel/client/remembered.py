"""The command line's session, remembered in a file of the user's own: commands need no id."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from pixel.client.errors import SettingsError


@dataclass(frozen=True)
class Remembered:
    """What the file holds. No key of the API and no token: those are asked for again.

    Attributes:
        session: None until the API has answered; the key alone is enough to get the answer once more.
    """

    api: str
    pool: str
    idempotency_key: str = field(default_factory=lambda: str(uuid.uuid4()))
    session: str | None = None


class SessionFile:
    """The file, readable by its owner alone and replaced as a whole."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def load(self) -> Remembered | None:
        """Return what is remembered, if anything.

        Raises:
            SettingsError: the file is not one of ours.
        """
        try:
            return Remembered(**json.loads(self.path.read_text("utf-8")))
        except FileNotFoundError:
            return None
        except (ValueError, TypeError, OSError) as error:
            raise SettingsError(f"{self.path} cannot be read as a session ({error}): delete it") from None

    def save(self, remembered: Remembered) -> None:
        """Remember this instead of what was remembered."""
        self._written(remembered).replace(self.path)

    def save_if_none(self, remembered: Remembered) -> None:
        """Remember this, unless another command has been faster: then its session is the one to use."""
        temporary = self._written(remembered)
        with suppress(FileExistsError):
            self.path.hardlink_to(temporary)
        temporary.unlink()

    def forget(self) -> None:
        """Remember nothing."""
        self.path.unlink(missing_ok=True)

    def _written(self, remembered: Remembered) -> Path:
        """Write a file beside the real one, with mode 0600, and return its path."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=self.path.parent, prefix=".session-")
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(asdict(remembered), file)
        return Path(temporary)


class FileMemory:
    """A `KeyMemory` in a session file: the key is on disk before it is used, so a killed command leaks nothing."""

    def __init__(self, file: SessionFile, api: str, pool: str) -> None:
        self._file = file
        self._new = Remembered(api, pool)

    @property
    def remembered(self) -> Remembered:
        """What the file holds; first something new, if it holds nothing.

        Raises:
            SettingsError: it holds a session of another pool or API, which would be lost.
        """
        found = self._file.load()
        if found is None:
            self._file.save_if_none(self._new)
            found = self._file.load() or self._new
        if (found.api, found.pool) == (self._new.api, self._new.pool):
            return found
        if found.session is not None:
            raise SettingsError(
                f"a session of pool '{found.pool}' at {found.api} is remembered: give it back with 'pixel end' first"
            )
        self._file.save(self._new)
        return self._new

    @property
    def idempotency_key(self) -> str:
        """The key to ask with."""
        return self.remembered.idempotency_key

    def renew(self, ended: str) -> None:
        """Forget a session that is over."""
        found = self._file.load()
        if found is not None and found.idempotency_key == ended:
            self._file.forget()
            self._new = Remembered(self._new.api, self._new.pool)

    def attached(self, session: str) -> None:
        """Remember the id the API gave."""
        self._file.save(replace(self.remembered, session=session))


def default_path(environ: Mapping[str, str] = os.environ, platform: str = sys.platform) -> Path:
    """Return where the user's session file is (XDG Base Directory Specification; on Windows, the local profile)."""
    if platform == "win32":
        base = environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    else:
        base = environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "mitlab-pixel" / "session.json"
