"""A certificate is got and kept; how one is renewed, and reaches players, is in test_members_serve_it.py."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from playbook_runs import Run

from .certificates import ZONE_NAMES, names_of, self_signed
from .conftest import Account
from .pebble import Pebble


@pytest.mark.slow
def test_of_two_runs_at_once_one_orders_and_a_later_one_changes_nothing(
    renew: Callable[..., Run], account: Account, pebble: Pebble
) -> None:
    with ThreadPoolExecutor(2) as threads:
        runs = list(threads.map(lambda _: renew(), range(2)))
    assert all(run.ok for run in runs), [run.message for run in runs]
    assert names_of(account.certificate()["fullchain"]) == set(ZONE_NAMES)
    assert not [run for run in runs if "PRIVATE KEY" in run.output]
    later = renew()
    assert later.ok, later.message
    assert not later.changed
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
