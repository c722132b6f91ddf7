"""A lease for the time of a check: a member that looks at a lease table lets nobody else in than its session."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager

import boto3

LIVES = 300
"""Seconds: longer than the check takes. Should the check be killed, the lease ends by itself, and the member stops."""


@contextmanager
def leased(table: str, instance_id: str, pool: str) -> Iterator[str]:
    """Lease a machine that is no member of the pool, and yield the player's token; afterwards the lease is gone.

    A machine that still runs then gives itself up, and may say so in the table: the reconciler forgets that. The write
    may be sent again after a lost answer; over anybody else's lease it is not written.

    Raises:
        ClientError, BotoCoreError: of botocore: the table cannot be written, or somebody has a lease.
    """
    token = secrets.token_urlsafe(32)
    digest = hashlib.sha256(token.encode()).hexdigest()
    now = int(time.time())
    leases = boto3.resource("dynamodb").Table(table)
    session = f"check-{digest[:8]}"
    lease = {
        "pool": pool,
        "state": "claimed",
        "session": session,
        "owner": "image",
        "generation": 1,
        "player_digest": digest,
        "claimed_at": now,
        "lease_until": now + LIVES,
        "cap_until": now + LIVES,
    }
    leases.update_item(
        Key={"instance_id": instance_id},
        UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in lease),
        ConditionExpression="attribute_not_exists(#session) OR #session = :session",
        ExpressionAttributeNames={f"#{name}": name for name in lease},
        ExpressionAttributeValues={f":{name}": value for name, value in lease.items()},
    )
    try:
        yield token
    finally:
        leases.delete_item(Key={"instance_id": instance_id})
