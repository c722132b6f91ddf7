"""One sandbox for all tests of a worker, put back to its seeds before each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pixel.sandbox.testing import RunningSandbox, running_sandbox


@pytest.fixture(scope="session")
def shared_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    with running_sandbox(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture
def sandbox(shared_sandbox: RunningSandbox) -> RunningSandbox:
    """A sandbox at its seeds, in which states change at once."""
    shared_sandbox.reset()
    shared_sandbox.set_delays()
    return shared_sandbox
