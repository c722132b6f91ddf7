"""A DNS server on loopback, UDP and TCP, that answers from Route 53's records once they have propagated."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

from dnslib import AAAA, CAA, CNAME, MX, NS, QTYPE, RCODE, RR, SOA, TXT, A, DNSRecord  # type: ignore[import-untyped] # it has no types
from dnslib.server import BaseResolver, DNSHandler, DNSLogger, TCPServer, UDPServer  # type: ignore[import-untyped] # it has no types
from moto.route53.models import RecordSet

from pixel.sandbox.route53.changes import normal, values_of
from pixel.sandbox.server import LOOPBACK

Published = Callable[[], list[tuple[str, list[RecordSet]]]]
"""Gives each zone's name and published records."""
_ATTEMPTS = 20
_WILDCARD = "\\052"
_NEGATIVE_TTL = 60


class Resolver(BaseResolver):  # type: ignore[misc] # dnslib has no types
    """Answers questions about the zones, and refuses those about other names."""

    def __init__(self, published: Published) -> None:
        self._published = published

    def resolve(self, request: DNSRecord, handler: DNSHandler) -> DNSRecord:
        """Return the answer to a question; `handler` is dnslib's and not used."""
        del handler
        reply = request.reply(aa=1)
        name, kind = normal(str(request.q.qname)), QTYPE[request.q.qtype]
        records = self._zone_of(name)
        if records is None:
            reply.header.rcode = RCODE.REFUSED
            return reply
        seen: set[str] = set()
        while name not in seen:
            seen.add(name)
            here = _matching(name, records)
            if not here:
                reply.header.rcode = RCODE.NXDOMAIN
                break
            owner = str(request.q.qname) if len(seen) == 1 else name
            for answer in _answers(owner, kind, here):
                reply.add_answer(answer)
            aliases = [record for record in here if record.type == "CNAME"]
            if kind in ("CNAME", "ANY") or not aliases:
                break
            for answer in _answers(owner, "CNAME", aliases):
                reply.add_answer(answer)
            name = normal(values_of(aliases[0])[0])
        if not reply.rr:
            for answer in _answers("", "SOA", [record for record in records if record.type == "SOA"]):
                reply.add_auth(answer)
        return reply

    def _zone_of(self, name: str) -> list[RecordSet] | None:
        zones = [(zone, records) for zone, records in self._published() if name == zone or name.endswith(f".{zone}")]
        return max(zones, key=lambda pair: len(pair[0]))[1] if zones else None


def _matching(name: str, records: list[RecordSet]) -> list[RecordSet]:
    """Return a name's records, or those of the wildcard that stands for it."""
    names = {normal(record.name) for record in records}
    if name in names:
        return [record for record in records if normal(record.name) == name]
    parent = name.partition(".")[2]
    while parent:
        if f"{_WILDCARD}.{parent}" in names:
            return [record for record in records if normal(record.name) == f"{_WILDCARD}.{parent}"]
        if parent in names:
            return []
        parent = parent.partition(".")[2]
    return []


def _answers(owner: str, kind: str, records: list[RecordSet]) -> Iterator[RR]:
    for record in records:
        if record.type in _DATA and kind in (record.type, "ANY"):
            for value in values_of(record):
                ttl = int(record.ttl or _NEGATIVE_TTL)
                data = _DATA[record.type](value)
                yield RR(owner or record.name, getattr(QTYPE, record.type), ttl=ttl, rdata=data)


def _texts(value: str) -> TXT:
    """Return TXT data of a value as Route 53 keeps it: quoted strings, one or more."""
    return TXT([part.encode() for part in value.strip('"').replace('" "', "\0").split("\0")])


def _soa(value: str) -> SOA:
    server, mail, *times = value.split()
    return SOA(server, mail, tuple(int(time) for time in times))


def _mx(value: str) -> MX:
    preference, _, server = value.partition(" ")
    return MX(server, int(preference))


def _caa(value: str) -> CAA:
    flags, tag, issuer = value.split(maxsplit=2)
    return CAA(int(flags), tag, issuer.strip('"'))


_DATA: dict[str, Callable[[str], Any]] = {
    "A": A,
    "AAAA": AAAA,
    "CAA": _caa,
    "CNAME": CNAME,
    "MX": _mx,
    "NS": NS,
    "SOA": _soa,
    "TXT": _texts,
}


class DnsServer:
    """Serves DNS on one free loopback port, UDP and TCP."""

    def __init__(self, published: Published) -> None:
        self._udp, self._tcp = _bound()
        for server in (self._udp, self._tcp):
            server.resolver = Resolver(published)
            server.logger = DNSLogger(logf=lambda _: None)
        self._threads = [
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
            for server in (self._udp, self._tcp)
        ]

    @property
    def address(self) -> str:
        """Where it answers, as `127.0.0.1:PORT`."""
        return f"{LOOPBACK}:{self._udp.server_address[1]}"

    def start(self) -> None:
        """Answer from now on."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Stop answering and free the port."""
        for server, thread in zip((self._udp, self._tcp), self._threads, strict=True):
            if thread.is_alive():
                server.shutdown()
                thread.join()
            server.server_close()


def _bound() -> tuple[Any, Any]:
    """Return a UDP and a TCP server on the same free port.

    Raises:
        OSError: no such port was found.
    """
    for _ in range(_ATTEMPTS):
        udp = UDPServer((LOOPBACK, 0), DNSHandler)
        try:
            return udp, TCPServer(udp.server_address, DNSHandler)
        except OSError:
            udp.server_close()
    raise OSError("no port on 127.0.0.1 is free for both UDP and TCP")
