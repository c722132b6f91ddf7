"""A certificate is got, kept, and renewed in time."""

from __future__ import annotations

from collections.abc import Callable

from pixel.sandbox.testing import RunningSandbox
from playbook_runs import Run

from .certificates import ZONE_NAMES, names_of, self_signed, serial_of
from .conftest import Account
from .pebble import Pebble


def test_a_certificate_is_issued_and_nothing_is_left_behind(
    renew: Callable[..., Run], account: Account, pebble: Pebble
) -> None:
    run = renew()
    assert run.ok, run.message
    assert names_of(account.certificate()["fullchain"]) == set(ZONE_NAMES)
    assert (pebble.orders, pebble.issued) == (1, 1)
    assert (account.challenges(), account.locks()) == ([], [])
