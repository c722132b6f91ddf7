# Copyright: mitlab.pixel maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A canary's lease: with it its check comes in as a player does, and nobody else claims it, or stops it meanwhile.

It is an item of the lease table like any person's, as the wake function writes them. A lease that ends without having
been given back is found by the reconciler, which stops the machine.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from .aws import Client
from .dynamodb import OPTIONAL, call
from .errors import AWS_ERRORS, PixelError, code_of

OWNER = "release"
"""Who has the lease. That of a person's session is an API key's id."""


@dataclass(frozen=True)
class CanaryLease:
    """What is written of a canary's lease.

    Attributes:
        zone: the member's availability zone.
        seconds: how long it lives at most.
    """

    instance_id: str
    pool: str
    zone: str
    seconds: float


def claim(dynamodb: Client, table: str, lease: CanaryLease, now: float) -> str:
    """Lease a new instance, and return the player's token that its service lets in; only its SHA-256 is written.

    One conditional write, which may be sent again.

    Raises:
        PixelError: there is no such table, or somebody has leased the instance.
    """
    token = secrets.token_urlsafe(32)
    digest = hashlib.sha256(token.encode()).hexdigest()
    values = {
        "pool": {"S": lease.pool},
        "az": {"S": lease.zone},
        "state": {"S": "claimed"},
        "session": {"S": f"canary{digest[:12]}"},
        "owner": {"S": OWNER},
        "generation": {"N": "1"},
        "player_digest": {"S": digest},
        "claimed_at": {"N": str(now)},
        "lease_until": {"N": str(now + lease.seconds)},
        "cap_until": {"N": str(now + lease.seconds)},
    }
    request = {
        "TableName": table,
        "Key": {"instance_id": {"S": lease.instance_id}},
        "UpdateExpression": "SET " + ", ".join(f"#{name} = :{name}" for name in values),
        "ConditionExpression": "attribute_not_exists(#session) OR #session = :session",
        "ExpressionAttributeNames": {f"#{name}": name for name in values},
        "ExpressionAttributeValues": {f":{name}": value for name, value in values.items()},
    }
    try:
        call(dynamodb.update_item, table, OPTIONAL, **request)
    except AWS_ERRORS as error:
        if code_of(error) != "ConditionalCheckFailedException":
            raise
        raise PixelError(
            f"somebody has leased the canary {lease.instance_id}: the wake function is of an earlier version, which "
            f"does not know canaries; update it with playbooks/site.yml"
        ) from error
    return token


def give_back(dynamodb: Client, table: str, instance_ids: Iterable[str]) -> None:
    """End the leases of canaries that have stopped; anybody else's are left alone. May be sent again."""
    for instance_id in instance_ids:
        try:
            dynamodb.delete_item(
                TableName=table,
                Key={"instance_id": {"S": instance_id}},
                ConditionExpression="#owner = :owner",
                ExpressionAttributeNames={"#owner": "owner"},
                ExpressionAttributeValues={":owner": {"S": OWNER}},
                aws_retry=True,
            )
        except AWS_ERRORS as error:
            if code_of(error) != "ConditionalCheckFailedException":
                raise
