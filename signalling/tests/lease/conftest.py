"""A lease table in moto's DynamoDB, and a member to lease."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import boto3
import pytest
from moto import mock_aws

from pixel.lease import Lease, LeaseTimings, MemberLease, writes
from pixel.lease.model import parse_lease
from pixel.lease.table import Table

TIMINGS = LeaseTimings(start=300, connect=120, heartbeat=60, grace=120, cap=3600)
MEMBER = "i-00000000000000001"


@dataclass
class Stage:
    """A table, its only member, and a clock."""

    table: Table
    member: MemberLease
    now: float = 1_800_000_000.0

    def claim(self, session: str = "s1", generation: int = 1) -> Lease:
        """Claim the member, as the wake function does."""
        claim = writes.Claim(MEMBER, "drone", "us-east-2a", session, "alice", generation, "pd", "cd")
        return parse_lease(self.table.write(writes.claim(claim, TIMINGS, self.now)))

    def item(self) -> dict[str, object]:
        """Return the member's item."""
        return self.table.get(MEMBER) or {}


@pytest.fixture
def stage() -> Iterator[Stage]:
    """An empty table."""
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-2", aws_access_key_id="t", aws_secret_access_key="t")
        client.create_table(
            TableName="leases",
            KeySchema=[{"AttributeName": "instance_id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "instance_id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        new = Stage(Table(client, "leases"), MemberLease(client, "leases", MEMBER, TIMINGS, lambda: new.now))
        yield new
