"""Names of members in DNS: `drone-<a-b-c-d>.<zone>` for the address `a.b.c.d`, and back."""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv4Address

PREFIX = "drone-"
RECORD_TTL = 60
"""Seconds that a resolver may keep a member's record: a member has a new address after every start."""

_LABEL = re.compile(rf"{PREFIX}(\d{{1,3}})-(\d{{1,3}})-(\d{{1,3}})-(\d{{1,3}})")


def normal_zone(zone: str) -> str:
    """Return a zone's name as Route 53 compares names: lower case, without the final dot.

    Raises:
        ValueError: the name is empty.
    """
    name = zone.strip().rstrip(".").lower()
    if not name:
        raise ValueError("the zone's name is empty")
    return name


def record_name(ip: str, zone: str) -> str:
    """Return the name of the member at an address, for example `drone-198-51-100-7.stream.example.org`.

    Raises:
        ValueError: the address is not a dotted IPv4 address, or the zone's name is empty.
    """
    try:
        address = IPv4Address(ip)
    except AddressValueError as error:
        raise ValueError(f"'{ip}' is no IPv4 address: {error}") from None
    return f"{PREFIX}{str(address).replace('.', '-')}.{normal_zone(zone)}"


def record_address(name: str, zone: str) -> str | None:
    """Return the address that a member's name in the zone stands for; None for a name that is not a member's.

    Only what `record_name` makes is accepted (four octets without leading zeros, directly under the zone), in any
    case and with or without the final dot, so that nobody else's record is ever taken for ours.
    """
    label, _, parent = name.rstrip(".").lower().partition(".")
    match = _LABEL.fullmatch(label)
    if match is None or parent != normal_zone(zone):
        return None
    try:
        return str(IPv4Address(".".join(match.groups())))
    except AddressValueError:
        return None
