"""The client inside a real notebook kernel."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from .conftest import HOSTNAME, PLAYER_TOKEN
from .fake_api import FakeWakeApi
from .fake_member import FakeMember

pytestmark = pytest.mark.usefixtures("environment")

EXAMPLE = Path(__file__).parents[3] / "examples" / "drone.ipynb"
WAKE = "import pixel.client as pixel\nsession = pixel.wake('drone')\nsession.wait_ready()"


@contextmanager
def kernel() -> Iterator[NotebookClient]:
    """A kernel that has started; it is shut down as Jupyter does it."""
    client = NotebookClient(nbformat.v4.new_notebook(), timeout=60, startup_timeout=60)
    with client.setup_kernel():
        yield client


def run(client: NotebookClient, source: str) -> list[Any]:
    """Run a cell and return its outputs."""
    cell = nbformat.v4.new_code_cell(source)
    client.nb.cells.append(cell)
    outputs: list[Any] = client.execute_cell(cell, len(client.nb.cells) - 1)["outputs"]
    return outputs


def test_the_example_runs_from_its_first_cell_to_its_last(
    wake_api: FakeWakeApi, member: FakeMember, tmp_path: Path
) -> None:
    member.answers = lambda command: [{"type": "ack", "status": "delivered"}, {"type": "reply", "data": f"{command}!"}]
    notebook = nbformat.read(EXAMPLE, as_version=4)
    NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(tmp_path)}}).execute()
    assert member.commands == ["where are you?", {"Name": "Ada", "MaxSpeed": 3, "Color": "Red"}]
    assert notebook.cells[-1]["outputs"][0]["data"]["text/plain"] == "<Session s-0001 of pool 'drone': ended>"
    assert wake_api.counted("DELETE") == 1


def test_the_example_is_committed_without_outputs_and_secrets() -> None:
    notebook = nbformat.read(EXAMPLE, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell["cell_type"] == "code"]
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)
    assert not any("key=" in cell["source"] for cell in code)


def test_a_cell_shows_a_bar_and_is_tied_to_one_machine(wake_api: FakeWakeApi, member: FakeMember) -> None:
    wake_api.polls_until_ready = 1
    with kernel() as client:
        bar, shown = run(client, WAKE)
        assert "application/vnd.jupyter.widget-view+json" in bar["data"]
        assert shown["data"]["text/plain"] == f"<Session s-0001 of pool 'drone': ready at {HOSTNAME}>"
        run(client, WAKE)
        assert len(wake_api.sessions) == 1
        (frame,) = run(client, "session.show()")
        assert f'src="https://{HOSTNAME}:{member.port}/#token={PLAYER_TOKEN}"' in frame["data"]["text/html"]
        (ack,) = run(client, "session.send('DroneColor-Red')")
        assert ack["data"]["text/plain"] == "Ack(status='delivered', reason=None)"
        assert member.commands == ["DroneColor-Red"]
        assert wake_api.sessions["s-0001"].reason is None
    assert wake_api.sessions["s-0001"].reason == "closed"


def test_the_async_twin_works_with_the_kernels_own_loop(wake_api: FakeWakeApi, member: FakeMember) -> None:
    with kernel() as client:
        run(client, "import pixel.client as pixel\nsession = await pixel.aio.wake('drone')")
        run(client, "await session.wait_ready()\nawait session.send('x')")
        assert member.commands == ["x"]
    assert wake_api.sessions["s-0001"].reason == "closed"


def test_a_refusal_is_one_line_that_says_what_to_do(wake_api: FakeWakeApi) -> None:
    wake_api.key = "another"
    with kernel() as client, pytest.raises(CellExecutionError):
        run(client, WAKE)
    (error,) = client.nb.cells[0]["outputs"]
    assert error["traceback"] == ["AuthError: the API refused the key: check PIXEL_API_KEY, or key="]
