"""How a wait is shown: in a terminal, in a log, in a notebook with and without widgets, and not at all."""

from __future__ import annotations

import io
import sys
from types import SimpleNamespace
from typing import Any

import ipywidgets
import pytest

from pixel.client import progress
from pixel.client.errors import StartTimeout
from pixel.client.surroundings import in_notebook


class Stream(io.StringIO):
    """A stream that is, or is not, a terminal."""

    def __init__(self, terminal: bool) -> None:
        super().__init__()
        self.terminal = terminal

    def isatty(self) -> bool:
        """Return what the test says."""
        return self.terminal


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """A notebook's kernel; what it displays."""
    import IPython

    displayed: list[Any] = []
    monkeypatch.setattr(IPython, "get_ipython", lambda: SimpleNamespace(kernel=object()))
    monkeypatch.setattr("IPython.display.display", displayed.append)
    return displayed


def waiting(*steps: tuple[str, float], shown: bool = True) -> None:
    with progress.progress_of("drone", 60, shown=shown) as line:
        for doing, elapsed in steps:
            line.update(doing, elapsed)


def test_a_terminal_gets_one_line_that_is_written_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Stream(terminal=True))
    waiting(("the machine boots", 1.2), ("Unreal loads", 30.0), ("ready", 41.6))
    written = sys.stderr.getvalue()
    lines = [line.rstrip(" ") for line in written.split("\r")]
    assert lines == [
        "",
        "drone: the machine boots, 1 s",
        "drone: Unreal loads, 30 s",
        "drone: ready, 42 s",
        "drone: ready (42 s)\n",
    ]


def test_a_shorter_line_leaves_nothing_of_a_longer_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Stream(terminal=True))
    waiting(("its name is being published", 5), ("Unreal loads", 6))
    _, longer, shorter, _ = sys.stderr.getvalue().split("\r")
    assert len(shorter) == len(longer)


def test_a_log_gets_a_line_only_when_something_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Stream(terminal=False))
    waiting(("the machine boots", 1), ("the machine boots", 2), ("Unreal loads", 3), ("ready", 4))
    assert sys.stderr.getvalue() == "drone: the machine boots\ndrone: Unreal loads\ndrone: ready (4 s)\n"


def test_a_notebook_gets_a_bar_that_fills_and_turns_green(notebook: list[Any]) -> None:
    waiting(("the machine boots", 15), ("ready", 20))
    bar, label = notebook[0].children
    assert isinstance(bar, ipywidgets.FloatProgress)
    assert (bar.value, bar.max, bar.bar_style) == (60, 60, "success")
    assert label.value == "drone: ready (20 s)"


def test_a_bar_shows_how_much_of_the_time_has_gone(notebook: list[Any]) -> None:
    bar = progress.Bar("drone", 60)
    bar.update("the machine boots", 15)
    assert notebook[0].children[0].value == 15
    bar.update("the machine boots", 75)
    assert notebook[0].children[0].value == 60


def test_a_bar_turns_red_with_the_reason(notebook: list[Any]) -> None:
    with pytest.raises(StartTimeout), progress.progress_of("drone", 60, shown=True):
        raise StartTimeout("the machine is not ready after 60 s")
    bar, label = notebook[0].children
    assert bar.bar_style == "danger"
    assert "not ready after 60 s" in label.value


@pytest.mark.usefixtures("notebook")
def test_a_notebook_without_widgets_gets_a_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "find_spec", lambda _: None)
    waiting(("the machine boots", 1))
    assert "\rdrone: the machine boots, 1 s" in capsys.readouterr().out


def test_nothing_is_shown_when_asked(capsys: pytest.CaptureFixture[str], notebook: list[Any]) -> None:
    waiting(("the machine boots", 1), shown=False)
    assert capsys.readouterr() == ("", "")
    assert notebook == []


def test_an_interrupt_is_shown_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Stream(terminal=False))
    with pytest.raises(KeyboardInterrupt), progress.progress_of("drone", 60, shown=True):
        raise KeyboardInterrupt
    assert sys.stderr.getvalue() == "drone: stopped waiting (0 s)\n"


def test_a_terminal_with_ipython_is_no_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    import IPython

    monkeypatch.setattr(IPython, "get_ipython", lambda: SimpleNamespace())
    assert not in_notebook()


def test_python_without_ipython_is_no_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    assert not in_notebook()
    assert "IPython" not in sys.modules
