"""Mistakes that the suite has to find: each is planted in the product while schedules are played."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from pixel.lease import writes
from pixel.wake import aws, sessions

Patch = pytest.MonkeyPatch


def drain_without_condition(patch: Patch) -> None:
    """A member gives itself up whoever holds it."""
    # The names in a condition tell which values it needs: without the one, the others are refused.
    plain = writes.drain
    patch.setattr(writes, "drain", lambda *given: replace(plain(*given), condition=None, values={}))


def open_without_condition(patch: Patch) -> None:
    """A session that exists is opened again."""
    plain = sessions.opened
    patch.setattr(sessions, "opened", lambda *given: replace(plain(*given), condition=None, values={}))


def inexact_records(patch: Patch) -> None:
    """Names are published with another value beside the address, so that nobody finds them again."""
    plain = aws.Zone._change

    def change(zone: aws.Zone, action: Any, records: Any) -> str:
        shifted = [replace(record, address=f"{record.address}1"[:15]) for record in records]
        return plain(zone, action, shifted if action == "UPSERT" else records)

    patch.setattr(aws.Zone, "_change", change)


PLANTED: dict[str, Callable[[Patch], None]] = {
    "drain-without-condition": drain_without_condition,
    "open-without-condition": open_without_condition,
    "inexact-records": inexact_records,
}
