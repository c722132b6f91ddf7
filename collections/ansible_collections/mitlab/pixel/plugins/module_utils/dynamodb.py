# Copyright: mitlab.pixel maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How the lease table is called: a missing one is named, and many conditional writes are one call."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .aws import Client, batches
from .errors import AWS_ERRORS, PixelError, code_of

WRITE_BATCH = 100
"""Writes in one TransactWriteItems (DynamoDB's limit)."""
TRIES = 4
"""Times that a batch is sent when other writes are under way on its items."""
OPTIONAL = ", or leave lease_table out when members are not leased"
"""What may be done about a missing table, where the module works without one."""


@dataclass
class Written:
    """What came of conditional writes, by instance id. One in neither met other writes under way each time.

    Attributes:
        done: those that were written.
        refused: the items, in DynamoDB's JSON, that did not meet the condition; empty where there is none.
    """

    done: set[str] = field(default_factory=set)
    refused: dict[str, Mapping[str, Any]] = field(default_factory=dict)


def call(operation: Any, table: str, also: str = "", **request: Any) -> Any:
    """Make a call about a table; `also` is what else may be done than to name another table.

    Raises:
        PixelError: there is no such table.
    """
    try:
        return operation(**request, aws_retry=True)
    except AWS_ERRORS as error:
        if code_of(error) != "ResourceNotFoundException":
            raise
        raise PixelError(
            f"lease_table is {table}, and there is no such table in this region: give the table of the wake function"
            f"{also}"
        ) from error


def update_all(dynamodb: Client, table: str, updates: Iterable[Mapping[str, Any]], also: str = "") -> Written:
    """Update members' items, a hundred in one call, each without those whose condition does not hold.

    Args:
        updates: what UpdateItem takes, but for the table's name; each of another member.
        also: what else may be done about a missing table.
    """
    written = Written()
    for batch in batches([{"TableName": table, **update} for update in updates], WRITE_BATCH):
        left: Sequence[Mapping[str, Any]] = batch
        for _try in range(TRIES):
            if not left:
                break
            items = [{"Update": {**update, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}} for update in left]
            try:
                call(dynamodb.transact_write_items, table, also, TransactItems=items)
            except AWS_ERRORS as error:
                refused = _refused(left, error)
                written.refused |= refused
                left = [update for update in left if _id(update) not in refused]
            else:
                written.done |= {_id(update) for update in left}
                break
    return written


def names(*attributes: str) -> dict[str, str]:
    """Return aliases: DynamoDB reserves words such as `state`, `session` and `pool`."""
    return {f"#{name}": name for name in attributes}


def key(instance_id: str) -> dict[str, Any]:
    """Return the key of a member's item."""
    return {"instance_id": {"S": instance_id}}


def _id(update: Mapping[str, Any]) -> str:
    return str(update["Key"]["instance_id"]["S"])


def _refused(updates: Sequence[Mapping[str, Any]], error: Exception) -> dict[str, Mapping[str, Any]]:
    """Return the items for whose sake a transaction was cancelled; raise any other error."""
    if code_of(error) != "TransactionCanceledException":
        raise error
    reasons: Sequence[Mapping[str, Any]] = getattr(error, "response", {}).get("CancellationReasons", ())
    codes = [reason.get("Code", "None") for reason in reasons]
    if len(codes) != len(updates) or not set(codes) <= {"None", "ConditionalCheckFailed", "TransactionConflict"}:
        raise error
    return {
        _id(update): reason.get("Item", {})
        for update, reason in zip(updates, reasons, strict=True)
        if reason.get("Code") == "ConditionalCheckFailed"
    }
