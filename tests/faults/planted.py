"""Mistakes that the suite has to find: each is planted in the product while schedules are played."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from pixel.lease import writes
from pixel.lease.model import is_live
from pixel.wake import aws, placement, sessions

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


def claim_of_stopping_members(patch: Patch) -> None:
    """A member is given to the next session while it still stops for the last one."""
    patch.setattr(placement, "is_claimable", lambda item, now: not is_live(item, now))
    plain = writes.claim

    def claim(*given: Any) -> writes.Write:
        write = plain(*given)
        condition = str(write.condition).replace("AND (attribute_not_exists(#state) OR #state = :free) ", "")
        return replace(write, condition=condition, values={k: v for k, v in write.values.items() if k != ":free"})

    patch.setattr(writes, "claim", claim)


PLANTED: dict[str, Callable[[Patch], None]] = {
    "claim-of-stopping-members": claim_of_stopping_members,
    "drain-without-condition": drain_without_condition,
    "open-without-condition": open_without_condition,
    "inexact-records": inexact_records,
}
