"""pebble, Let's Encrypt's own ACME server for tests, as a process on loopback."""

from __future__ import annotations

import json
import os
import socket
import ssl
import subprocess
import time
import urllib.request
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

from .certificates import self_signed

PATIENCE = 30.0


class Pebble:
    """An ACME server that looks for the answers to its challenges at a DNS server; it runs during `with`.

    Attributes:
        directory: URL of its ACME directory.
        ca_file: whom to trust when talking to it.
    """

    def __init__(self, folder: Path, dns: str, refuses: Sequence[str] = ()) -> None:
        """Make it ready to run: `dns` is the DNS server's `host:port`, `refuses` the domains it never vouches for."""
        folder.mkdir(parents=True, exist_ok=True)
        port = _free_port()
        self.directory = f"https://localhost:{port}/dir"
        self.ca_file = folder / "https.pem"
        self._log = folder / "pebble.log"
        self._config = folder / "pebble.json"
        self._dns = dns
        own = self_signed(["localhost"])
        self.ca_file.write_text(own.certificate)
        key_file = folder / "https.key"
        key_file.write_text(own.key)
        settings = {
            "listenAddress": f"127.0.0.1:{port}",
            "certificate": str(self.ca_file),
            "privateKey": str(key_file),
            "httpPort": 5002,
            "tlsPort": 5001,
            "domainBlocklist": list(refuses),
        }
        self._config.write_text(json.dumps({"pebble": settings}))

    def __enter__(self) -> Self:
        # No pause before it validates, no nonces refused for practice, no proofs kept from one order to the next.
        quick = {"PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "0", "PEBBLE_AUTHZREUSE": "0"}
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                ["pebble", "-strict", "-config", self._config, "-dnsserver", self._dns],
                stdout=log,
                stderr=log,
                env={**os.environ, **quick},
            )
        try:
            self._wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()

    def _wait(self) -> None:
        trust = ssl.create_default_context(cafile=str(self.ca_file))
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and self._process.poll() is None:
            with suppress(OSError), urllib.request.urlopen(self.directory, context=trust, timeout=5):
                return
            time.sleep(0.05)
        raise AssertionError(f"pebble does not answer: {self._log.read_text()}")

    @property
    def orders(self) -> int:
        """How many orders were placed with it."""
        return self._log.read_text().count("Added order")

    @property
    def issued(self) -> int:
        """How many certificates it issued."""
        return self._log.read_text().count("Issued certificate")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
