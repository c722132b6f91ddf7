"""Asks a machine that was started from an image what players would: is it ready, and does it speak the protocol?

    python packer/check_member.py ADDRESS --zone ZONE [--timeout SECONDS] [--ca FILE] [--port PORT]

Waits until /readyz says yes; then the certificate has to be good for the machine's name, the page has to be served, a
socket without a token has to be refused (or, where everybody may come in, greeted with `config`), and the streamer's
port must not be reachable. Exit code 0, or 1 with the first thing that is not so.
"""

from __future__ import annotations

import argparse
import http.client
import json
import socket
import ssl
import sys
import time
from collections.abc import Iterator

from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

STREAMER_PORT = 8888
ANSWER_TIMEOUT = 10.0


class NotSo(Exception):  # noqa: N818 - what is the matter
    """The member is not as it should be; the text says what was expected and what was found."""


class Member:
    """One machine, reached at its address but addressed by its name, as players do who have its DNS record."""

    def __init__(self, address: str, zone: str, port: int, context: ssl.SSLContext) -> None:
        self.address, self.port, self.context = address, port, context
        self.name = f"drone-{address.replace('.', '-')}.{zone}"

    def connection(self) -> socket.socket:
        """Return a new connection to its address."""
        return socket.create_connection((self.address, self.port), ANSWER_TIMEOUT)

    def get(self, path: str) -> tuple[int, str]:
        """Return the status and the text of the answer.

        Raises:
            OSError: there is none; `ssl.SSLCertVerificationError` when the certificate is not good for its name.
        """
        client = http.client.HTTPSConnection(self.name, self.port, timeout=ANSWER_TIMEOUT)
        with self.connection() as plain:
            client.sock = self.context.wrap_socket(plain, server_hostname=self.name)
            try:
                client.request("GET", path)
                answer = client.getresponse()
                return answer.status, answer.read().decode(errors="replace")
            finally:
                client.close()


def pauses(first: float = 0.5, longest: float = 5.0) -> Iterator[float]:
    """Yield seconds to wait, growing up to the longest."""
    pause = first
    while True:
        yield pause
        pause = min(pause * 1.5, longest)


def wait_until_ready(member: Member, timeout: float) -> None:
    """Return when /readyz answers 200.

    Raises:
        NotSo: not within `timeout` seconds; or the certificate is not good, which no waiting mends.
    """
    deadline, last = time.monotonic() + timeout, "it was never asked"
    for pause in pauses():
        try:
            status, text = member.get("/readyz")
            if status == 200:
                return
            last = f"{status} {text.strip()[:200]}"
        except ssl.SSLCertVerificationError as error:
            raise NotSo(f"the certificate is not good for {member.name}: {error.verify_message}") from None
        except (OSError, http.client.HTTPException) as error:
            last = str(error) or type(error).__name__
        if time.monotonic() + pause > deadline:
            raise NotSo(f"/readyz did not say 200 within {timeout:g} s; the last answer: {last}")
        time.sleep(pause)


def check_page(member: Member) -> None:
    """The page for players is there."""
    status, text = member.get("/")
    if status != 200 or "<html" not in text.lower():
        raise NotSo(f"the player page is not served: / answered {status}")


def check_protocol(member: Member) -> None:
    """A stranger is refused at the door; where there is none, the first thing said is `config`."""
    try:
        with connect(f"wss://{member.name}:{member.port}/", sock=member.connection(), ssl=member.context) as player:
            greeting = json.loads(player.recv(timeout=ANSWER_TIMEOUT))
    except InvalidStatus as refusal:
        if refusal.response.status_code != 401:
            status = refusal.response.status_code
            raise NotSo(f"a player without a token was answered {status}, not 401") from None
    else:
        if greeting.get("type") != "config" or "peerConnectionOptions" not in greeting:
            raise NotSo(f"a player was greeted with {greeting.get('type')!r}, not with config")


def check_streamer_port(member: Member) -> None:
    """Whoever can connect to the streamer's port is Unreal: nobody outside may."""
    try:
        socket.create_connection((member.address, STREAMER_PORT), 3.0).close()
    except OSError:
        return
    raise NotSo(f"port {STREAMER_PORT} is reachable from here: set streamer.host to 127.0.0.1")


def main(argv: list[str]) -> int:
    """Check the member named on the command line; return the exit code."""
    parser = argparse.ArgumentParser(description="Ask a member what players would.")
    parser.add_argument("address", help="its IPv4 address")
    parser.add_argument("--zone", required=True, help="the domain that its name is in")
    parser.add_argument("--timeout", type=float, default=900.0, metavar="SECONDS", help="how long it may take to start")
    parser.add_argument("--port", type=int, default=443, help="its port for players (default 443)")
    parser.add_argument("--ca", metavar="FILE", help="who vouches for its certificate, besides the well-known")
    given = parser.parse_args(argv)
    context = ssl.create_default_context()
    if given.ca:
        context.load_verify_locations(given.ca)
    member = Member(given.address, given.zone, given.port, context)
    try:
        wait_until_ready(member, given.timeout)
        check_page(member)
        check_protocol(member)
        check_streamer_port(member)
    except (NotSo, OSError) as problem:
        sys.stderr.write(f"{member.name} ({given.address}): {problem}\n")
        return 1
    sys.stdout.write(f"{member.name} ({given.address}) is ready and speaks the protocol\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
