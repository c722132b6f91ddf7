"""The member's own DNS record, and nothing but it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pixel.naming import record_address, record_name

if TYPE_CHECKING:
    from types_boto3_route53 import Route53Client
    from types_boto3_route53.type_defs import ResourceRecordSetOutputTypeDef


def delete_own_record(route53: Route53Client, zone_id: str, zone: str, address: str) -> bool:
    """Delete the A record of the member at an address, if it is there and points to that address.

    Route 53 deletes a record only when name, type, TTL and value are all as given (ChangeResourceRecordSets), so one
    that changes in between stays. It may be called again after any failure.

    Returns:
        Whether there was such a record.
    """
    record = _own_record(route53, zone_id, zone, address)
    if record is None:
        return False
    route53.change_resource_record_sets(
        HostedZoneId=zone_id,
        ChangeBatch={
            "Comment": "the member stops",
            "Changes": [{"Action": "DELETE", "ResourceRecordSet": record}],
        },
    )
    return True


def _own_record(route53: Route53Client, zone_id: str, zone: str, address: str) -> ResourceRecordSetOutputTypeDef | None:
    name = record_name(address, zone)
    answer = route53.list_resource_record_sets(
        HostedZoneId=zone_id, StartRecordName=name, StartRecordType="A", MaxItems="1"
    )
    for record in answer["ResourceRecordSets"]:
        values = [value["Value"] for value in record.get("ResourceRecords", [])]
        ours = record["Type"] == "A" and record_address(record["Name"], zone) == address
        if ours and values == [address]:
            return record
    return None
