"""Route 53 as the wake function meets it, with a clock that a test moves: as strict as the real one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError, EndpointConnectionError

PROPAGATION = 3.0


class InvalidChangeBatch(ClientError):  # noqa: N818 - AWS's name
    """A batch of which nothing was carried out."""


class _Exceptions:
    InvalidChangeBatch = InvalidChangeBatch


@dataclass
class FakeRoute53:
    """A zone whose changes take time to reach its name servers."""

    clock: Callable[[], float]
    zone: str = "pixel.test"
    records: dict[str, str] = field(default_factory=dict)
    changes: dict[str, float] = field(default_factory=dict)
    throttled: set[str] = field(default_factory=set)
    reachable: bool = True
    exceptions: type[_Exceptions] = _Exceptions

    def change_resource_record_sets(self, HostedZoneId: str, ChangeBatch: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N803
        self._admit("ChangeResourceRecordSets")
        assert HostedZoneId == "Z1"
        changes: Sequence[Mapping[str, Any]] = ChangeBatch["Changes"]
        assert changes, "Route 53 refuses an empty batch"
        assert sum(2 if change["Action"] == "UPSERT" else 1 for change in changes) <= 1000
        names = [change["ResourceRecordSet"]["Name"] for change in changes]
        if len(set(names)) < len(names):
            raise _invalid("a name is twice in the batch")
        after = dict(self.records)
        for change in changes:
            record = change["ResourceRecordSet"]
            name, value = record["Name"], record["ResourceRecords"][0]["Value"]
            assert name.endswith(f".{self.zone}")
            assert (record["Type"], record["TTL"]) == ("A", 60)
            if change["Action"] == "UPSERT":
                after[name] = value
            elif after.pop(name, None) != value:
                raise _invalid(f"Tried to delete resource record set {name} but it was not found")
        self.records = after
        change_id = f"/change/C{len(self.changes)}"
        self.changes[change_id] = self.clock() + PROPAGATION
        return {"ChangeInfo": {"Id": change_id, "Status": "PENDING"}}

    def get_change(self, Id: str) -> dict[str, Any]:  # noqa: N803 - boto3's name
        self._admit("GetChange")
        return {"ChangeInfo": {"Id": Id, "Status": "INSYNC" if self.in_sync(Id) else "PENDING"}}

    def in_sync(self, change_id: str) -> bool:
        """Tell whether a change has reached all name servers."""
        return self.changes[change_id] <= self.clock()

    def get_paginator(self, name: str) -> _Pages:
        assert name == "list_resource_record_sets"
        return _Pages(self._list)

    def _list(self, HostedZoneId: str) -> dict[str, Any]:  # noqa: N803 - boto3's name
        self._admit("ListResourceRecordSets")
        assert HostedZoneId == "Z1"
        soa = {
            "Name": f"{self.zone}.",
            "Type": "SOA",
            "TTL": 60,
            "ResourceRecords": [{"Value": "ns. host. 1 1 1 1 60"}],
        }
        members = [
            {"Name": f"{name}.", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": value}]}
            for name, value in sorted(self.records.items())
        ]
        return {"ResourceRecordSets": [soa, *members]}

    def _admit(self, action: str) -> None:
        if not self.reachable:
            raise EndpointConnectionError(endpoint_url="https://route53.amazonaws.com/")
        if action in self.throttled:
            raise ClientError({"Error": {"Code": "Throttling", "Message": "Rate exceeded"}}, action)


@dataclass
class _Pages:
    fetch: Callable[..., dict[str, Any]]

    def paginate(self, **arguments: Any) -> Iterator[dict[str, Any]]:
        yield self.fetch(**arguments)


def _invalid(message: str) -> InvalidChangeBatch:
    return InvalidChangeBatch({"Error": {"Code": "InvalidChangeBatch", "Message": message}}, "ChangeResourceRecordSets")
