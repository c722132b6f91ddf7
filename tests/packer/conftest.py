"""A sandbox for the session, back at its seeds for each module that builds an image."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pixel.sandbox.testing import RunningSandbox, running_sandbox


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    """A sandbox with nothing in it but the seeds; its state file is in `state` beside what the tests write."""
    folder = tmp_path_factory.mktemp("workshop")
    with running_sandbox(folder / "state") as running:
        running.reset()
        running.folder = folder  # type: ignore[attr-defined] # where the state is, for workshops
        yield running
