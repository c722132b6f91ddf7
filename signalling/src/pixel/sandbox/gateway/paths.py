"""Which resource of an API takes a path: fixed parts before variables, and variables before greedy ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple
from urllib.parse import unquote


class Match(NamedTuple):
    """A resource's path, as `/sessions/{id}`, and what stands in the place of its variables."""

    resource: str
    parameters: Mapping[str, str]


def find(path: str, resources: Iterable[str]) -> Match | None:
    """Return the resource that takes a path; None when none does."""
    found = [(rank, match) for one in resources for rank, match in _matches(path, one)]
    return min(found, key=lambda pair: pair[0])[1] if found else None


def _matches(path: str, resource: str) -> Iterable[tuple[list[int], Match]]:
    parts, wanted = path.strip("/").split("/"), resource.strip("/").split("/")
    parameters: dict[str, str] = {}
    rank: list[int] = []
    for place, pattern in enumerate(wanted):
        name = pattern.strip("{}")
        rest = parts[place:]
        if not rest or (rest == [""] and pattern):
            return
        if pattern.endswith("+}"):
            parameters[name.rstrip("+")] = unquote("/".join(rest))
            yield [*rank, 2], Match(resource, parameters)
            return
        if pattern.startswith("{"):
            parameters[name] = unquote(rest[0])
            rank.append(1)
        elif pattern == rest[0]:
            rank.append(0)
        else:
            return
    if len(parts) == len(wanted):
        yield rank, Match(resource, parameters)
