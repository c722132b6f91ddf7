"""An AWX that cannot be reached or does not let us in, and settings that cannot be right: one message, nothing made."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from playbook_runs import Run

from .stand_in.server import Awx

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("awx")]


def test_a_schedule_of_no_playbook_is_told_before_awx_is_asked(awx: Awx, apply: Callable[..., Run]) -> None:
    run = apply(pixel_awx_schedules=[{"name": "tea", "playbook": "tea", "time": "16:00"}])

    assert not run.ok
    assert [word for word in ("pixel_awx_schedules", "tea", "power") if word not in run.message] == [], run.message
    assert awx.requests == []


def test_a_wrong_password_is_told_with_where_to_set_it(
    awx: Awx, apply: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(awx, "password", "another")

    run = apply()

    assert not run.ok
    assert "CONTROLLER_PASSWORD" in run.message
    assert "401" in run.message
    assert "Traceback" not in run.output
    assert awx.writes == []


def test_an_account_that_is_no_administrator_is_told_and_gives_its_token_back(
    awx: Awx, apply: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(awx, "superuser", False)

    run = apply()

    assert not run.ok
    assert "system administrator" in run.message
    assert awx.tokens == {}


def test_an_awx_that_nobody_answers_for_is_told_with_its_setting(
    apply: Callable[..., Run], unused_tcp_port: int
) -> None:
    run = apply(pixel_awx={"controller_host": f"http://127.0.0.1:{unused_tcp_port}"})

    assert not run.ok
    assert "pixel_awx.controller_host" in run.message
    assert str(unused_tcp_port) in run.message
    assert "Traceback" not in run.output


def test_absent_in_an_awx_that_has_nothing_changes_nothing(awx: Awx, apply: Callable[..., Run]) -> None:
    run = apply(pixel_awx_state="absent", pixel_awx_name="nothing", pixel_awx_organization="nobody")

    assert run.ok, run.message
    assert not run.changed
    assert awx.writes == []
