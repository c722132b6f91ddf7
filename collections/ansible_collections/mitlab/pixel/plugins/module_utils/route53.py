# Copyright: mitlab.pixel maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The only place that asks Route 53, and changes records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .aws import Client
from .dns_plan import Record
from .errors import AWS_ERRORS, PixelError, code_of
from .waiting import Deadline


def find_zone(route53: Client, name: str | None, zone_id: str | None) -> tuple[str, str]:
    """Return the id and the name of a hosted zone.

    Raises:
        PixelError: there is no such zone, or several of this name.
    """
    zones = {zone["Id"].rsplit("/", 1)[-1]: zone["Name"].rstrip(".").lower() for zone in _hosted_zones(route53)}
    there = ", ".join(sorted(set(zones.values()))) or "none"
    if zone_id:
        if zone_id not in zones:
            known = ", ".join(f"{one} ({its_name})" for one, its_name in sorted(zones.items())) or "none"
            raise PixelError(f"zone_id is {zone_id}, and this account has no such zone: set it to one of {known}")
        return zone_id, zones[zone_id]
    wanted = (name or "").rstrip(".").lower()
    found = [one for one, its_name in zones.items() if its_name == wanted]
    if not found:
        raise PixelError(f"zone is {name}, and this account has no such zone: set it to one of {there}")
    if len(found) > 1:
        raise PixelError(
            f"zone is {name}, and {len(found)} zones have this name: set zone_id to one of {', '.join(found)}"
        )
    return found[0], wanted


def records_from(route53: Client, zone_id: str, zone: str, prefix: str) -> Iterator[Record]:
    """Yield the zone's records whose first label begins with the prefix.

    Route 53 lists by name, labels reversed: so they are together, and neither what precedes nor what follows is read.
    """
    start: dict[str, str] = {"StartRecordName": f"{prefix}.{zone}."}
    while True:
        answer = route53.list_resource_record_sets(HostedZoneId=zone_id, **start, aws_retry=True)
        for item in answer["ResourceRecordSets"]:
            if not _below(item["Name"], zone).startswith(prefix):
                return
            yield _record_from(item)
        if not answer["IsTruncated"]:
            return
        start = {
            f"Start{key.removeprefix('Next')}": answer[key]
            for key in ("NextRecordName", "NextRecordType", "NextRecordIdentifier")
            if key in answer
        }


def delete_records(route53: Client, zone_id: str, records: Sequence[Record]) -> str | None:
    """Delete records in one change; return the change's id, or None when one of them is not as given any more.

    Route 53 deletes only what matches in name, type, TTL and value, and changes all or nothing. Replayable: a repeated
    deletion is refused and changes nothing.
    """
    changes = [{"Action": "DELETE", "ResourceRecordSet": _record_set(record)} for record in records]
    batch = {"Comment": "mitlab.pixel.dns_prune", "Changes": changes}
    try:
        answer = route53.change_resource_record_sets(HostedZoneId=zone_id, ChangeBatch=batch, aws_retry=True)
    except AWS_ERRORS as error:
        if code_of(error) == "InvalidChangeBatch":
            return None
        raise
    return str(answer["ChangeInfo"]["Id"])


def wait_in_sync(route53: Client, changes: Sequence[str], timeout: float) -> None:
    """Wait until all name servers know the changes.

    Raises:
        PixelError: they do not after the timeout (seconds).
    """
    deadline = Deadline(timeout)
    for change in changes:
        if not any(_in_sync(route53, change) for _poll in deadline.polls()):
            raise PixelError(
                f"the records are deleted, but not at all name servers after wait_timeout ({timeout:g} s): "
                f"raise wait_timeout, or set wait to false"
            )


def _in_sync(route53: Client, change: str) -> bool:
    return bool(route53.get_change(Id=change, aws_retry=True)["ChangeInfo"]["Status"] == "INSYNC")


def _hosted_zones(route53: Client) -> Iterator[Mapping[str, Any]]:
    request: dict[str, str] = {}
    while True:
        answer = route53.list_hosted_zones(**request, aws_retry=True)
        yield from answer["HostedZones"]
        if not answer["IsTruncated"]:
            return
        request["Marker"] = answer["NextMarker"]


def _below(name: str, zone: str) -> str:
    """Return the label directly below the zone, where a name of a member has its address."""
    return name.rstrip(".").lower().removesuffix(f".{zone}").rsplit(".", 1)[-1]


def _record_from(item: Mapping[str, Any]) -> Record:
    values = item.get("ResourceRecords", ())
    return Record(
        name=item["Name"],
        type=item["Type"],
        ttl=item.get("TTL"),
        values=tuple(value["Value"] for value in values),
        plain=bool(values) and "SetIdentifier" not in item and "AliasTarget" not in item,
    )


def _record_set(record: Record) -> dict[str, Any]:
    return {
        "Name": record.name,
        "Type": record.type,
        "TTL": record.ttl,
        "ResourceRecords": [{"Value": value} for value in record.values],
    }
