"""A sandbox for the session, back at its seeds for each module. All of it is for one worker, which builds once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pixel.sandbox import state
from pixel.sandbox.testing import RunningSandbox, running_sandbox


@pytest.hookimpl(tryfirst=True)  # before the groups are read
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("image"))


@pytest.fixture(scope="session")
def _sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    with running_sandbox(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture(scope="module")
def sandbox(_sandbox: RunningSandbox, tmp_path_factory: pytest.TempPathFactory) -> RunningSandbox:
    """A sandbox with nothing in it but the seeds; its state file is in `state` beside what the tests write."""
    folder = tmp_path_factory.mktemp("workshop")
    _sandbox.reset()
    state.write(_sandbox.state, folder / "state")
    _sandbox.folder = folder  # type: ignore[attr-defined] # where the state is, for workshops
    return _sandbox
