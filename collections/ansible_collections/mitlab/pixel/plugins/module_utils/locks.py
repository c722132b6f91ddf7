# Copyright: mitlab.pixel maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Locks: who alone may do something, for a while. Each is one item of the lease table, beside those of the members."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .aws import Client
from .errors import AWS_ERRORS, PixelError, code_of

PREFIX = "lock#"
_NAMES = {"#owner": "owner", "#until": "held_until"}


@dataclass(frozen=True)
class Hold:
    """A lock as somebody holds it.

    Attributes:
        name: the lock's name.
        owner: who holds it.
        until: epoch seconds from which on others may take it.
    """

    name: str
    owner: str
    until: float


def take(dynamodb: Client, table: str, wanted: Hold, now: float) -> Hold:
    """Take a lock, or prolong one's own; return who holds it now.

    One conditional write: of many that try, one succeeds. A hold that has ended is taken over. Replayable: the owner
    may always write again.

    Args:
        now: epoch seconds.

    Raises:
        PixelError: there is no such table.
    """
    request = {
        "UpdateExpression": "SET #owner = :owner, #until = :until",
        "ConditionExpression": "attribute_not_exists(#until) OR #until <= :now OR #owner = :owner",
        "ExpressionAttributeNames": _NAMES,
        "ExpressionAttributeValues": {
            ":owner": {"S": wanted.owner},
            ":until": {"N": str(wanted.until)},
            ":now": {"N": str(now)},
        },
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    try:
        dynamodb.update_item(**_item(table, wanted.name), **request, aws_retry=True)
    except AWS_ERRORS as error:
        _raise_unless_refused(error, table)
        item: dict[str, Any] = getattr(error, "response", {})["Item"]
        return Hold(wanted.name, item["owner"]["S"], float(item["held_until"]["N"]))
    return wanted


def let_go(dynamodb: Client, table: str, name: str, owner: str) -> bool:
    """Let go of a lock; return whether the owner held it. Another's is left alone. Replayable."""
    request = {
        "ConditionExpression": "#owner = :owner",
        "ExpressionAttributeNames": {"#owner": _NAMES["#owner"]},
        "ExpressionAttributeValues": {":owner": {"S": owner}},
    }
    try:
        dynamodb.delete_item(**_item(table, name), **request, aws_retry=True)
    except AWS_ERRORS as error:
        _raise_unless_refused(error, table)
        return False
    return True


def _item(table: str, name: str) -> dict[str, Any]:
    return {"TableName": table, "Key": {"instance_id": {"S": PREFIX + name}}}


def _raise_unless_refused(error: Exception, table: str) -> None:
    """Return if the write's condition did not hold; raise any other error."""
    code = code_of(error)
    if code == "ResourceNotFoundException":
        raise PixelError(
            f"table is {table}, and there is no such table in this region: give the lease table of the pool"
        ) from error
    if code != "ConditionalCheckFailedException":
        raise error
