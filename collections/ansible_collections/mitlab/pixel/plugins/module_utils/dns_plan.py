# Copyright: mitlab.pixel maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Decide which members' records are stale. Pure: nothing here knows boto3 or Ansible."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import AddressValueError, IPv4Address

from .members import POOL_TAG, Member

CHANGES_PER_BATCH = 1000
"""Records in one ChangeResourceRecordSets call (Route 53's limit)."""
CHARACTERS_PER_BATCH = 32_000
"""Characters of all record values in one ChangeResourceRecordSets call (Route 53's limit)."""


@dataclass(frozen=True)
class Record:
    """A record as Route 53 has it; `deletable` ones have plain values and no routing policy.

    Attributes:
        name: as Route 53 lists it, with the final dot.
    """

    name: str
    type: str
    ttl: int | None = None
    values: tuple[str, ...] = ()
    plain: bool = True


@dataclass(frozen=True)
class DnsPlan:
    """Records to delete, and stale ones left for a later run, with the reason."""

    delete: tuple[Record, ...] = ()
    kept: dict[str, str] = field(default_factory=dict)


def address_in(name: str, prefix: str, zone: str) -> str | None:
    """Return the address that a member's record name stands for; None for any other name.

    Only `<prefix><a-b-c-d>.<zone>` with four octets without leading zeros is a member's name.
    """
    label, _dot, parent = name.rstrip(".").lower().partition(".")
    if parent != zone.rstrip(".").lower() or not label.startswith(prefix):
        return None
    octets = label.removeprefix(prefix)
    if not re.fullmatch(r"\d+-\d+-\d+-\d+", octets):
        return None
    try:
        return str(IPv4Address(octets.replace("-", ".")))
    except AddressValueError:
        return None


def member_record(record: Record, prefix: str, zone: str) -> str | None:
    """Return the address of a member's own record: an A record whose one value is the address in its name."""
    address = address_in(record.name, prefix, zone)
    owned = record.plain and record.type == "A" and record.values == (address,)
    return address if owned else None


def plan_dns(
    records: Iterable[Record],
    instances: Sequence[Member],
    *,
    prefix: str,
    zone: str,
    min_age: float,
    now: datetime,
) -> DnsPlan:
    """Decide which records to delete: members' own, whose address no instance has.

    Records have no age, so the guard is on the other side. A member that started less than `min_age` seconds ago, and
    whose address EC2 does not show yet, may own any of them: then all are left for a later run.

    Args:
        instances: every pending, running or stopping instance of the account and region, of whatever pool: an address
            that any of them has is in use. To be read after the records, so that a record's owner is among them.
    """
    in_use = {instance.address for instance in instances if instance.address}
    stale = []
    for record in records:
        address = member_record(record, prefix, zone)
        if address is not None and address not in in_use:
            stale.append(record)
    newcomers = [instance.instance_id for instance in instances if _may_own_a_record(instance, min_age, now)]
    if newcomers:
        reason = f"{newcomers[0]} has only just started and has no address yet"
        return DnsPlan(kept={record.name: reason for record in stale})
    return DnsPlan(delete=tuple(stale))


def change_batches(records: Sequence[Record]) -> Iterator[list[Record]]:
    """Yield the records in batches that Route 53 accepts in one change."""
    batch: list[Record] = []
    characters = 0
    for record in records:
        size = sum(len(value) for value in record.values)
        if batch and (len(batch) == CHANGES_PER_BATCH or characters + size > CHARACTERS_PER_BATCH):
            yield batch
            batch, characters = [], 0
        batch.append(record)
        characters += size
    if batch:
        yield batch


def _may_own_a_record(instance: Member, min_age: float, now: datetime) -> bool:
    young = instance.launched is not None and now - instance.launched < timedelta(seconds=min_age)
    return young and POOL_TAG in instance.tags and not instance.address and instance.state in {"pending", "running"}
