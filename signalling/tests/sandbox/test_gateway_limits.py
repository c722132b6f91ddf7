"""API Gateway's paths and limits."""

from __future__ import annotations

import pytest

from pixel.sandbox.buckets import Rate
from pixel.sandbox.gateway.events import function_answer
from pixel.sandbox.gateway.limits import QUOTA, THROTTLED, Limits, Quota, Throttle
from pixel.sandbox.gateway.paths import find

RESOURCES = ["/", "/sessions", "/sessions/{id}", "/sessions/mine", "/{proxy+}"]


@pytest.mark.parametrize(
    ("path", "resource", "parameters"),
    [
        ("sessions", "/sessions", {}),
        ("sessions/mine", "/sessions/mine", {}),
        ("sessions/a%20b", "/sessions/{id}", {"id": "a b"}),
        ("sessions/x/y", "/{proxy+}", {"proxy": "sessions/x/y"}),
        ("wake", "/{proxy+}", {"proxy": "wake"}),
        ("", "/", {}),
    ],
)
def test_the_most_exact_resource_takes_a_path(path: str, resource: str, parameters: dict[str, str]) -> None:
    match = find(path, RESOURCES)
    assert match is not None
    assert (match.resource, dict(match.parameters)) == (resource, parameters)


def test_the_root_is_not_taken_by_a_greedy_resource() -> None:
    assert find("", ["/{proxy+}"]) is None


class Clock:
    def __init__(self) -> None:
        self.time = 1_800_000_000.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_throttle_lets_a_burst_through_and_then_its_rate(clock: Clock) -> None:
    limits, throttle = Limits(clock), Throttle(("plan", "key"), Rate(size=3, refill=2))
    at_once = [limits.refusal([throttle], []) for _ in range(4)]
    clock.time += 0.5
    assert [*at_once, limits.refusal([throttle], [])] == [None, None, None, THROTTLED, None]


def test_each_key_has_a_throttle_of_its_own(clock: Clock) -> None:
    limits, rate = Limits(clock), Rate(size=1, refill=1)
    assert [limits.refusal([Throttle(("plan", key), rate)], []) for key in ("a", "a", "b")] == [None, THROTTLED, None]


def test_a_quota_is_full_again_the_next_day(clock: Clock) -> None:
    limits, quota = Limits(clock), Quota(("plan", "key"), 2, "DAY")
    today = [limits.refusal([], [quota]) for _ in range(3)]
    clock.time += 24 * 3600
    assert [*today, limits.refusal([], [quota])] == [None, None, QUOTA, None]


def test_what_is_throttled_takes_nothing_of_the_quota(clock: Clock) -> None:
    limits, quota = Limits(clock), Quota(("plan", "key"), 2, "DAY")
    throttle = Throttle(("plan", "key"), Rate(size=1, refill=1))
    limits.refusal([throttle], [quota])
    limits.refusal([throttle], [quota])
    clock.time += 1
    assert limits.refusal([throttle], [quota]) is None


def test_a_functions_answer_has_its_headers_many_of_a_name_too() -> None:
    answer = function_answer(
        {"statusCode": 201, "headers": {"X-One": "1"}, "multiValueHeaders": {"X-Two": ["a", "b"]}, "body": "made"}
    )
    assert answer is not None
    assert (answer.status, answer.body) == (201, b"made")
    assert answer.headers[:3] == [("X-One", "1"), ("X-Two", "a"), ("X-Two", "b")]


def test_a_functions_answer_may_be_binary() -> None:
    answer = function_answer({"statusCode": 200, "body": "AAE=", "isBase64Encoded": True})
    assert answer is not None
    assert answer.body == b"\x00\x01"


@pytest.mark.parametrize(
    "result", [None, "text", {}, {"statusCode": "200"}, {"statusCode": 200, "body": {}}, {"statusCode": True}]
)
def test_what_is_no_answer_is_none(result: object) -> None:
    assert function_answer(result) is None
