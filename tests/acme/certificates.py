"""Certificates that no CA vouches for: of pebble's own HTTPS, and old ones to be replaced."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from cryptography import x509

from self_signed import SelfSigned
from self_signed import self_signed as make

ZONE_NAMES = ("*.pixel.test", "pixel.test")


def self_signed(names: Sequence[str] = ZONE_NAMES, days: float = 90) -> SelfSigned:
    """Make a certificate for DNS names or addresses that ends after so many days."""
    return make(names, ends=timedelta(days=days))


def names_of(fullchain: str) -> set[str]:
    """Return the DNS names that a chain's first certificate is for."""
    leaf = x509.load_pem_x509_certificates(fullchain.encode())[0]
    return set(
        leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.DNSName)
    )


def serial_of(fullchain: str) -> int:
    """Return the serial number of a chain's first certificate."""
    return x509.load_pem_x509_certificates(fullchain.encode())[0].serial_number
