"""Leases: the exclusive, expiring right to a member, kept in one DynamoDB item per member.

`model` says what a lease is and when it lives, `writes` holds the conditional writes (the only way a lease ever
changes), `table` is the I/O, and `member` is the lease as the machine itself sees it.
"""

from pixel.lease.member import MemberLease
from pixel.lease.model import Lease, LeaseLost, LeaseTimings

__all__ = ["Lease", "LeaseLost", "LeaseTimings", "MemberLease"]
