"""The function's settings."""

from __future__ import annotations

from unittest.mock import create_autospec

import boto3
import pytest

from pixel.wake.secret import TokenSecret
from pixel.wake.settings import Settings, SettingsError

ENOUGH = {
    "PIXEL_LEASE_TABLE": "pixel-leases",
    "PIXEL_ZONE": "Stream.Example.org.",
    "PIXEL_ZONE_ID": "Z1",
    "PIXEL_TOKEN_SECRET": "pixel/tokens",
}


def test_the_required_variables_are_enough() -> None:
    settings = Settings.from_environment(ENOUGH)
    assert settings.zone == "stream.example.org"
    assert settings.timings.start == 600


@pytest.mark.parametrize("name", ENOUGH)
def test_a_missing_variable_is_named(name: str) -> None:
    with pytest.raises(SettingsError, match=name):
        Settings.from_environment({key: value for key, value in ENOUGH.items() if key != name})


@pytest.mark.parametrize("value", ["0", "-1", "soon", "inf", "nan"])
def test_a_duration_that_is_none_is_refused_with_its_variable(value: str) -> None:
    with pytest.raises(SettingsError, match="PIXEL_START_SECONDS"):
        Settings.from_environment(ENOUGH | {"PIXEL_START_SECONDS": value})


def test_durations_origins_and_the_cap_are_read() -> None:
    settings = Settings.from_environment(
        ENOUGH
        | {
            "PIXEL_GRACE_SECONDS": "45",
            "PIXEL_CONFIRM": "7.5",
            "PIXEL_SESSIONS_PER_KEY": "3",
            "PIXEL_ORIGINS": "https://a.example, https://b.example",
        }
    )
    assert (settings.timings.grace, settings.confirm, settings.sessions_per_key) == (45, 7.5, 3)
    assert settings.origins == ("https://a.example", "https://b.example")


def secrets(value: str) -> TokenSecret:
    client = create_autospec(boto3.client("secretsmanager", region_name="us-east-2"), instance=True)
    client.get_secret_value.return_value = {"SecretString": value}
    return TokenSecret(client, "pixel/tokens")


def test_the_token_secret_is_read_once() -> None:
    secret = secrets("s" * 32)
    assert secret() == secret() == b"s" * 32
    assert secret._client.get_secret_value.call_count == 1  # type: ignore[attr-defined] # it is a mock


def test_a_short_token_secret_is_refused() -> None:
    with pytest.raises(SettingsError, match="PIXEL_TOKEN_SECRET"):
        secrets("short")()
