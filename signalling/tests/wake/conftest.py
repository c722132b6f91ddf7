"""A world for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .world import World, a_world


@pytest.fixture
def world() -> Iterator[World]:
    """A world with an empty lease table and no members."""
    with a_world() as new:
        yield new
