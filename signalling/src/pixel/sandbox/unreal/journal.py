"""What happened to a synthetic Unreal, for people who watch it and for tests that count."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TextIO

Journal = Callable[[dict[str, Any]], None]
"""Takes one event: `{"event": …}` with the fields that `Unreal` documents."""


def json_lines(stream: TextIO) -> Journal:
    """Return a journal that writes each event as one line of JSON, at once."""

    def write(event: dict[str, Any]) -> None:
        stream.write(json.dumps(event, ensure_ascii=False) + "\n")
        stream.flush()

    return write
