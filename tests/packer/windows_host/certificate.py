"""A certificate for a day, as a host makes one for itself, or as the wildcard that an image starts with."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def make_certificate(name: str, days: float = 1) -> tuple[str, str]:
    """Return a self-signed certificate for a name and its key, both as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return certificate.public_bytes(pem).decode(), key.private_bytes(pem, *plain).decode()


def write_certificate(folder: Path, name: str = "localhost", days: float = 1) -> tuple[Path, Path]:
    """Write both to `<name>.pem` and `<name>.key` in the folder; return the paths."""
    certificate, key = make_certificate(name, days)
    paths = folder / f"{name}.pem", folder / f"{name}.key"
    for path, text in zip(paths, (certificate, key), strict=True):
        path.write_text(text)
    return paths
