from __future__ import annotations

from typing import Any

from ansible_collections.mitlab.pixel.tests.module.conftest import Modules, Result


def record(modules: Modules, outcome: str = "released", **more: Any) -> Result:
    return modules.run("release_record", pool="drone", **{"release": "1.0.0", "outcome": outcome, **more})


def records(modules: Modules) -> list[dict[str, Any]]:
    info = modules.succeed("release_info", pool="drone", launch_template="pixel-drone", history=True)
    found: list[dict[str, Any]] = info["records"]
    return found


def test_a_record_says_who_did_what_with_which_image(modules: Modules) -> None:
    written = record(modules, image_id="ami-1", git_commit="f3c1")
    assert written["changes"] == ["recorded release 1.0.0 as released"]
    assert written.calls == {"ssm.GetParameters": 1, "sts.GetCallerIdentity": 1, "ssm.PutParameter": 1}
    (found,) = records(modules)
    assert found == written["record"]
    assert (found["image_id"], found["git_commit"], found["outcome"]) == ("ami-1", "f3c1", "released")
    assert found["by"].startswith("arn:aws:")


def test_what_was_recorded_already_is_not_written_again(modules: Modules) -> None:
    record(modules, image_id="ami-1")
    again = record(modules, image_id="ami-1")
    assert (again["changed"], again.calls) == (False, {"ssm.GetParameters": 1})


def test_what_was_done_once_more_is(modules: Modules) -> None:
    record(modules)
    record(modules, again=True)
    assert len(records(modules)) == 2


def test_a_later_record_keeps_what_the_release_was_made_of(modules: Modules) -> None:
    record(modules, image_id="ami-1", git_commit="f3c1")
    left = record(modules, "rolled back", why="to 0.9.0")["record"]
    assert (left["image_id"], left["git_commit"], left["why"]) == ("ami-1", "f3c1", "to 0.9.0")


def test_a_long_reason_is_cut_and_fits_a_parameter(modules: Modules) -> None:
    why = record(modules, "failed", why="no\n" + "ü" * 5000)["record"]["why"]
    assert len(why) == 1000
    assert why.startswith("no ü") and why.endswith("…")


def test_the_hundred_and_first_record_takes_the_place_of_the_oldest(modules: Modules) -> None:
    ssm = modules.sandbox.client("ssm")
    for number in range(100):
        value = '{"outcome": "failed", "at": "2026-01-01"}'
        ssm.put_parameter(Name="/pixel/drone/releases/1.0.0", Value=value, Type="String", Overwrite=bool(number))
    record(modules)
    found = records(modules)
    assert (len(found), found[0]["outcome"]) == (100, "released")


def test_in_check_mode_nothing_is_written(modules: Modules) -> None:
    checked = record(modules, check=True)
    assert (checked["changed"], checked.calls) == (True, {"ssm.GetParameters": 1})
    assert records(modules) == []


def test_what_is_no_release_is_told(modules: Modules) -> None:
    assert "release is 'v1': give SemVer" in record(modules, release="v1")["msg"]
