"""Certificates that no CA vouches for: of pebble's own HTTPS, and old ones to be replaced."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

ZONE_NAMES = ("*.pixel.test", "pixel.test")


class SelfSigned(NamedTuple):
    """A certificate and its key, as PEM."""

    certificate: str
    key: str


def self_signed(names: Sequence[str] = ZONE_NAMES, days: float = 90) -> SelfSigned:
    """Make a certificate for DNS names or addresses that ends after so many days."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([_general(one) for one in names]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return SelfSigned(
        certificate.public_bytes(Encoding.PEM).decode(),
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
    )


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def names_of(fullchain: str) -> set[str]:
    """Return the DNS names that a chain's first certificate is for."""
    leaf = x509.load_pem_x509_certificates(fullchain.encode())[0]
    return set(
        leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.DNSName)
    )


def serial_of(fullchain: str) -> int:
    """Return the serial number of a chain's first certificate."""
    return x509.load_pem_x509_certificates(fullchain.encode())[0].serial_number
