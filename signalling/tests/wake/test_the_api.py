"""What callers get for what they send."""

from __future__ import annotations

from dataclasses import replace

import pytest

from .gateway import Gateway
from .world import World, a_world


@pytest.fixture
def api(world: World) -> Gateway:
    world.fill(3)
    return Gateway(world.wake)


def test_opening_a_session_answers_202_with_its_id_and_step(api: Gateway) -> None:
    answer = api.open()
    assert answer.status == 202
    assert answer.body["state"] == "starting"
    assert answer.body["step"] == "queued"
    assert answer.body["pool"] == "drone"
    assert len(answer.body["session"]) == 26
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_same_key_answers_the_same_session(api: Gateway, world: World) -> None:
    assert api.open().body["session"] == api.open().body["session"]
    assert len(world.leased()) == 1


def test_the_same_key_of_another_caller_is_another_session(api: Gateway) -> None:
    assert api.open(key_id="alice").body["session"] != api.open(key_id="bob").body["session"]


def test_a_ready_session_shows_address_name_url_and_the_same_tokens_every_time(api: Gateway, world: World) -> None:
    session = api.open().body["session"]
    world.ready("alice", session)
    shown = api.call("GET", f"/sessions/{session}")
    assert shown.status == 200
    assert shown.body["state"] == "ready"
    assert set(shown.body) >= {"ip", "hostname", "url", "tokens", "connect_until", "expires_at"}
    assert api.open().body == shown.body


def test_ending_a_session_is_said_twice_the_same(api: Gateway) -> None:
    session = api.open().body["session"]
    first, second = (api.call("DELETE", f"/sessions/{session}") for _ in range(2))
    assert first.status == second.status == 200
    assert first.body == second.body == {"session": session, "state": "ended"}
    assert api.call("GET", f"/sessions/{session}").body == {
        "session": session, "pool": "drone", "state": "ended", "reason": "closed",
    }  # fmt: skip


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_session_of_another_caller_is_not_found(api: Gateway, method: str) -> None:
    session = api.open(key_id="alice").body["session"]
    answer = api.call(method, f"/sessions/{session}", key_id="mallory")
    assert (answer.status, answer.body["error"]) == (404, "not_found")


def test_a_call_without_an_api_key_is_forbidden(api: Gateway) -> None:
    answer = api.open(key_id=None)
    assert (answer.status, answer.body["error"]) == (403, "forbidden")


def test_an_unknown_pool_is_named(api: Gateway) -> None:
    answer = api.open(pool="dorne")
    assert (answer.status, answer.body["error"]) == (404, "unknown_pool")
    assert "dorne" in answer.body["message"]


def test_a_pool_in_full_use_answers_503_and_when_to_try_again(api: Gateway) -> None:
    for n in range(3):
        assert api.open(key=f"k{n}").status == 202
    answer = api.open(key="one too many")
    assert answer.status == 400
    answer = api.open(key="one-too-many")
    assert (answer.status, answer.body["error"]) == (503, "pool_empty")
    assert answer.headers["Retry-After"] == str(answer.body["retry_after"]) == "30"


def test_no_capacity_in_any_zone_answers_503_and_leaves_nothing_claimed(api: Gateway, world: World) -> None:
    world.ec2.dry = {"us-east-2a": 0, "us-east-2b": 0, "us-east-2c": 0}
    answer = api.open()
    assert (answer.status, answer.body["error"]) == (503, "no_capacity")
    assert "Retry-After" in answer.headers
    assert world.leased() == []


def test_the_same_key_may_try_again_after_no_capacity(api: Gateway, world: World) -> None:
    world.ec2.dry = {"us-east-2a": 0, "us-east-2b": 0, "us-east-2c": 0}
    api.open()
    world.ec2.dry.clear()
    world.pass_time(5)
    assert api.open().status == 202
    assert len(world.running()) == 1


def test_too_many_calls_to_aws_answer_503_throttled(world: World) -> None:
    world.fill(1)
    world.ec2.throttled = {"DescribeInstances"}
    answer = Gateway(world.wake).open()
    assert (answer.status, answer.body["error"], answer.headers["Retry-After"]) == (503, "throttled", "5")


def test_a_caller_over_its_cap_gets_429_until_a_session_ends() -> None:
    with a_world(sessions_per_key=2) as world:
        world.fill(3)
        api = Gateway(world.wake)
        first = api.open(key="k1").body["session"]
        assert api.open(key="k2").status == 202
        refused = api.open(key="k3")
        assert (refused.status, refused.body["error"]) == (429, "over_cap")
        assert api.open(key="k1").status == 202
        assert api.open(key="k3", key_id="bob").status == 202
        api.call("DELETE", f"/sessions/{first}")
        world.live(30)
        assert api.open(key="k3").status == 202


def test_a_key_cannot_be_used_for_two_pools(api: Gateway, world: World) -> None:
    world.fill(1, pool="rover")
    api.open()
    answer = api.open(pool="rover")
    assert (answer.status, answer.body["error"]) == (409, "key_reused")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "pool"),
        ({"pool": ""}, "pool"),
        ({"pool": 7}, "pool"),
        ({"pool": "drone", "size": 2}, "size"),
        ("{", "JSON"),
        (None, "body"),
    ],
)
def test_a_wrong_body_is_refused_with_what_is_wrong(api: Gateway, body: object, said: str) -> None:
    answer = api.call("POST", "/sessions", body, Idempotency_Key="k1")
    assert (answer.status, answer.body["error"]) == (400, "invalid_request")
    assert said in answer.body["message"]


def test_a_call_without_a_key_of_its_own_is_refused(api: Gateway) -> None:
    answer = api.call("POST", "/sessions", {"pool": "drone"})
    assert answer.status == 400
    assert "idempotency-key" in answer.body["message"].lower()


def test_an_unknown_call_is_not_found(api: Gateway) -> None:
    answer = api.call("GET", "/nothing")
    assert (answer.status, answer.body["error"]) == (404, "not_found")


def test_a_failure_inside_tells_the_caller_nothing_of_it(
    api: Gateway, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world.wake.sessions, "open", lambda *_: 1 / 0)
    answer = api.open()
    assert (answer.status, answer.body["error"]) == (500, "internal_error")
    assert "zero" not in answer.body["message"]


def test_get_wake_waits_for_the_address_and_returns_it_as_json(api: Gateway, world: World) -> None:
    answer = api.call("GET", "/wake?pool=drone")
    assert answer.status == 200
    assert answer.body == world.running()[0].address
    assert answer.headers["X-Pixel-Session"]


def test_get_wake_uses_the_default_pool() -> None:
    with a_world(default_pool="drone") as world:
        world.fill(1)
        assert Gateway(world.wake).call("GET", "/wake").status == 200


def test_get_wake_without_any_pool_says_what_to_name(api: Gateway) -> None:
    answer = api.call("GET", "/wake")
    assert (answer.status, answer.body["error"]) == (400, "invalid_request")


def test_get_wake_gives_up_within_the_gateways_limit_and_can_go_on(api: Gateway, world: World) -> None:
    world.ec2.throttled = {"StartInstances"}
    began = world.now
    answer = api.call("GET", "/wake?pool=drone")
    assert (answer.status, answer.body["error"]) == (503, "still_starting")
    assert world.now - began <= 28
    world.ec2.throttled.clear()
    again = api.call("GET", f"/wake?session={answer.body['session']}")
    assert (again.status, again.body) == (200, world.running()[0].address)
    assert len(world.leased()) == 1


def test_a_browser_may_call_from_an_allowed_origin_only(world: World) -> None:
    world.fill(1)
    api = Gateway(
        replace(world.wake, settings=replace(world.settings, origins=("https://a.example", "https://b.example")))
    )
    allowed = api.call("OPTIONS", "/sessions", Origin="https://b.example")
    assert allowed.status == 204
    assert allowed.headers["Access-Control-Allow-Origin"] == "https://b.example"
    assert "x-api-key" in allowed.headers["Access-Control-Allow-Headers"].lower()
    assert "Access-Control-Allow-Origin" not in api.call("OPTIONS", "/sessions", Origin="https://evil.example").headers
