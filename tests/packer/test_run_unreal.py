"""The program that keeps Unreal running, with a real program to run."""

from __future__ import annotations

import importlib.util
import json
import sys
import threading
from itertools import islice
from pathlib import Path
from types import ModuleType

import pytest

ROLE = Path(__file__).parents[2] / "collections/ansible_collections/mitlab/pixel/roles/streaming_host"
FILE = ROLE / "files/run_unreal.py"


@pytest.fixture
def keeper() -> ModuleType:
    spec = importlib.util.spec_from_file_location("run_unreal", FILE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["run_unreal"] = module
    spec.loader.exec_module(module)
    return module


def test_pauses_double_up_to_the_longest(keeper: ModuleType) -> None:
    assert list(islice(keeper.pauses(1, 8), 6)) == [1, 2, 4, 8, 8, 8]


def test_a_program_that_dies_is_started_again(
    keeper: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "pauses", lambda: iter([0.0] * 100))
    stop, marks = threading.Event(), tmp_path / "starts"
    code = f"open({str(marks)!r}, 'a').write('x'); raise SystemExit(3)"
    settings = keeper.Settings(sys.executable, ["-c", code], tmp_path)
    thread = threading.Thread(target=keeper.keep_running, args=(settings, stop))
    thread.start()
    try:
        while thread.is_alive() and not (marks.exists() and len(marks.read_text()) >= 3):
            thread.join(0.02)
    finally:
        stop.set()
        thread.join(10)
    assert len(marks.read_text()) >= 3


def test_what_the_program_says_is_logged(keeper: ModuleType, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", logger="unreal")
    assert keeper.run_once(keeper.Settings(sys.executable, ["-c", "print('frame 1')"], tmp_path)) == 0
    assert "frame 1" in caplog.text


def test_a_program_that_is_not_there_does_not_end_the_keeper(
    keeper: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    stop = threading.Event()

    def last_pause() -> object:
        stop.set()
        yield 0.0

    monkeypatch.setattr(keeper, "pauses", last_pause)
    keeper.keep_running(keeper.Settings(str(tmp_path / "nothing.exe"), [], tmp_path), stop)
    assert "cannot be started" in caplog.text


def test_settings_without_a_program_are_told_with_the_file(
    keeper: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "unreal.json").write_text(json.dumps({"arguments": []}))
    assert keeper.main([str(tmp_path / "unreal.json")]) == 2
    assert "has no 'program'" in capsys.readouterr().err
