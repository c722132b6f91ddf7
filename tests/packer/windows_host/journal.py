"""What was done to the host, in order, for tests to assert on. Also written to a file, as JSON lines."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

Kind = Literal["module", "put", "script", "command", "refused"]


class Entry(NamedTuple):
    """One thing that was done.

    Attributes:
        kind: a module call, a file that was sent, a script or a command line that was run, or a refused login.
        name: the module's full name, the file's path, or the program.
        detail: the module's arguments (without Ansible's own), the script's text and the like.
        result: a module's answer.
    """

    kind: Kind
    name: str
    detail: Mapping[str, Any]
    result: Mapping[str, Any]


class Journal:
    """The entries so far. Threads may write at once."""

    def __init__(self, file: Path) -> None:
        self._entries: list[Entry] = []
        self._file = file
        self._lock = threading.Lock()

    def write(self, kind: Kind, name: str, detail: Mapping[str, Any], result: Mapping[str, Any] | None = None) -> None:
        """Add an entry."""
        entry = Entry(kind, name, detail, result or {})
        with self._lock:
            self._entries.append(entry)
            with self._file.open("a") as lines:
                lines.write(json.dumps(entry._asdict()) + "\n")

    def __iter__(self) -> Iterator[Entry]:
        with self._lock:
            return iter(list(self._entries))

    def modules(self, name: str) -> list[Entry]:
        """Return the calls of a module, named in full."""
        return [entry for entry in self if entry.kind == "module" and entry.name == name]

    def changed(self) -> list[Entry]:
        """Return the module calls that changed the host."""
        return [entry for entry in self if entry.kind == "module" and entry.result.get("changed")]

    def scripts(self) -> list[str]:
        """Return the texts of the scripts that were run, in order."""
        return [entry.detail["text"] for entry in self if entry.kind == "script"]
