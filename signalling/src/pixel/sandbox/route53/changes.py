"""A change batch: read, checked as Route 53 checks it, and carried out on the records of a zone. No I/O."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

from moto.route53.models import RecordSet

from pixel.sandbox.errors import AwsError

MOST_RECORDS = 1000
MOST_CHARACTERS = 32000
_ACTIONS = frozenset({"CREATE", "DELETE", "UPSERT"})

Key = tuple[str, str, str | None]
"""What makes a record set one: its name (lower case, with a final dot), its type and its set identifier."""


@dataclass(frozen=True)
class Change:
    """One change of a batch."""

    action: str
    key: Key
    ttl: int | None
    values: tuple[str, ...]
    alias: Mapping[str, str] | None
    routing: Mapping[str, str]

    @property
    def called(self) -> str:
        """The record set in the words of Route 53's errors."""
        name, kind, identifier = self.key
        return f"[name='{name}', type='{kind}'{f', set-identifier={identifier!r}' if identifier else ''}]"

    def record_set(self) -> RecordSet:
        """Return the record set to keep."""
        name, kind, identifier = self.key
        return RecordSet(  # type: ignore[abstract] # as moto makes its own
            {
                "Name": name,
                "Type": kind,
                "SetIdentifier": identifier,
                "TTL": self.ttl,
                "ResourceRecords": list(self.values),
                "AliasTarget": self.alias,
                **self.routing,
            }
        )


def invalid(messages: Sequence[str]) -> AwsError:
    """Return the error of a batch that is not carried out."""
    return AwsError("InvalidChangeBatch", f"[{', '.join(messages)}]")


def normal(name: str) -> str:
    """Return a name as Route 53 keeps it: lower case, a final dot, `*` and other special characters as `\\052`."""
    plain = name.lower().rstrip(".") + "."
    return re.sub(r"[^a-z0-9\-_.\\]", lambda found: f"\\{ord(found[0]):03o}", plain)


def values_of(record: RecordSet) -> list[str]:
    """Return a record set's values; those of a zone's own records, moto keeps wrapped."""
    return [value["Value"] if isinstance(value, dict) else value for value in record.records]


def read(body: bytes) -> list[Change]:
    """Return the changes of a ChangeResourceRecordSets request.

    Raises:
        AwsError: the XML is none, or a change lacks what it needs.
    """
    try:
        root = ElementTree.fromstring(body)  # noqa: S314 - a client on this machine sends it
    except ElementTree.ParseError as error:
        raise AwsError("InvalidInput", f"The request is no XML: {error}") from None
    return [_change(node) for node in root.iterfind("{*}ChangeBatch/{*}Changes/{*}Change")]


def _change(node: ElementTree.Element) -> Change:
    action = node.findtext("{*}Action", "")
    record = node.find("{*}ResourceRecordSet")
    if action not in _ACTIONS or record is None:
        raise AwsError("InvalidInput", f"Invalid change action '{action}': one of CREATE, DELETE, UPSERT is needed")
    name, kind = record.findtext("{*}Name", ""), record.findtext("{*}Type", "")
    ttl = record.findtext("{*}TTL")
    values = tuple(value.text or "" for value in record.iterfind("{*}ResourceRecords/{*}ResourceRecord/{*}Value"))
    alias = record.find("{*}AliasTarget")
    if (alias is None) == (ttl is None or not values):
        found = "none" if alias is None else "more than one"
        message = (
            "Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or "
            f"TrafficPolicyInstanceId], but found {found} in Change with [Action={action}, Name={name}, Type={kind}]"
        )
        raise AwsError("InvalidInput", message)
    routing = {tag: text for tag in ("Weight", "Region", "Failover", "HealthCheckId") if (text := _text(record, tag))}
    return Change(
        action=action,
        key=(normal(name), kind, record.findtext("{*}SetIdentifier")),
        ttl=int(ttl) if ttl is not None else None,
        values=values,
        alias={child.tag.rpartition("}")[2]: child.text or "" for child in alias} if alias is not None else None,
        routing=routing,
    )


def _text(node: ElementTree.Element, tag: str) -> str | None:
    return node.findtext(f"{{*}}{tag}")


def applied(changes: Sequence[Change], records: Mapping[Key, RecordSet], zone: str) -> dict[Key, RecordSet]:
    """Return the zone's records after a batch: all of it, or an error and none of it.

    Args:
        zone: the zone's name, as `pixel.test.`.

    Raises:
        AwsError: `InvalidChangeBatch` with everything that is wrong with it.
    """
    problems = _over_limits(changes)
    after, touched = dict(records), dict[Key, list[str]]()
    for change in changes:
        problem = _problem(change, after, zone, touched.setdefault(change.key, []))
        if problem is not None:
            problems.append(problem)
        elif change.action == "DELETE":
            del after[change.key]
        else:
            after[change.key] = change.record_set()
        touched[change.key].append(change.action)
    if problems:
        raise invalid(problems)
    return after


def _over_limits(changes: Sequence[Change]) -> list[str]:
    """Route 53's limits for one request; each record of an UPSERT counts twice."""
    weighed = [(2 if change.action == "UPSERT" else 1, change.values) for change in changes]
    problems = []
    if sum(weight * len(values) for weight, values in weighed) > MOST_RECORDS:
        problems.append(f"Number of records limit of {MOST_RECORDS} exceeded.")
    if sum(weight * len(value) for weight, values in weighed for value in values) > MOST_CHARACTERS:
        problems.append(f"Number of characters limit of {MOST_CHARACTERS} exceeded.")
    return problems


def _problem(change: Change, records: Mapping[Key, RecordSet], zone: str, before: Sequence[str]) -> str | None:
    name, kind, _ = change.key
    if name != zone and not name.endswith(f".{zone}"):
        return f"RRSet with DNS name {name} is not permitted in zone {zone}"
    if before and (list(before), change.action) != (["DELETE"], "CREATE"):
        return f"The request contains an invalid set of changes for a resource record set '{kind} {name}'"
    current = records.get(change.key)
    if change.action == "CREATE" and current is not None:
        return f"Tried to create resource record set {change.called} but it already exists"
    if change.action == "DELETE":
        if current is None:
            return f"Tried to delete resource record set {change.called} but it was not found"
        if not _same(change, current):
            return (
                f"Tried to delete resource record set {change.called} "
                "but the values provided do not match the current values"
            )
        if name == zone and kind in ("NS", "SOA"):
            return f"A HostedZone must contain at least one {kind} record for the zone itself."
        return None
    return next((problem for value in change.values if (problem := _bad_value(kind, value))), None)


def _same(change: Change, current: RecordSet) -> bool:
    ttl = int(current.ttl) if current.ttl is not None else None
    alias = dict(current.alias_target) if current.alias_target else None
    return ttl == change.ttl and sorted(values_of(current)) == sorted(change.values) and alias == change.alias


def _bad_value(kind: str, value: str) -> str | None:
    if kind in ("A", "AAAA"):
        try:
            (ipaddress.IPv4Address if kind == "A" else ipaddress.IPv6Address)(value)
        except ValueError:
            family = "IPv4" if kind == "A" else "IPv6"
            return (
                f"Invalid Resource Record: 'FATAL problem: {kind}RRDATAIllegal{family}Address "
                f"(Value is not a valid {family} address) encountered with '{value}''"
            )
    if kind == "TXT" and not value.startswith('"'):
        return (
            "Invalid Resource Record: 'FATAL problem: InvalidCharacterString (Value should be enclosed in quotation "
            f"marks) encountered with '{value}''"
        )
    return None
