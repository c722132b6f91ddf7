"""Attacks on the wake API by callers who have a key, and by those who have none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from pixel.sandbox.testing import RunningSandbox, running_sandbox
from pixel.wake import handler as deployed

from .gateway import Answer, Function, forget

TOKEN_SECRET = "the-token-secret-that-nobody-may-ever-see-anywhere"
ORIGIN = "https://turbowarp.org"


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    """An AWS with a pool of four stopped members."""
    with running_sandbox(tmp_path_factory.mktemp("sandbox")) as sandbox:
        sandbox.reset()
        sandbox.set_delays()
        tags = [{"Key": "pixel:pool", "Value": "drone"}, {"Key": "pixel:release", "Value": "1.0.0"}]
        members = sandbox.launch(4, TagSpecifications=[{"ResourceType": "instance", "Tags": tags}])
        sandbox.ec2.stop_instances(InstanceIds=members)
        sandbox.client("secretsmanager").create_secret(Name="pixel-tokens", SecretString=TOKEN_SECRET)
        yield sandbox


@pytest.fixture(scope="module")
def function(sandbox: RunningSandbox) -> Iterator[Function]:
    """The function, as it is deployed."""
    environment = sandbox.environment() | {
        "PIXEL_LEASE_TABLE": sandbox.state.lease_table,
        "PIXEL_ZONE": sandbox.state.zone,
        "PIXEL_ZONE_ID": sandbox.state.zone_id,
        "PIXEL_TOKEN_SECRET": "pixel-tokens",
        "PIXEL_ORIGINS": ORIGIN,
        "PIXEL_SESSIONS_PER_KEY": "2",
        "PIXEL_WATCH": "0.05",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        patch.setattr(boto3, "DEFAULT_SESSION", None)  # it keeps the credentials it was made with
        forget()
        yield Function(sandbox)
        forget()


@pytest.fixture
def api(function: Function) -> Iterator[Function]:
    """The function, with an empty lease table behind it."""
    table, dynamodb = function.sandbox.state.lease_table, function.sandbox.dynamodb
    for item in dynamodb.scan(TableName=table)["Items"]:
        dynamodb.delete_item(TableName=table, Key={"instance_id": item["instance_id"]})
    with function.logging():
        yield function


# Who calls


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_another_caller_s_session_is_as_unknown_as_one_that_never_was(api: Function, method: str) -> None:
    session = api.open(key="alice").body["session"]
    other = api.call(method, f"/sessions/{session}", key="mallory")
    nobody = api.call(method, "/sessions/" + "a" * 26, key="mallory")
    assert other.status == nobody.status == 404
    assert other.text.replace(session, "") == nobody.text.replace("a" * 26, "")


def test_another_caller_s_session_cannot_be_waited_for(api: Function) -> None:
    session = api.open(key="alice").body["session"]
    assert api.call("GET", "/wake", key="mallory", query={"session": session}).status == 404


def test_another_caller_s_idempotency_key_finds_nothing_of_theirs(api: Function) -> None:
    assert api.open(key="alice").body["session"] != api.open(key="mallory").body["session"]


def test_who_calls_cannot_be_forged(api: Function) -> None:
    """The gateway tells whose key it has checked; what the caller says of that is not listened to."""
    session = api.open(key="alice").body["session"]
    forged = {"X_Api_Key_Id": "alice", "Authorization": "alice"}
    assert api.call("GET", f"/sessions/{session}", key="mallory", **forged).status == 404


@pytest.mark.parametrize("key", [None, ""])
def test_without_a_key_that_the_gateway_has_checked_nothing_is_answered(api: Function, key: str | None) -> None:
    query = {"x-api-key": "alice", "apiKey": "alice", "apiKeyId": "alice"}
    for answer in (
        api.open(key=key),
        api.call("GET", "/sessions/" + "a" * 26, key=key, query=query),
        api.call("GET", "/wake", key=key, query=query | {"pool": "drone"}, x_api_key="alice"),
    ):
        assert answer.status == 403


def test_a_caller_s_cap_holds_whatever_keys_it_invents(api: Function) -> None:
    statuses = [api.open(idempotency_key=f"k{n}").status for n in range(4)]
    assert statuses == [202, 202, 429, 429]


# What they send

BODIES: dict[str, Any] = {
    "no JSON": "{",
    "a list": [],
    "a text": '"drone"',
    "nothing": "null",
    "another field": {"pool": "drone", "owner": "alice"},
    "a pool twice": '{"pool":"drone","pool":["x"]}',
    "a list of pools": {"pool": ["drone"]},
    "an object for a pool": {"pool": {"S": "drone"}},
    "a pool that is an expression": {"pool": "drone OR 1=1"},
    "a pool that is another item": {"pool": "drone#owner"},
    "a pool with a wildcard": {"pool": "*"},
    "a pool with a line's end": {"pool": "drone\n"},
    "a pool with a NUL": {"pool": "drone\u0000"},
    "a pool of Cyrillic letters": {"pool": "dr\u043ene"},
    "a pool of wide letters": {"pool": "\uff44rone"},
    "a pool with a mark that turns": {"pool": "\u202edrone"},
    "half a surrogate": '{"pool":"\\ud800"}',
    "a long pool": {"pool": "a" * 100_000},
    "deep nesting": '{"pool":' * 50_000 + "1" + "}" * 50_000,
    "a million letters": '{"pool":"drone","x":"' + "a" * 1_000_000 + '"}',
    "a name of a million letters": '{"pool":"drone","' + "a" * 1_000_000 + '":1}',
    "a huge number": '{"pool":' + "9" * 10_000 + "}",
    "no number": '{"pool":NaN}',
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_a_body_that_is_none_is_refused_in_a_few_words(api: Function, body: Any) -> None:
    answer = api.call("POST", "/sessions", body, Idempotency_Key="k1")
    assert (answer.status, answer.body["error"]) == (400, "invalid_request")
    assert len(answer.text) < 2000
    assert api.sandbox.dynamodb.scan(TableName=api.sandbox.state.lease_table)["Count"] == 0


@pytest.mark.parametrize("key", ["", " ", "a b", "a" * 129, "é", "a\r\nX: y", "a\x00", "\ud800"])
def test_an_idempotency_key_that_is_none_is_refused(api: Function, key: str) -> None:
    assert api.open(idempotency_key=key).status == 400


@pytest.mark.parametrize(
    "session", ["a" * 25, "A" * 26, "owner%23alice", "..", "session#a", "a" * 5000, "%00" * 9, "\u0430" * 26]
)
def test_what_is_no_session_s_id_is_not_looked_for(api: Function, session: str) -> None:
    assert api.call("GET", f"/sessions/{session}").status in (400, 404)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "HEAD", "TRACE"])
def test_no_other_method_does_anything(api: Function, method: str) -> None:
    session = api.open().body["session"]
    assert api.call(method, f"/sessions/{session}").status == 404
    assert api.call("GET", f"/sessions/{session}").body["state"] == "starting"


# What a browser lets pages do


@pytest.mark.parametrize("origin", ["https://evil.example", "null", f"{ORIGIN}.evil.example", "http://turbowarp.org"])
def test_a_page_from_elsewhere_reads_no_answer(api: Function, origin: str) -> None:
    preflight = api.call("OPTIONS", "/sessions", Origin=origin)
    asked = api.call("POST", "/sessions", {"pool": "drone"}, Idempotency_Key="k1", Origin=origin)
    assert "Access-Control-Allow-Origin" not in preflight.headers
    assert "Access-Control-Allow-Origin" not in asked.headers


def test_a_page_that_may_call_sends_no_cookies(api: Function) -> None:
    headers = api.call("OPTIONS", "/sessions", Origin=ORIGIN).headers
    assert headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "Access-Control-Allow-Credentials" not in headers


def test_no_answer_is_kept_on_the_way_or_taken_for_something_else(api: Function) -> None:
    for answer in (api.open(), api.open(pool="dorne"), api.call("GET", "/nothing")):
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


# What is told


def tokens_of(api: Function) -> tuple[Answer, list[str]]:
    """Have a session ready; return its answer and its tokens."""
    session = api.open().body["session"]
    table, dynamodb = api.sandbox.state.lease_table, api.sandbox.dynamodb
    for _ in range(50):
        shown = api.call("GET", f"/sessions/{session}")
        if shown.body["state"] == "ready":
            return shown, list(shown.body["tokens"].values())
        for item in dynamodb.scan(TableName=table)["Items"]:
            if item.get("state", {}).get("S") == "claimed":
                dynamodb.update_item(
                    TableName=table,
                    Key={"instance_id": item["instance_id"]},
                    UpdateExpression="SET #state = :ready, connect_until = lease_until",
                    ExpressionAttributeNames={"#state": "state"},
                    ExpressionAttributeValues={":ready": {"S": "ready"}},
                )
    raise AssertionError(shown.text)


def test_tokens_are_told_to_their_owner_and_to_no_log_or_table(api: Function) -> None:
    shown, tokens = tokens_of(api)
    assert all(token in shown.text for token in tokens)
    stored = str(api.sandbox.dynamodb.scan(TableName=api.sandbox.state.lease_table)["Items"])
    api.call("DELETE", f"/sessions/{shown.body['session']}")
    for secret in (*tokens, TOKEN_SECRET):
        assert secret not in stored
        assert secret not in api.logged.getvalue()


def test_an_ended_session_tells_no_token_any_more(api: Function) -> None:
    shown, tokens = tokens_of(api)
    api.call("DELETE", f"/sessions/{shown.body['session']}")
    after = api.call("GET", f"/sessions/{shown.body['session']}")
    assert not [token for token in tokens if token in after.text]


def test_a_failure_inside_tells_the_caller_nothing_and_the_log_no_secret(
    api: Function, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown, tokens = tokens_of(api)
    monkeypatch.setattr(deployed._wake().sessions._table, "name", "no-such-table")
    answer = api.call("GET", f"/sessions/{shown.body['session']}")
    assert (answer.status, answer.body["error"]) == (500, "internal_error")
    assert "no-such-table" not in answer.text
    assert "Traceback" in api.logged.getvalue()
    assert not [secret for secret in (*tokens, TOKEN_SECRET) if secret in api.logged.getvalue() + answer.text]
