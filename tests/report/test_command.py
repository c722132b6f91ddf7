"""`pixel report` and its playbook."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from pixel.planning.report import main
from pixel.sandbox import state
from pixel.sandbox.testing import RunningSandbox
from playbook_runs import Run, run_playbook

from .conftest import arguments


@pytest.fixture
def sandbox(shared_sandbox: RunningSandbox, monkeypatch: pytest.MonkeyPatch) -> RunningSandbox:
    """The sandbox, whose pools nobody has used, and the environment that points at it."""
    shared_sandbox.reset()
    for name, value in shared_sandbox.environment().items():
        monkeypatch.setenv(name, value)
    return shared_sandbox


def test_a_pool_that_nobody_used_has_a_report(
    sandbox: RunningSandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*arguments(sandbox), "--output", str(tmp_path / "report.html")]) == 0
    page = (tmp_path / "report.html").read_text()
    assert "Nobody has used the pools." in page
    assert "Nobody came: the load says nothing about the size." in page


def test_the_same_report_is_not_written_again(
    sandbox: RunningSandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "report.html"
    for said in ("written", "unchanged"):
        assert main([*arguments(sandbox), "--output", str(page)]) == 0
        assert capsys.readouterr().out == f"{page}: {said}\n"


def test_a_month_is_read_with_few_calls_and_without_a_scan(sandbox: RunningSandbox) -> None:
    sandbox.reset_calls()
    month = ["--from", "2026-11-01", "--to", "2026-11-30"]
    assert main([*arguments(sandbox), *month]) == 0
    calls = {name: count for name, count in sandbox.calls().items() if name.startswith("dynamodb")}
    assert calls == {"dynamodb.BatchGetItem": 22}  # 720 hours of three kinds, a hundred a call


@pytest.mark.parametrize(
    ("more", "code", "message"),
    [
        (["--table", "nonesuch"], 1, "--table nonesuch: there is no such table in this region"),
        (["--from", "2026-11-09"], 2, "--from 2026-11-09 is later than --to 2026-11-08"),
        (["--from", "2020-01-01"], 2, "are more than 400 days: nothing older is kept"),
        (["--instance-type", "g6.xlarge"], 2, "no price is known of instance type 'g6.xlarge'"),
        (["--output", "/nonesuch/report.html"], 2, "give a file in a folder that can be written"),
        (["--endpoint-url", "http://127.0.0.1:9"], 1, "AWS could not be asked"),
    ],
)
def test_what_cannot_be_reported_says_why(
    sandbox: RunningSandbox,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    more: list[str],
    code: int,
    message: str,
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    assert main([*arguments(sandbox), *more]) == code
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--from", "1st"], "argument --from: '1st' is not a day such as 2026-11-30"),
        (["--time-zone", "Middle/Earth"], "argument --time-zone: 'Middle/Earth' is no time zone"),
        (["--pool", "drone=many"], "argument --pool: 'many' is not a size"),
        (["--output", "report.pdf"], "argument --output: 'report.pdf' ends in neither .html nor .json"),
        (["--name", "robotics"], "argument --name: 'robotics' is not ID=NAME"),
    ],
)
def test_a_wrong_option_is_refused_with_the_mend(
    sandbox: RunningSandbox, capsys: pytest.CaptureFixture[str], more: list[str], message: str
) -> None:
    with pytest.raises(SystemExit):
        main([*arguments(sandbox), *more])
    assert message in capsys.readouterr().err


def run(sandbox: RunningSandbox, folder: Path, **settings: str) -> Run:
    """Run the playbook on the sandbox."""
    (folder / "state").mkdir(exist_ok=True)
    state.write(sandbox.state, folder / "state")
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, state.ENVIRONMENT: str(folder / "state")}
    period = {"pixel_report_from": "2026-11-02", "pixel_report_to": "2026-11-08"}
    return run_playbook("report", environment, pixel_report_folder=str(folder / "reports"), **{**period, **settings})


@pytest.mark.slow
def test_the_playbook_writes_both_forms_and_changes_nothing_the_second_time(
    sandbox: RunningSandbox, tmp_path: Path
) -> None:
    s3 = sandbox.client("s3")
    s3.create_bucket(Bucket="lab", CreateBucketConfiguration={"LocationConstraint": sandbox.state.region})
    first = run(sandbox, tmp_path, pixel_report_bucket="lab")
    assert (first.ok, first.changed) == (True, True), first.message
    assert sorted(path.name for path in (tmp_path / "reports").iterdir()) == ["report.html", "report.json"]
    kept = [one["Key"] for one in s3.list_objects_v2(Bucket="lab")["Contents"]]
    assert kept == ["reports/report.html", "reports/report.json"]
    second = run(sandbox, tmp_path, pixel_report_bucket="lab")
    assert (second.ok, second.changed) == (True, False), second.message


@pytest.mark.slow
def test_the_playbook_names_a_wrong_setting(sandbox: RunningSandbox, tmp_path: Path) -> None:
    refused = run(sandbox, tmp_path, pixel_report_currency="gold")
    assert not refused.ok
    assert "not written: pixel report: error: argument --currency: invalid choice: 'gold'" in refused.message
