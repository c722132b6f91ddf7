"""How long the certificate is still good for, by its secret's tag."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from pixel.wake.certificate import CertificateEnd

SECRET = "pixel/certificate"
NOON = 1_800_014_400.0
"""2027-01-15 12:00:00 UTC."""


@pytest.fixture
def secrets() -> Iterator[Any]:
    """Secrets Manager, with nothing in it."""
    with mock_aws():
        yield boto3.client("secretsmanager", "us-east-2", aws_access_key_id="test", aws_secret_access_key="test")


def days_left(secrets: Any) -> float | None:
    return CertificateEnd(secrets, SECRET, clock=lambda: NOON).days_left()


def store(secrets: Any, **tags: str) -> None:
    pairs = [{"Key": key.replace("__", ":").replace("_", "-"), "Value": value} for key, value in tags.items()]
    secrets.create_secret(Name=SECRET, SecretString="{}", Tags=pairs)


@pytest.mark.parametrize(("end", "days"), [("20270205120000Z", 21), ("20270116000000Z", 0.5), ("20270114120000Z", -1)])
def test_the_days_are_those_to_the_end_in_the_tag(secrets: Any, end: str, days: float) -> None:
    store(secrets, team="media-lab", pixel__not_after=end)
    assert days_left(secrets) == days


@pytest.mark.parametrize("tags", [{}, {"pixel__not_after": "next spring"}, {"pixel__not_after": "2027-02-05"}])
def test_an_end_that_is_not_told_is_no_number(secrets: Any, tags: dict[str, str]) -> None:
    store(secrets, **tags)
    assert days_left(secrets) is None


def test_a_secret_that_is_not_there_is_no_error(secrets: Any) -> None:
    assert days_left(secrets) is None
