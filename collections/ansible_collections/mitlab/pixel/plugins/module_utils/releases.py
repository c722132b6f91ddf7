# Copyright: mitlab.pixel maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Releases: SemVer names, and their order (https://semver.org, sections 2, 9 and 11)."""

from __future__ import annotations

import re

_NUMBER = r"(?:0|[1-9]\d*)"
_SEMVER = re.compile(rf"({_NUMBER})\.({_NUMBER})\.({_NUMBER})(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?")


def is_release(name: str) -> bool:
    """Tell whether a name is a release: SemVer without a leading v and without build metadata."""
    return _SEMVER.fullmatch(name) is not None


def release_order(name: str) -> tuple[object, ...]:
    """Return a key that sorts releases from old to new; a name that is no release sorts before all of them.

    A pre-release comes before its release, numeric identifiers before alphanumeric ones, fewer before more.
    """
    match = _SEMVER.fullmatch(name)
    if match is None:
        return (0, name)
    major, minor, patch, pre = match.groups()
    identifiers = (
        tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in pre.split(".")) if pre else ()
    )
    return (1, int(major), int(minor), int(patch), pre is None, identifiers)


def in_order(names: set[str]) -> list[str]:
    """Return releases from old to new."""
    return sorted(names, key=release_order)
