"""The sandbox that the tests of whole paths share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pixel.sandbox.testing import RunningSandbox, running_sandbox


@pytest.fixture(scope="session")
def state_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where sandbox.json is."""
    return tmp_path_factory.mktemp("sandbox")


@pytest.fixture(scope="session")
def shared_sandbox(state_folder: Path) -> Iterator[RunningSandbox]:
    """One sandbox for all tests of this process."""
    with running_sandbox(state_folder) as sandbox:
        yield sandbox
