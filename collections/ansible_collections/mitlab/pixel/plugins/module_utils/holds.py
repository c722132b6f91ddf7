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
from .dynamodb import call, key, names, update_all
from .hot_plan import Known, Member, Target
from .leases import NOBODYS

READ_BATCH = 100
"""Keys in one BatchGetItem."""

_ATTRIBUTES = ("instance_id", "state", "session", "lease_until", "hold_until", "hold_for", "hot_at")
_FREE = f"(attribute_not_exists(#state) OR #state = :free) AND {NOBODYS}"


def read_items(dynamodb: Client, table: str, ids: Sequence[str], now: float) -> dict[str, Known]:
    """Return what the lease table knows of members, by instance id; read with strong consistency.

    Raises:
        PixelError: there is no such table.
    """
    aliases = names(*_ATTRIBUTES)
    asked = {"ConsistentRead": True, "ProjectionExpression": ", ".join(aliases), "ExpressionAttributeNames": aliases}
    found: dict[str, Known] = {}
    for batch in batches(ids, READ_BATCH):
        keys = [key(one) for one in batch]
        while keys:
            answer = call(dynamodb.batch_get_item, table, RequestItems={table: {**asked, "Keys": keys}})
            found |= {item["instance_id"]["S"]: _known(item, now) for item in answer["Responses"].get(table, ())}
            keys = answer.get("UnprocessedKeys", {}).get(table, {}).get("Keys", [])
    return found


def hold(dynamodb: Client, table: str, members: Iterable[Member], target: Target, now: float) -> set[str]:
    """Hold members for a class; return the ids of those that are.

    Members that somebody has claimed meanwhile, or that are held for something else, are left alone. Replayable.
    """
    updates = [
        {
            "Key": key(member.instance_id),
            "UpdateExpression": "SET #hold_until = :until, #hold_for = :for, #pool = :pool, #az = :az",
            "ConditionExpression": (
                "(#hold_for = :for AND #hold_until > :now) OR "
                f"((attribute_not_exists(#hold_until) OR #hold_until <= :now) AND {_FREE})"
            ),
            "ExpressionAttributeNames": names(
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
    return update_all(dynamodb, table, updates).done


def let_go(dynamodb: Client, table: str, ids: Iterable[str], purpose: str, now: float) -> set[str]:
    """Take holds back from members that nobody has claimed; return the ids of those that are held no more."""
    updates = [
        {
            "Key": key(one),
            "UpdateExpression": "REMOVE #hold_until, #hold_for, #hot_at",
            "ConditionExpression": f"#hold_for = :for AND {_FREE}",
            "ExpressionAttributeNames": names("state", "session", "lease_until", "hold_until", "hold_for", "hot_at"),
            "ExpressionAttributeValues": {":for": {"S": purpose}, ":free": {"S": "free"}, ":now": {"N": str(now)}},
        }
        for one in ids
    ]
    return update_all(dynamodb, table, updates).done


def _known(item: Mapping[str, Any], now: float) -> Known:
    leased = "session" in item and float(item.get("lease_until", {}).get("N", 0)) > now
    until = float(item.get("hold_until", {}).get("N", 0))
    return Known(
        free=not leased and item.get("state", {}).get("S", "free") == "free",
        held_for=item.get("hold_for", {}).get("S") if until > now else None,
        held_until=until if until > now else None,
        hot="hot_at" in item and not leased,
    )
