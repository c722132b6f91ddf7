"""Ids of streamers: no two the same, by the rule of Epic's server."""

from __future__ import annotations

import re
from collections.abc import Collection
from itertools import count

PLACEHOLDER = "UnknownStreamer"
"""What a streamer is called until it says its id, and if it never says one."""

MAX_LENGTH = 256
"""Characters of an id that are kept: an id is repeated to every player that asks for the list."""

# Up to 18 digits are a number; more are a part of the name, so that nobody makes us count on huge numbers.
_NUMBERED = re.compile(r"(.*?)([0-9]{0,18})", re.DOTALL)


def unique_id(wanted: str, taken: Collection[str]) -> str:
    """Return the wanted id, or the wanted id with a number that makes it unlike all taken ones.

    The rule is Epic's (`StreamerRegistry.sanitizeStreamerId`): the numbers of those ids that are the wanted one but for
    a final number are counted on, where no number is 0. Where that still leaves two the same ("Cam1" and "Cam1"), which
    Epic's server then turns away, we count on.
    """
    wanted = wanted[:MAX_LENGTH] or PLACEHOLDER
    highest = -1
    for other in taken:
        name, number = _split(other)
        if name == wanted or (not name and number == wanted):
            highest = max(highest, int(number or 0))
    if highest < 0 and wanted not in taken:
        return wanted
    return next(candidate for n in count(highest + 1 or 1) if (candidate := f"{wanted}{n}") not in taken)


def _split(streamer_id: str) -> tuple[str, str]:
    match = _NUMBERED.fullmatch(streamer_id)
    return (match[1], match[2]) if match else (streamer_id, "")
