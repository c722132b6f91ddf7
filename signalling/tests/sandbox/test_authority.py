"""The certificate with which members prove their names."""

from __future__ import annotations

import socket
import ssl
import threading
from pathlib import Path

import pytest

from pixel.sandbox import authority


def shaken(tmp_path: Path, trusted: ssl.SSLContext, name: str) -> bool:
    """Shake hands with a server that has the certificate; return whether the client believed the name."""
    made = authority.issue("pixel.test", tmp_path)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(made.chain_file, made.key_file)
    trusted.load_verify_locations(made.ca_file)
    left, right = socket.socketpair()

    def serve() -> None:
        try:
            server.wrap_socket(left, server_side=True).close()
        except (ssl.SSLError, OSError):
            left.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        trusted.wrap_socket(right, server_hostname=name).close()
    except ssl.SSLCertVerificationError:
        return False
    finally:
        right.close()
        thread.join()
    return True


@pytest.mark.parametrize(
    ("name", "believed"),
    [("drone-127-1-2-3.pixel.test", True), ("drone-127-1-2-3.example.org", False), ("a.b.pixel.test", False)],
)
def test_it_proves_the_names_of_its_zone(tmp_path: Path, name: str, believed: bool) -> None:
    trusted = ssl.create_default_context()
    trusted.verify_flags |= ssl.VERIFY_X509_STRICT
    assert shaken(tmp_path, trusted, name) is believed


def test_only_the_owner_may_read_the_key(tmp_path: Path) -> None:
    assert authority.issue("pixel.test", tmp_path).key_file.stat().st_mode & 0o077 == 0
