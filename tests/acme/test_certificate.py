"""A certificate is got, kept, and renewed in time."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from playbook_runs import Run

from .certificates import ZONE_NAMES, names_of, self_signed
from .conftest import Account
from .pebble import Pebble


@pytest.mark.slow
def test_a_certificate_is_issued_once_and_a_second_run_changes_nothing(
    renew: Callable[..., Run], account: Account, pebble: Pebble
) -> None:
    first = renew()
    assert first.ok, first.message
    assert names_of(account.certificate()["fullchain"]) == set(ZONE_NAMES)
    assert "PRIVATE KEY" not in first.output
    second = renew()
    assert second.ok, second.message
    assert not second.changed
    assert (pebble.orders, pebble.issued) == (1, 1)
    assert account.is_tidy()


def test_a_certificate_that_is_good_for_long_needs_no_ca(
    renew: Callable[..., Run], account: Account, pebble: Pebble
) -> None:
    account.put_certificate(*self_signed(days=40))
    run = renew()
    assert run.ok, run.message
    assert not run.changed
    assert pebble.orders == 0


@pytest.mark.slow
def test_a_certificate_that_ends_soon_is_renewed_by_the_account_that_is_there_and_stays_the_previous_one(
    renew: Callable[..., Run], account: Account
) -> None:
    old, account_key = self_signed(days=25), self_signed().key
    account.put_certificate(*old)
    secrets = account.sandbox.client("secretsmanager")
    secrets.create_secret(Name="pixel/acme-account", SecretString=account_key)
    run = renew()
    assert run.ok, run.message
    assert secrets.get_secret_value(SecretId="pixel/acme-account")["SecretString"] == account_key
    assert account.certificate()["fullchain"] != old.certificate
    assert account.certificate("AWSPREVIOUS")["fullchain"] == old.certificate


@pytest.mark.slow
def test_a_certificate_of_another_ca_is_replaced_whatever_answers_are_lost(
    renew: Callable[..., Run], account: Account, pebble: Pebble
) -> None:
    account.put_certificate(*self_signed(days=80), origin="https://staging.ca.test/dir")
    account.sandbox.set_faults(lost_answers={"probability": 0.3, "seed": 2, "actions": ["route53", "dynamodb"]})
    run = renew()
    assert run.ok, run.message
    assert account.certificate()["origin"] == pebble.directory
    account.sandbox.set_faults(lost_answers=None)
    assert account.is_tidy()


@pytest.mark.slow
def test_an_exportable_certificate_of_acm_is_taken_into_service(renew: Callable[..., Run], account: Account) -> None:
    request = {
        "DomainName": ZONE_NAMES[0],
        "SubjectAlternativeNames": list(ZONE_NAMES),
        "Options": {"Export": "ENABLED"},
    }
    arn = account.sandbox.client("acm").request_certificate(**request)["CertificateArn"]
    run = renew(pixel_certificate_source="acm", pixel_certificate_acm_arn=arn)
    assert run.ok, run.message
    assert names_of(account.certificate()["fullchain"]) == set(ZONE_NAMES)
    assert "PRIVATE KEY" not in run.output
