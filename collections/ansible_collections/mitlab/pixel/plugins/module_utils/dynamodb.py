# Copyright: mitlab.pixel maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The only place that reads leases. Modules never write them; `locks.py` writes the locks beside them."""

from __future__ import annotations

import time
from collections.abc import Callable

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from .aws import Client, client
from .errors import AWS_ERRORS, PixelError, code_of
from .members import Lease


def lease_reader(module: AnsibleAWSModule, table: str | None) -> Callable[[], dict[str, Lease]]:
    """Return what reads the live leases of a table; without a table there are none, and nothing is asked."""
    if not table:
        return dict
    dynamodb = client(module, "dynamodb")
    return lambda: live_leases(dynamodb, table)


def live_leases(dynamodb: Client, table: str) -> dict[str, Lease]:
    """Return the live leases, by instance id.

    A member is leased while its item has `session`, and `lease_until` (epoch seconds) is later than now, whatever
    else is in the item. The table holds one small item for each member: so a strongly consistent scan of 1 MB pages
    is one call for thousands of members.

    Raises:
        PixelError: there is no such table.
    """
    now = time.time()
    request = {
        "TableName": table,
        "ConsistentRead": True,
        "FilterExpression": "attribute_exists(#session) AND #until > :now",
        "ProjectionExpression": "instance_id, #session, #until, hostname",
        "ExpressionAttributeNames": {"#session": "session", "#until": "lease_until"},
        "ExpressionAttributeValues": {":now": {"N": str(now)}},
    }
    leases: dict[str, Lease] = {}
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
        for item in answer["Items"]:
            lease = Lease(
                instance_id=item["instance_id"]["S"],
                session=item["session"]["S"],
                until=float(item["lease_until"]["N"]),
                hostname=item.get("hostname", {}).get("S"),
            )
            leases[lease.instance_id] = lease
        if "LastEvaluatedKey" not in answer:
            return leases
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
