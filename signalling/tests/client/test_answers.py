"""What the API's answers mean, without any API."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pixel.client import errors
from pixel.client.answers import refusal, session_view

READY = {
    "session": "s1",
    "state": "ready",
    "ip": "203.0.113.7",
    "hostname": "drone-203-0-113-7.pixel.test",
    "url": "https://drone-203-0-113-7.pixel.test/#token=PLAYER",
    "tokens": {"player": "PLAYER", "controller": "CONTROLLER"},
}
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(sorted(READY)), inner),
)


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (403, {"message": "Forbidden"}, errors.AuthError),
        (401, None, errors.AuthError),
        (403, {"error": "forbidden", "message": "this session is another's"}, errors.AuthError),
        (403, {"message": "Missing Authentication Token"}, errors.SettingsError),
        (404, {"error": "unknown_pool", "message": "there is no pool 'dorne'"}, errors.UnknownPool),
        (404, {"error": "not_found", "message": "no such session"}, errors.SessionEnded),
        (409, {"error": "session_ended", "message": "over", "reason": "idle"}, errors.SessionEnded),
        (429, {"error": "over_cap", "message": "this key has 3 sessions, as many as it may"}, errors.OverCap),
        (429, {"message": "Limit Exceeded"}, errors.OverCap),
        (429, {"message": "Too Many Requests"}, errors.Throttled),
        (503, {"error": "pool_empty", "message": "", "retry_after": 30}, errors.PoolEmpty),
        (503, {"error": "no_capacity", "message": "", "retry_after": 60}, errors.NoCapacity),
        (503, {"error": "throttled", "message": "", "retry_after": 1}, errors.Throttled),
        (502, {"message": "Internal server error"}, errors.ApiUnreachable),
        (504, {"message": "Endpoint request timed out"}, errors.ApiUnreachable),
        (503, "<html>", errors.ApiUnreachable),
        (400, {"error": "invalid_request", "message": "pool is missing"}, errors.PixelError),
    ],
)
def test_each_refusal_has_its_own_error(status: int, body: Any, expected: type[errors.PixelError]) -> None:
    assert type(refusal(status, body, {})) is expected


def test_when_to_come_back_is_what_the_header_says_and_else_what_the_body_says() -> None:
    body = {"error": "pool_empty", "message": "", "retry_after": 30}
    for headers, expected in (({"retry-after": "20"}, 20), ({"retry-after": "Wed, 21 Oct 2026"}, 30), ({}, 30)):
        error = refusal(503, body, headers)
        assert isinstance(error, errors.PoolEmpty)
        assert error.retry_after == expected


def test_an_empty_pool_says_when_to_try_again() -> None:
    error = refusal(503, {"error": "pool_empty", "message": ""}, {"retry-after": "20"})
    assert str(error) == "every machine of the pool is in use: try again in 20 seconds"


def test_an_ended_session_keeps_its_reason() -> None:
    error = refusal(409, {"error": "session_ended", "reason": "never_connected"}, {})
    assert isinstance(error, errors.SessionEnded)
    assert error.reason == "never_connected"


@settings(deadline=None)
@given(st.integers(300, 599), JSON, st.dictionaries(st.sampled_from(["retry-after", "date"]), st.text()))
def test_any_refusal_becomes_an_error_of_ours(status: int, body: Any, headers: dict[str, str]) -> None:
    error = refusal(status, body, headers)
    assert isinstance(error, errors.PixelError)
    if isinstance(error, errors.RetryLater) and error.retry_after is not None:
        assert 0 <= error.retry_after < float("inf")


@settings(deadline=None)
@given(JSON)
def test_an_answer_is_understood_or_refused_never_half_taken(body: Any) -> None:
    try:
        view = session_view(body, {})
    except errors.ApiUnreachable:
        return
    assert (view.state == "ready") == (view.access is not None)
    assert (view.state == "ended") == (view.reason is not None)


@pytest.mark.parametrize("missing", ["session", "state", "ip", "hostname", "url", "tokens"])
def test_a_ready_session_without_all_it_takes_to_reach_it_is_not_ready(missing: str) -> None:
    with pytest.raises(errors.ApiUnreachable):
        session_view({name: value for name, value in READY.items() if name != missing}, {})


def test_a_member_without_tls_is_not_talked_to() -> None:
    with pytest.raises(errors.ApiUnreachable):
        session_view(READY | {"url": "http://drone-203-0-113-7.pixel.test/#token=PLAYER"}, {})


def test_no_view_of_a_session_shows_a_token() -> None:
    shown = repr(session_view(READY, {}))
    assert "PLAYER" not in shown
    assert "CONTROLLER" not in shown


def test_the_step_of_a_starting_session_is_kept() -> None:
    assert session_view({"session": "s1", "state": "starting", "step": "booting"}, {}).step == "booting"
