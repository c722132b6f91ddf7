"""The layer that answers Route 53's calls about records and changes; zones are moto's."""

from __future__ import annotations

import re
import string
from bisect import bisect_left
from collections.abc import Callable
from datetime import UTC, datetime
from threading import RLock
from urllib.parse import parse_qsl, unquote
from xml.sax.saxutils import escape

from moto.moto_api._internal import mock_random
from moto.route53.models import FakeZone, RecordSet, route53_backends

from pixel.sandbox.calls import Answer, Call, Handler
from pixel.sandbox.errors import AwsError
from pixel.sandbox.moto_app import ACCOUNT
from pixel.sandbox.route53.changes import Key, applied, normal, read, values_of
from pixel.sandbox.settings import Settings

PAGE = 300
_NAMESPACE = "https://route53.amazonaws.com/doc/2013-04-01/"
_ID_CHARACTERS = string.ascii_uppercase + string.digits

SortKey = tuple[list[str], str, str]


class Route53:
    """Records that are checked, listed quickly, and in DNS after a while.

    Args:
        inner: what answers the other calls.
        lock: held while a call is answered.
        now: the time, in seconds since the epoch.
    """

    def __init__(self, inner: Handler, settings: Settings, lock: RLock, now: Callable[[], float]) -> None:
        self._inner = inner
        self._settings = settings
        self._lock = lock
        self._now = now
        self._submitted: dict[str, tuple[float, float]] = {}
        self._visible_at: dict[tuple[str, Key], float] = {}
        self._actions: dict[str, Callable[[Call], Answer]] = {
            "ChangeResourceRecordSets": self._change,
            "GetChange": self._get_change,
            "ListResourceRecordSets": self._list,
        }

    def __call__(self, call: Call) -> Answer:
        action = self._actions.get(call.action) if call.service == "route53" else None
        if action is None:
            return self._inner(call)
        with self._lock:
            return action(call)

    def reset(self) -> None:
        """Forget all changes; moto's part is reset apart. Hold the lock."""
        self._submitted.clear()
        self._visible_at.clear()

    def published(self) -> list[tuple[str, list[RecordSet]]]:
        """Return every zone's name (with a final dot) and those of its records that have propagated."""
        with self._lock:
            now = self._now()
            zones: list[FakeZone] = list(route53_backends[ACCOUNT]["aws"].zones.values())
            return [
                (normal(zone.name), [record for record in zone.rrsets if self._visible(zone, record, now)])
                for zone in zones
            ]

    def _visible(self, zone: FakeZone, record: RecordSet, now: float) -> bool:
        return self._visible_at.get((zone.resource_id, _key(record)), 0.0) <= now

    def _change(self, call: Call) -> Answer:
        zone = _zone(call)
        before = {_key(record): record for record in zone.rrsets}
        changes = read(call.body)
        after = applied(changes, before, normal(zone.name))
        zone.rrsets = sorted(after.values(), key=_sort_key)
        now = self._now()
        due = now + self._settings.faults.delays.dns
        for change in changes:
            self._visible_at.pop((zone.resource_id, change.key), None)
            if change.action != "DELETE":
                self._visible_at[zone.resource_id, change.key] = due
        change_id = "C" + "".join(mock_random.choices(_ID_CHARACTERS, k=20))
        self._submitted[change_id] = (now, due)
        return self._change_info(call.action, change_id)

    def _get_change(self, call: Call) -> Answer:
        change_id = call.environ["PATH_INFO"].rstrip("/").rpartition("/")[2]
        if change_id not in self._submitted:
            raise AwsError("NoSuchChange", f"Could not find resource with ID: {change_id}", 404)
        return self._change_info(call.action, change_id)

    def _change_info(self, action: str, change_id: str) -> Answer:
        submitted, due = self._submitted[change_id]
        status = "INSYNC" if due <= self._now() else "PENDING"
        when = datetime.fromtimestamp(submitted, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        return _xml(
            action,
            f"<ChangeInfo><Id>/change/{change_id}</Id><Status>{status}</Status>"
            f"<SubmittedAt>{when}</SubmittedAt></ChangeInfo>",
        )

    def _list(self, call: Call) -> Answer:
        zone = _zone(call)
        query = dict(parse_qsl(call.environ.get("QUERY_STRING", "")))
        if "type" in query and "name" not in query:
            raise AwsError("InvalidInput", "The input is not valid: StartRecordType needs StartRecordName")
        size = min(int(query.get("maxitems", PAGE)), PAGE)
        records = sorted(zone.rrsets, key=_sort_key)
        first = 0
        if "name" in query:
            start = (_reversed(normal(query["name"])), query.get("type", ""), query.get("identifier", ""))
            first = bisect_left(records, start, key=_sort_key)
        page, following = records[first : first + size], records[first + size : first + size + 1]
        more = "".join(
            f"<NextRecordName>{escape(record.name)}</NextRecordName><NextRecordType>{record.type}</NextRecordType>"
            + (
                f"<NextRecordIdentifier>{escape(record.set_identifier)}</NextRecordIdentifier>"
                if record.set_identifier
                else ""
            )
            for record in following
        )
        return _xml(
            call.action,
            f"<ResourceRecordSets>{''.join(map(_record, page))}</ResourceRecordSets>"
            f"<IsTruncated>{'true' if following else 'false'}</IsTruncated>{more}<MaxItems>{size}</MaxItems>",
        )


def _zone(call: Call) -> FakeZone:
    found = re.search(r"/hostedzone/([^/]+)", call.environ["PATH_INFO"])
    zone_id = unquote(found[1]) if found else ""
    zone: FakeZone | None = route53_backends[ACCOUNT]["aws"].zones.get(zone_id)
    if zone is None:
        raise AwsError("NoSuchHostedZone", f"No hosted zone found with ID: {zone_id}", 404)
    return zone


def _key(record: RecordSet) -> Key:
    return (normal(record.name), record.type or "", record.set_identifier)


def _reversed(name: str) -> list[str]:
    """Return a name's labels from the right: Route 53's order."""
    return name.rstrip(".").split(".")[::-1]


def _sort_key(record: RecordSet) -> SortKey:
    return (_reversed(record.name), record.type or "", record.set_identifier or "")


def _record(record: RecordSet) -> str:
    values = "".join(f"<ResourceRecord><Value>{escape(value)}</Value></ResourceRecord>" for value in values_of(record))
    optional = {
        "SetIdentifier": record.set_identifier,
        "Weight": record.weight,
        "Region": record.region,
        "Failover": record.failover,
        "TTL": record.ttl,
    }
    given = "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in optional.items() if value is not None)
    alias = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in (record.alias_target or {}).items())
    return (
        f"<ResourceRecordSet><Name>{escape(normal(record.name))}</Name><Type>{record.type}</Type>{given}"
        f"{f'<ResourceRecords>{values}</ResourceRecords>' if values else ''}"
        f"{f'<AliasTarget>{alias}</AliasTarget>' if alias else ''}</ResourceRecordSet>"
    )


def _xml(action: str, content: str) -> Answer:
    text = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<{action}Response xmlns="{_NAMESPACE}">{content}</{action}Response>'
    )
    return Answer(200, text.encode(), [("Content-Type", "text/xml")])
