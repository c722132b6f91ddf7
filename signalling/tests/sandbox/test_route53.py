"""Route 53's records and changes, and the DNS server that answers from them."""

from __future__ import annotations

from typing import Any

import pytest
from dnslib import RCODE, DNSRecord

from pixel.sandbox.testing import RunningSandbox, eventually, refusal

Action = tuple[str, str, str]


def change(sandbox: RunningSandbox, *changes: dict[str, Any], zone: str | None = None) -> Any:
    batch: Any = {"Changes": list(changes)}
    answer = sandbox.route53.change_resource_record_sets(HostedZoneId=zone or sandbox.state.zone_id, ChangeBatch=batch)
    return answer["ChangeInfo"]


def one(action: str, name: str, value: str = "127.1.2.3", kind: str = "A", ttl: int = 60) -> dict[str, Any]:
    record = {"Name": name, "Type": kind, "TTL": ttl, "ResourceRecords": [{"Value": value}]}
    return {"Action": action, "ResourceRecordSet": record}


def names(sandbox: RunningSandbox, **request: Any) -> list[str]:
    pages = sandbox.route53.get_paginator("list_resource_record_sets").paginate(
        HostedZoneId=sandbox.state.zone_id, **request
    )
    return [record["Name"] for page in pages for record in page["ResourceRecordSets"] if record["Type"] == "A"]


def ask(sandbox: RunningSandbox, name: str, kind: str = "A", tcp: bool = False) -> DNSRecord:
    host, _, port = sandbox.state.dns.partition(":")
    return DNSRecord.parse(DNSRecord.question(name, kind).send(host, int(port), tcp=tcp, timeout=5))


def answers(sandbox: RunningSandbox, name: str, kind: str = "A", tcp: bool = False) -> list[str]:
    return [str(record.rdata) for record in ask(sandbox, name, kind, tcp).rr]


def test_a_change_is_pending_and_then_in_sync(sandbox: RunningSandbox) -> None:
    sandbox.set_delays(dns=0.3)
    info = change(sandbox, one("CREATE", "a.pixel.test"))
    assert eventually(lambda: sandbox.route53.get_change(Id=info["Id"])["ChangeInfo"]["Status"] != "PENDING", within=5)
    assert info["Status"] == "PENDING"


def test_an_unknown_change_is_an_error(sandbox: RunningSandbox) -> None:
    assert refusal(sandbox.route53.get_change, Id="C0123456789") == "NoSuchChange"


def test_an_unknown_zone_is_an_error(sandbox: RunningSandbox) -> None:
    assert refusal(change, sandbox, one("CREATE", "a.pixel.test"), zone="Z0123456789") == "NoSuchHostedZone"


@pytest.mark.parametrize(
    "changes",
    [
        [one("CREATE", "old.pixel.test")],
        [one("CREATE", "new.pixel.test"), one("CREATE", "new.pixel.test")],
        [one("UPSERT", "old.pixel.test"), one("UPSERT", "old.pixel.test")],
        [one("DELETE", "old.pixel.test"), one("DELETE", "old.pixel.test")],
        [one("DELETE", "new.pixel.test")],
        [one("DELETE", "old.pixel.test", "127.9.9.9")],
        [one("DELETE", "old.pixel.test", ttl=300)],
        [one("CREATE", "a.other.test")],
        [one("CREATE", "new.pixel.test", "nothing")],
        [one("CREATE", f"n{number}.pixel.test") for number in range(1001)],
        [one("UPSERT", f"n{number}.pixel.test") for number in range(501)],
        [one("CREATE", "new.pixel.test"), one("DELETE", "lost.pixel.test")],
    ],
    ids=[
        "create what is there",
        "create twice",
        "upsert twice",
        "delete twice",
        "delete what is not there",
        "delete with another value",
        "delete with another TTL",
        "a name of another zone",
        "no address",
        "too many records",
        "too many upserts",
        "one of two wrong",
    ],
)
def test_a_wrong_batch_changes_nothing(sandbox: RunningSandbox, changes: list[dict[str, Any]]) -> None:
    change(sandbox, one("CREATE", "old.pixel.test"))
    assert refusal(change, sandbox, *changes) == "InvalidChangeBatch"
    assert names(sandbox) == ["old.pixel.test."]


def test_a_record_may_be_deleted_and_created_in_one_batch(sandbox: RunningSandbox) -> None:
    change(sandbox, one("CREATE", "a.pixel.test"))
    change(sandbox, one("DELETE", "a.pixel.test"), one("CREATE", "a.pixel.test", "127.9.9.9"))
    assert answers(sandbox, "a.pixel.test") == ["127.9.9.9"]


def test_the_name_servers_of_the_zone_stay(sandbox: RunningSandbox) -> None:
    listed = sandbox.route53.list_resource_record_sets(HostedZoneId=sandbox.state.zone_id)["ResourceRecordSets"]
    codes = [refusal(change, sandbox, {"Action": "DELETE", "ResourceRecordSet": record}) for record in listed]
    assert codes == ["InvalidChangeBatch"] * 2


def test_a_listing_is_in_the_order_of_reversed_labels(sandbox: RunningSandbox) -> None:
    change(sandbox, *(one("CREATE", f"{name}.pixel.test") for name in ("b", "a.c", "a", "*")))
    assert names(sandbox) == ["\\052.pixel.test.", "a.pixel.test.", "b.pixel.test.", "a.c.pixel.test."]


def test_a_listing_may_start_anywhere(sandbox: RunningSandbox) -> None:
    change(sandbox, *(one("CREATE", f"{name}.pixel.test") for name in "abc"))
    assert names(sandbox, StartRecordName="b.pixel.test") == ["b.pixel.test.", "c.pixel.test."]


def test_records_are_listed_in_pages_of_three_hundred(sandbox: RunningSandbox) -> None:
    change(sandbox, *(one("CREATE", f"drone-{number}.pixel.test") for number in range(1_000)))
    sandbox.reset_calls()
    assert len(names(sandbox)) == 1_000
    assert sandbox.calls() == {"route53.ListResourceRecordSets": 4}


def test_dns_answers_over_udp_and_tcp(sandbox: RunningSandbox) -> None:
    change(sandbox, one("CREATE", "drone-127-1-2-3.pixel.test"))
    assert [answers(sandbox, "Drone-127-1-2-3.pixel.test", tcp=tcp) for tcp in (False, True)] == [["127.1.2.3"]] * 2


def test_dns_answers_a_wildcard_unless_there_is_the_name(sandbox: RunningSandbox) -> None:
    change(sandbox, one("CREATE", "*.pixel.test", "127.9.9.9"), one("CREATE", "a.pixel.test"))
    assert [answers(sandbox, f"{name}.pixel.test") for name in ("a", "b")] == [["127.1.2.3"], ["127.9.9.9"]]


def test_dns_follows_an_alias(sandbox: RunningSandbox) -> None:
    change(sandbox, one("CREATE", "a.pixel.test"), one("CREATE", "b.pixel.test", "a.pixel.test", "CNAME"))
    assert answers(sandbox, "b.pixel.test") == ["a.pixel.test.", "127.1.2.3"]


def test_dns_answers_texts(sandbox: RunningSandbox) -> None:
    change(sandbox, one("CREATE", "_acme-challenge.pixel.test", '"token"', "TXT"))
    assert answers(sandbox, "_acme-challenge.pixel.test", "TXT") == ['"token"']


def test_dns_knows_no_name_before_it_has_propagated(sandbox: RunningSandbox) -> None:
    sandbox.set_delays(dns=60)
    change(sandbox, one("CREATE", "a.pixel.test"))
    assert ask(sandbox, "a.pixel.test").header.rcode == RCODE.NXDOMAIN


@pytest.mark.parametrize(
    ("name", "kind", "code"),
    [("lost.pixel.test", "A", RCODE.NXDOMAIN), ("a.pixel.test", "TXT", RCODE.NOERROR), ("mit.edu", "A", RCODE.REFUSED)],
)
def test_dns_says_why_it_has_no_answer(sandbox: RunningSandbox, name: str, kind: str, code: int) -> None:
    change(sandbox, one("CREATE", "a.pixel.test"))
    reply = ask(sandbox, name, kind)
    assert (reply.header.rcode, reply.rr) == (code, [])
