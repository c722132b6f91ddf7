"""Links between the pages lead somewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from .documented import ROOT, pages

LINK = re.compile(r"\]\((?!https?://|mailto:)([^)#\s]*)(?:#([^)\s]+))?\)")


def targets(page: Path) -> Iterator[tuple[Path, str | None]]:
    """Yield the files that a page links to, each with the heading, if one is meant."""
    for path, heading in LINK.findall(page.read_text()):
        yield (page.parent / path if path else page), heading or None


def anchors(page: Path) -> set[str]:
    """Return the names that GitHub gives a page's headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_a_link_leads_to_something_that_is_there(page: Path) -> None:
    dead = [
        f"{target.name}#{heading}" if heading else str(target)
        for target, heading in targets(page)
        if not target.exists() or (heading and heading not in anchors(target))
    ]
    assert dead == []
