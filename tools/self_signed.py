"""Certificates that no authority vouches for, for tests of every part."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


class SelfSigned(NamedTuple):
    """A certificate and its key, as PEM."""

    certificate: str
    key: str

    def written(self, folder: Path) -> tuple[Path, Path]:
        """Write both to `certificate.pem` and `key.pem` in a folder, which is made if need be; return the paths."""
        folder.mkdir(parents=True, exist_ok=True)
        paths = folder / "certificate.pem", folder / "key.pem"
        for path, text in zip(paths, self, strict=True):
            path.write_text(text)
        return paths


def self_signed(
    names: Sequence[str],
    *,
    begins: timedelta = timedelta(days=-1),
    ends: timedelta = timedelta(days=1),
) -> SelfSigned:
    """Make a certificate for DNS names or addresses; it is good from `begins` to `ends`, both counted from now."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + begins)
        .not_valid_after(now + ends)
        .add_extension(x509.SubjectAlternativeName([_general(one) for one in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return SelfSigned(
        certificate.public_bytes(Encoding.PEM).decode(),
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
    )


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)
