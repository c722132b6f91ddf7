# Copyright: mitlab.pixel maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The only place that reads who uses members: live leases, which modules never write, and holds (`holds.py`)."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from .aws import Client, client
from .errors import AWS_ERRORS, PixelError, code_of
from .members import Hold, Lease, Use


def lease_reader(module: AnsibleAWSModule, table: str | None) -> Callable[[], dict[str, Use]]:
    """Return what reads which members of a table are in use; without a table none is, and nothing is asked."""
    if not table:
        return dict
    dynamodb = client(module, "dynamodb")
    return lambda: members_in_use(dynamodb, table)


def members_in_use(dynamodb: Client, table: str) -> dict[str, Use]:
    """Return why members are in use, by instance id: a live lease, or else a hold.

    A member is leased while its item has `session`, and `lease_until` (epoch seconds) is later than now, whatever
    else is in the item; it is held while `hold_until` is later than now. The table holds one small item for each
    member: so a strongly consistent scan of 1 MB pages is one call for thousands of members.

    Raises:
        PixelError: there is no such table.
    """
    now = time.time()
    request = {
        "TableName": table,
        "ConsistentRead": True,
        "FilterExpression": "(attribute_exists(#session) AND #until > :now) OR hold_until > :now",
        "ProjectionExpression": "instance_id, #session, #until, hostname, hold_until, hold_for",
        "ExpressionAttributeNames": {"#session": "session", "#until": "lease_until"},
        "ExpressionAttributeValues": {":now": {"N": str(now)}},
    }
    uses: dict[str, Use] = {}
    while True:
        try:
            answer = dynamodb.scan(**request, aws_retry=True)
        except AWS_ERRORS as error:
            if code_of(error) != "ResourceNotFoundException":
                raise
            raise PixelError(
                f"lease_table is {table}, and there is no such table in this region: give the table of the wake "
                f"function, or leave lease_table out when members are not leased"
            ) from error
        uses |= {item["instance_id"]["S"]: _use(item, now) for item in answer["Items"]}
        if "LastEvaluatedKey" not in answer:
            return uses
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def _use(item: Mapping[str, Any], now: float) -> Use:
    """Return why the member of an item is in use."""
    instance_id = item["instance_id"]["S"]
    until = float(item.get("lease_until", {}).get("N", 0))
    if "session" in item and until > now:
        return Lease(instance_id, item["session"]["S"], until, item.get("hostname", {}).get("S"))
    return Hold(instance_id, item.get("hold_for", {}).get("S", "a class"), float(item["hold_until"]["N"]))
