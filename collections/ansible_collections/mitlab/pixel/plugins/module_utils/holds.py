# Copyright: mitlab.pixel maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Holds in the lease table: read for a whole pool at once, written many in one call. The only place that writes them.

A hold is two attributes of a member's item, `hold_until` and `hold_for`. Writing one touches no lease: its condition
is that nobody has the member, or that it was meant for the same class before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .aws import Client, batches
from .errors import AWS_ERRORS, PixelError, code_of
from .hot_plan import Known, Member, Target

READ_BATCH = 100
"""Keys in one BatchGetItem."""
WRITE_BATCH = 100
"""Writes in one TransactWriteItems."""
TRIES = 4
"""Times that a batch is sent when other writes are under way on its items."""

_ATTRIBUTES = ("instance_id", "state", "session", "lease_until", "hold_until", "hold_for", "hot_at")
_FREE = "(attribute_not_exists(#state) OR #state = :free) AND (attribute_not_exists(#session) OR #lease_until <= :now)"


def read_items(dynamodb: Client, table: str, ids: Sequence[str], now: float) -> dict[str, Known]:
    """Return what the lease table knows of members, by instance id; read with strong consistency.

    Raises:
        PixelError: there is no such table.
    """
    names = _names(*_ATTRIBUTES)
    asked = {"ConsistentRead": True, "ProjectionExpression": ", ".join(names), "ExpressionAttributeNames": names}
    found: dict[str, Known] = {}
    for batch in batches(ids, READ_BATCH):
        keys = [{"instance_id": {"S": one}} for one in batch]
        while keys:
            answer = _call(dynamodb.batch_get_item, table, RequestItems={table: {**asked, "Keys": keys}})
            found |= {item["instance_id"]["S"]: _known(item, now) for item in answer["Responses"].get(table, ())}
            keys = answer.get("UnprocessedKeys", {}).get(table, {}).get("Keys", [])
    return found


def hold(dynamodb: Client, table: str, members: Iterable[Member], target: Target, now: float) -> set[str]:
    """Hold members for a class; return the ids of those that are.

    Members that somebody has claimed meanwhile, or that are held for something else, are left alone. Replayable.
    """
    writes = [
        {
            **_key(table, member.instance_id),
            "UpdateExpression": "SET #hold_until = :until, #hold_for = :for, #pool = :pool, #az = :az",
            "ConditionExpression": (
                "(#hold_for = :for AND #hold_until > :now) OR "
                f"((attribute_not_exists(#hold_until) OR #hold_until <= :now) AND {_FREE})"
            ),
            "ExpressionAttributeNames": _names(
                "state", "session", "lease_until", "hold_until", "hold_for", "pool", "az"
            ),
            "ExpressionAttributeValues": {
                ":until": {"N": str(target.until)},
                ":for": {"S": target.purpose},
                ":pool": {"S": member.pool or ""},
                ":az": {"S": member.zone},
                ":free": {"S": "free"},
                ":now": {"N": str(now)},
            },
        }
        for member in members
    ]
    return _write(dynamodb, table, writes)


def let_go(dynamodb: Client, table: str, ids: Iterable[str], purpose: str, now: float) -> set[str]:
    """Take holds back from members that nobody has claimed; return the ids of those that are held no more."""
    writes = [
        {
            **_key(table, one),
            "UpdateExpression": "REMOVE #hold_until, #hold_for, #hot_at",
            "ConditionExpression": f"#hold_for = :for AND {_FREE}",
            "ExpressionAttributeNames": _names("state", "session", "lease_until", "hold_until", "hold_for", "hot_at"),
            "ExpressionAttributeValues": {":for": {"S": purpose}, ":free": {"S": "free"}, ":now": {"N": str(now)}},
        }
        for one in ids
    ]
    return _write(dynamodb, table, writes)


def _write(dynamodb: Client, table: str, writes: Sequence[Mapping[str, Any]]) -> set[str]:
    """Send the writes in transactions, each without those whose condition does not hold; return the written ids."""
    done: set[str] = set()
    for batch in batches(writes, WRITE_BATCH):
        left = list(batch)
        for _try in range(TRIES):
            if not left:
                break
            try:
                _call(dynamodb.transact_write_items, table, TransactItems=[{"Update": write} for write in left])
            except AWS_ERRORS as error:
                left = _without_failed(left, error)
            else:
                done |= {write["Key"]["instance_id"]["S"] for write in left}
                break
    return done


def _without_failed(writes: Sequence[Mapping[str, Any]], error: Exception) -> list[Mapping[str, Any]]:
    """Return the writes that may be sent again after a cancelled transaction; raise any other error."""
    if code_of(error) != "TransactionCanceledException":
        raise error
    reasons: Sequence[Mapping[str, Any]] = getattr(error, "response", {}).get("CancellationReasons", ())
    codes = [reason.get("Code", "None") for reason in reasons]
    if len(codes) != len(writes) or not set(codes) <= {"None", "ConditionalCheckFailed", "TransactionConflict"}:
        raise error
    return [write for write, code in zip(writes, codes, strict=True) if code != "ConditionalCheckFailed"]


def _call(operation: Any, table: str, **request: Any) -> Any:
    try:
        return operation(**request, aws_retry=True)
    except AWS_ERRORS as error:
        if code_of(error) != "ResourceNotFoundException":
            raise
        raise PixelError(
            f"lease_table is {table}, and there is no such table in this region: give the table of the wake function"
        ) from error


def _names(*attributes: str) -> dict[str, str]:
    """Return aliases: DynamoDB reserves words such as `state`, `session` and `pool`."""
    return {f"#{name}": name for name in attributes}


def _key(table: str, instance_id: str) -> dict[str, Any]:
    return {"TableName": table, "Key": {"instance_id": {"S": instance_id}}}


def _known(item: Mapping[str, Any], now: float) -> Known:
    leased = "session" in item and float(item.get("lease_until", {}).get("N", 0)) > now
    until = float(item.get("hold_until", {}).get("N", 0))
    return Known(
        free=not leased and item.get("state", {}).get("S", "free") == "free",
        held_for=item.get("hold_for", {}).get("S") if until > now else None,
        held_until=until if until > now else None,
        hot="hot_at" in item and not leased,
    )
