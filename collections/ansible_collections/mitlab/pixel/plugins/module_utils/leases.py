# Copyright: mitlab.pixel maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who uses members, and how one is taken out of use so that nobody claims it before it has stopped.

A member is leased while its item has `session`, and `lease_until` (epoch seconds) is later than now, whatever else is
in the item; it is held while `hold_until` is later than now. Leases are written by the wake function, holds by
`holds.py`.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from .aws import Client, client
from .dynamodb import OPTIONAL, call, key, names, update_all
from .members import Hold, Lease, Member, Use

NOBODYS = "(attribute_not_exists(#session) OR #lease_until <= :now)"
NOT_HELD = "(attribute_not_exists(#hold_until) OR #hold_until <= :now)"
LEAVING = 180.0
"""Seconds after a drain in which its stop may still be under way, with all retries: nobody frees the member before."""
_ENDED = ("player_digest", "controller_digest", "suspect", "suspect_at", "hot_at")
"""What nothing is left of in the item of a member that drains."""


class Leases:
    """The leases and holds in a table. Without a table nobody uses anything, and nothing is asked."""

    def __init__(self, dynamodb: Client = None, table: str | None = None) -> None:
        self._dynamodb = dynamodb
        self._table = table

    def in_use(self) -> dict[str, Use]:
        """Return why members are in use, by instance id: a live lease, or else a hold.

        The table holds one small item for each member: so a strongly consistent scan of 1 MB pages is one call for
        thousands of members.

        Raises:
            PixelError: there is no such table.
        """
        if not self._table:
            return {}
        now = time.time()
        request = {
            "TableName": self._table,
            "ConsistentRead": True,
            "FilterExpression": "(attribute_exists(#session) AND #until > :now) OR hold_until > :now",
            "ProjectionExpression": "instance_id, #session, #until, hostname, hold_until, hold_for",
            "ExpressionAttributeNames": {"#session": "session", "#until": "lease_until"},
            "ExpressionAttributeValues": {":now": {"N": str(now)}},
        }
        uses: dict[str, Use] = {}
        while True:
            answer = call(self._dynamodb.scan, self._table, OPTIONAL, **request)
            for item in answer["Items"]:
                instance_id = item["instance_id"]["S"]
                if (use := _use(instance_id, item, now)) is not None:
                    uses[instance_id] = use
            if "LastEvaluatedKey" not in answer:
                return uses
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def drain(self, members: Iterable[Member]) -> dict[str, str]:
        """Take members out of use before they are stopped or terminated; return those in use, with the reason.

        A member that was read as unused may be claimed at any moment. So the word that nobody uses it is a write, on
        the condition that this is so; a claim then finds the member draining, and takes another. What is drained is
        freed by the wake function once it has stopped, and no stop can be under way any more; if whoever drained it
        dies before the stop, the reconciler stops it. Replayable.

        Raises:
            PixelError: there is no such table.
        """
        pooled = {member.instance_id: member for member in members if member.pool}
        if not self._table or not pooled:
            return {}  # nobody can claim a machine of no pool
        now = time.time()
        updates = [_drain(member, now) for member in pooled.values()]
        written = update_all(self._dynamodb, self._table, updates, OPTIONAL)
        in_use: dict[str, str] = {}
        for instance_id in pooled.keys() - written.done:
            if instance_id not in written.refused:
                in_use[instance_id] = "just being claimed, or let go"
            elif (use := _use(instance_id, written.refused[instance_id], now)) is not None:
                in_use[instance_id] = use.reason
        return in_use


def leases_of(module: AnsibleAWSModule, table: str | None) -> Leases:
    """Return the leases in a module's table, if it has one."""
    return Leases(client(module, "dynamodb"), table) if table else Leases()


def _drain(member: Member, now: float) -> dict[str, Any]:
    """Return the update that drains a member, unless it is in use."""
    set_to = {
        "state": {"S": "draining"},
        "drained_at": {"N": f"{now:.3f}"},
        "lease_until": {"N": "0"},
        "leaving_until": {"N": f"{now + LEAVING:.3f}"},
        "pool": {"S": member.pool},
        "az": {"S": member.zone},
    }
    return {
        "Key": key(member.instance_id),
        "UpdateExpression": (
            "SET "
            + ", ".join(f"#{name} = :{name}" for name in set_to)
            + " REMOVE "
            + ", ".join(f"#{name}" for name in _ENDED)
        ),
        "ConditionExpression": f"{NOBODYS} AND {NOT_HELD}",
        "ExpressionAttributeNames": names(*set_to, *_ENDED, "session", "hold_until"),
        "ExpressionAttributeValues": {":now": {"N": f"{now:.3f}"}, **{f":{name}": v for name, v in set_to.items()}},
    }


def _use(instance_id: str, item: Mapping[str, Any], now: float) -> Use | None:
    """Return why the member of an item is in use; None when it is not."""
    until = float(item.get("lease_until", {}).get("N", 0))
    if "session" in item and until > now:
        return Lease(instance_id, item["session"]["S"], until, item.get("hostname", {}).get("S"))
    held_until = float(item.get("hold_until", {}).get("N", 0))
    if held_until > now:
        return Hold(instance_id, item.get("hold_for", {}).get("S", "a class"), held_until)
    return None
