"""The Lambda's entry against the sandbox: as it is deployed, with nothing but its environment."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pixel.wake import handler as deployed
from pixel.wake.settings import SettingsError

Call = Callable[..., tuple[int, Any]]


class Context:
    """What Lambda tells about an invocation."""

    aws_request_id = "00000000-0000-4000-8000-000000000000"

    def get_remaining_time_in_millis(self) -> int:
        return 29_000


@pytest.fixture
def room(classroom: Callable[[int, int], Any], monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Three members, and the function's environment."""
    new = classroom(3, 1)
    secret = new.sandbox.client("secretsmanager").create_secret(Name="pixel-tokens", SecretString="s" * 40)["ARN"]
    environment = new.sandbox.environment() | {
        "PIXEL_LEASE_TABLE": new.settings.lease_table,
        "PIXEL_ZONE": new.settings.zone,
        "PIXEL_ZONE_ID": new.settings.zone_id,
        "PIXEL_TOKEN_SECRET": secret,
        "PIXEL_WATCH": "0.1",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    forget()
    yield new
    forget()


def forget() -> None:
    """Make the next invocation the first one of its copy of the function."""
    for part in (deployed._api, deployed._wake, deployed._settings, deployed._certificate):
        part.cache_clear()


@pytest.fixture
def call(room: Any) -> Call:
    """A function that makes one call to the API."""

    def one(method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        event = {
            "path": path,
            "httpMethod": method,
            "headers": {name.replace("_", "-"): value for name, value in headers.items()},
            "multiValueHeaders": {name.replace("_", "-"): [value] for name, value in headers.items()},
            "queryStringParameters": None,
            "multiValueQueryStringParameters": None,
            "requestContext": {"stage": "prod", "path": f"/prod{path}", "identity": {"apiKeyId": "class"}},
            "body": json.dumps(body) if body else None,
            "isBase64Encoded": False,
        }
        answer = deployed.handler(event, Context())  # type: ignore[arg-type] # as much of a context as is used
        assert answer is not None
        return answer["statusCode"], json.loads(answer["body"])

    return one


def test_a_member_is_woken_published_and_given_back(room: Any, call: Call) -> None:
    status, body = call("POST", "/sessions", {"pool": "drone"}, Idempotency_Key="k1")
    assert (status, body["state"]) == (202, "starting")
    path = f"/sessions/{body['session']}"
    until = time.monotonic() + 20
    while body.get("step") != "loading":
        assert time.monotonic() < until, body
        _, body = call("GET", path)
    (record,) = [
        one
        for one in room.sandbox.route53.list_resource_record_sets(HostedZoneId=room.settings.zone_id)[
            "ResourceRecordSets"
        ]
        if one["Type"] == "A"
    ]
    (member,) = room.running()
    assert record["ResourceRecords"] == [{"Value": room.sandbox.instance(member)["PublicIpAddress"]}]
    assert call("DELETE", path) == (200, {"session": body["session"], "state": "ended"})
    assert room.leased() == {}


def test_the_schedule_runs_the_reconciler_and_tells_what_it_found(room: Any) -> None:
    counts = deployed.handler({"detail-type": "Scheduled Event"}, Context())  # type: ignore[arg-type] # not used
    assert counts is not None
    assert (counts["running"], counts["leased"], counts["stopped"]) == (0, 0, 0)


def metrics(printed: str) -> dict[str, Any]:
    """Return the line in which a run of the reconciler told its metrics, as CloudWatch takes it."""
    found: list[dict[str, Any]] = [json.loads(line) for line in printed.splitlines() if "_aws" in line]
    return found[-1]


def test_the_schedule_tells_how_many_days_the_certificate_is_good_for(
    room: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    end = datetime.now(UTC) + timedelta(days=20.5)
    room.sandbox.client("secretsmanager").create_secret(
        Name="pixel/certificate",
        SecretString="{}",
        Tags=[{"Key": "pixel:not-after", "Value": f"{end:%Y%m%d%H%M%SZ}"}],
    )
    monkeypatch.setenv("PIXEL_CERTIFICATE_SECRET", "pixel/certificate")
    deployed.handler({"detail-type": "Scheduled Event"}, Context())  # type: ignore[arg-type] # not used
    told = metrics(capsys.readouterr().out)
    assert told["CertificateDaysLeft"] == [pytest.approx(20.5, abs=0.01)]
    # As the alarm CertificateEndsSoon looks for it.
    assert told["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["service"]]
    assert told["service"] == "wake"


def test_without_a_certificate_the_schedule_says_nothing_of_it_and_does_the_rest(
    room: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PIXEL_CERTIFICATE_SECRET", "pixel/certificate")
    deployed.handler({"detail-type": "Scheduled Event"}, Context())  # type: ignore[arg-type] # not used
    told = metrics(capsys.readouterr().out)
    assert "CertificateDaysLeft" not in told
    assert told["Running"] == [0]


def test_a_state_change_is_heard(room: Any) -> None:
    event = {
        "detail-type": "EC2 Instance State-change Notification",
        "time": "2026-11-24T10:00:00Z",
        "detail": {"instance-id": room.members[0], "state": "stopped"},
    }
    assert deployed.handler(event, Context()) is None  # type: ignore[arg-type] # not used


def test_an_event_of_nobody_is_an_error(room: Any) -> None:
    with pytest.raises(ValueError, match="does not know this event"):
        deployed.handler({"Records": []}, Context())  # type: ignore[arg-type] # not used


def test_a_missing_setting_is_named(room: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PIXEL_ZONE_ID")
    with pytest.raises(SettingsError, match="PIXEL_ZONE_ID"):
        deployed.handler({"detail-type": "Scheduled Event"}, Context())  # type: ignore[arg-type] # not used
