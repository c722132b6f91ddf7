"""What goes wrong ends with a clear message, leaves the certificate in service alone, and nothing behind."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pixel.sandbox.route53.dns import DnsServer
from pixel.sandbox.testing import RunningSandbox
from playbook_runs import Run, run_playbook

from .certificates import self_signed
from .conftest import SECRET, Account
from .pebble import Pebble


@pytest.fixture
def live(account: Account) -> str:
    """A certificate in service that ends in 25 days."""
    old = self_signed(days=25)
    account.put_certificate(*old)
    return old.certificate


@pytest.fixture
def blind_pebble(tmp_path: Path) -> Iterator[Pebble]:
    """A CA that asks name servers which know nothing of the zone."""
    dns = DnsServer(list)
    dns.start()
    try:
        with Pebble(tmp_path / "blind", dns.address) as server:
            yield server
    finally:
        dns.stop()


@pytest.fixture
def unwilling_pebble(sandbox: RunningSandbox, tmp_path: Path) -> Iterator[Pebble]:
    """A CA that never vouches for the zone."""
    with Pebble(tmp_path / "unwilling", sandbox.state.dns, refuses=["pixel.test"]) as server:
        yield server


@pytest.fixture
def asked(environment: dict[str, str], variables: dict[str, Any]) -> Callable[[Pebble], Run]:
    """Run certificate.yml with another CA."""

    def run(ca: Pebble) -> Run:
        trusting = {**environment, "SSL_CERT_FILE": str(ca.ca_file)}
        return run_playbook("certificate", trusting, **(variables | {"pixel_certificate_directory": ca.directory}))

    return run


@pytest.mark.slow
def test_a_challenge_that_the_ca_does_not_find_is_told_and_removed(
    asked: Callable[[Pebble], Run], blind_pebble: Pebble, account: Account, live: str
) -> None:
    run = asked(blind_pebble)
    assert "'Hear what it found' failed: Error retrieving TXT records" in run.message
    assert account.certificate()["fullchain"] == live
    assert account.is_tidy()


@pytest.mark.slow
def test_a_ca_that_refuses_the_zone_is_told_in_its_own_words(
    asked: Callable[[Pebble], Run], unwilling_pebble: Pebble, account: Account, live: str
) -> None:
    run = asked(unwilling_pebble)
    assert "'Place the order' failed" in run.message
    assert "is forbidden by policy" in run.message
    assert account.certificate()["fullchain"] == live
    assert account.is_tidy()


@pytest.mark.slow
def test_a_ca_that_does_not_answer_is_named_with_the_end_of_what_is_in_service(
    renew: Callable[..., Run], account: Account
) -> None:
    account.put_certificate(*self_signed(days=20))
    run = renew(pixel_certificate_directory="https://localhost:9/dir")
    assert "no new certificate from https://localhost:9/dir: 'Check that the CA answers' failed" in run.message
    assert "Connection refused" in run.message
    assert "less than certificate_min_days (21) from now" in run.message
    assert account.is_tidy()


@pytest.mark.slow
def test_records_that_cannot_be_written_end_the_run_before_the_ca_looks(
    renew: Callable[..., Run], account: Account, pebble: Pebble
) -> None:
    account.sandbox.set_faults(unreachable={"actions": ["route53.ChangeResourceRecordSets"]})
    run = renew()
    assert "'Publish the answer to the CA's challenge' failed" in run.message
    assert pebble.issued == 0
    assert account.is_tidy()


@pytest.mark.slow
def test_a_run_that_waits_in_vain_says_for_whom(renew: Callable[..., Run], account: Account, pebble: Pebble) -> None:
    item = {
        "instance_id": {"S": "lock#certificate"},
        "owner": {"S": "another host"},
        "held_until": {"N": str(time.time() + 600)},
    }
    account.sandbox.dynamodb.put_item(TableName=account.sandbox.state.lease_table, Item=item)
    run = renew(certificate_lock_wait=0)
    assert "the lock certificate is held by 'another host' until" in run.message
    assert pebble.orders == 0
    assert account.locks() == ["lock#certificate"]


def test_a_secret_that_holds_something_else_is_named_and_not_shown(
    renew: Callable[..., Run], account: Account, pebble: Pebble
) -> None:
    account.sandbox.client("secretsmanager").create_secret(Name=SECRET, SecretString="hunter2")
    run = renew()
    assert "the secret pixel/certificate (certificate_secret) cannot be used" in run.message
    assert "hunter2" not in run.output
    assert pebble.orders == 0


@pytest.mark.parametrize(
    ("variable", "value", "mend"),
    [
        ("pixel_certificate_renew_days", "21", "such as 30 and 21 days before the end"),
        ("pixel_certificate_terms_agreed", "false", "set it to true if you agree"),
        ("pixel_certificate_source", "acm", "give the ARN of an exportable certificate"),
        ("pixel_certificate_source", "certbot", "acme, acm"),
    ],
)
def test_a_wrong_setting_ends_before_anything_is_asked(
    renew: Callable[..., Run], sandbox: RunningSandbox, variable: str, value: str, mend: str
) -> None:
    sandbox.reset_calls()
    run = renew(**{variable: value})
    assert mend in run.message
    assert not sandbox.calls()
