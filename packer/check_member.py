"""Asks a machine what players would: is it ready, is its page there, and does it speak the protocol?

    [PIXEL_TOKEN=TOKEN] python packer/check_member.py ADDRESS --zone ZONE [--timeout SECONDS] [--ca FILE] [--port PORT]
        [--certificate-later] [--lease-table TABLE --instance ID --pool POOL]

Waits until /readyz says yes; then the certificate has to be good for the machine's name, the page and its script have
to be served, a socket without a token has to be refused (or, where everybody may come in, greeted with `config`), and
the streamer's port must not be reachable. With a player's token in the environment the whole conversation of a player
follows, up to Unreal's offer of a video; with `--lease-table` the machine is leased for the check, which makes such a
token. Exit code 0, or 1 with the first thing that is not so.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import socket
import ssl
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from check_lease import leased
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.sync.client import ClientConnection, connect

STREAMER_PORT = 8888
TOKEN = "PIXEL_TOKEN"  # noqa: S105 - the name of the variable
ANSWER_TIMEOUT = 10.0
LEASE_TIMEOUT = 30.0
"""Seconds within which a member that is ready has read its lease; it looks every ten."""
TRIES = 3
"""How often a question is asked whose connection breaks, or never comes about: once may be the network's fault."""


class NotSo(Exception):  # noqa: N818 - what is the matter
    """The member is not as it should be; the text says what was expected and what was found."""


class Member:
    """One machine, reached at its address but addressed by its name, as players do who have its DNS record."""

    def __init__(self, address: str, zone: str, port: int, context: ssl.SSLContext, token: str = "") -> None:
        self.address, self.port, self.context, self.token = address, port, context, token
        self.name = f"drone-{address.replace('.', '-')}.{zone}"

    def connection(self) -> socket.socket:
        """Return a new connection to its address."""
        return socket.create_connection((self.address, self.port), ANSWER_TIMEOUT)

    def get(self, path: str) -> tuple[int, str]:
        """Return the status and the text of the answer; the token is shown, if there is one.

        Raises:
            OSError: there is none; `ssl.SSLCertVerificationError` when the certificate is not good for its name.
        """
        client = http.client.HTTPSConnection(self.name, self.port, timeout=ANSWER_TIMEOUT)
        with self.connection() as plain:
            client.sock = self.context.wrap_socket(plain, server_hostname=self.name)
            try:
                client.request("GET", path, headers=self.headers)
                answer = client.getresponse()
                return answer.status, answer.read().decode(errors="replace")
            finally:
                client.close()

    @property
    def headers(self) -> dict[str, str]:
        """The headers that show the token, if there is one."""
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    def player(self, headers: dict[str, str] | None = None) -> ClientConnection:
        """Return the socket of a new player.

        Raises:
            InvalidStatus: it is not let in.
        """
        url = f"wss://{self.name}:{self.port}/"
        return connect(
            url, sock=self.connection(), ssl=self.context, additional_headers=headers, open_timeout=ANSWER_TIMEOUT
        )


def pauses(first: float = 0.5, longest: float = 5.0) -> Iterator[float]:
    """Yield seconds to wait, growing up to the longest."""
    pause = first
    while True:
        yield pause
        pause = min(pause * 1.5, longest)


def wait_until_ready(member: Member, timeout: float, *, certificate_later: bool = False) -> None:
    """Return when /readyz answers 200.

    Args:
        certificate_later: whether the machine starts with a certificate of no value, until it has fetched the real one.

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
            last = f"the certificate is not good for {member.name}: {error.verify_message}"
            if not certificate_later:
                raise NotSo(last) from None
        except (OSError, http.client.HTTPException) as error:
            last = str(error) or type(error).__name__
        if time.monotonic() + pause > deadline:
            raise NotSo(f"/readyz did not say 200 within {timeout:g} s; the last answer: {last}")
        time.sleep(pause)


def check_page(member: Member) -> None:
    """The page for players is there, with the script that plays the stream."""
    status, text = member.get("/")
    if status != 200 or "<html" not in text.lower():
        raise NotSo(f"the player page is not served: / answered {status} {text.strip()[:200]}")
    script = re.search(r"""<script[^>]*\ssrc=["']([^"']+)["']""", text)
    if script is None:
        raise NotSo("the player page is not the player's: it has no script")
    path = f"/{script[1].removeprefix('/')}"
    status, text = member.get(path)
    if status != 200 or "listStreamers" not in text:
        raise NotSo(f"the player page's script is not served: {path} answered {status}, {len(text)} characters")


def check_protocol(member: Member) -> None:
    """A stranger is refused at the door; where there is none, the first thing said is `config`."""
    try:
        with member.player() as player:
            expect(player, "config", "peerConnectionOptions")
    except InvalidStatus as refusal:
        if refusal.response.status_code != 401:
            status = refusal.response.status_code
            raise NotSo(f"a player without a token was answered {status}, not 401") from None


def check_conversation(member: Member) -> None:
    """The holder of the token is let in, finds Unreal, and is offered a video.

    The member may take a while to hear of the lease that makes the token valid. Where a page has to make the offer, as
    with Unreal 4, only a browser could go on: there it is enough that the service knows Unreal as such.
    """
    deadline = time.monotonic() + LEASE_TIMEOUT
    for pause in pauses():
        try:
            with member.player(member.headers) as player:
                expect(player, "config", "peerConnectionOptions")
                state = json.loads(member.get("/player.json")[1])
                if not (state.get("legacy") and state.get("streamer")):
                    ask_for_video(player)
                return
        except InvalidStatus as refusal:
            if refusal.response.status_code != 401 or time.monotonic() + pause > deadline:
                status = refusal.response.status_code
                raise NotSo(f"a player with the lease's token was answered {status}") from None
        time.sleep(pause)


def ask_for_video(player: ClientConnection) -> None:
    """Subscribe to the first application there is, and wait for its offer.

    Raises:
        NotSo: there is none, or it offers no video.
    """
    player.send(json.dumps({"type": "listStreamers"}))
    streamers = expect(player, "streamerList", "ids")["ids"]
    if not streamers:
        raise NotSo("Unreal does not speak the protocol: it is connected, but no player can choose it")
    player.send(json.dumps({"type": "subscribe", "streamerId": streamers[0]}))
    if "\nm=video " not in expect(player, "offer", "sdp")["sdp"]:
        raise NotSo("Unreal does not speak the protocol: its offer to a player holds no video")


def expect(player: ClientConnection, kind: str, field: str) -> dict[str, Any]:
    """Return the next message of a kind; what else the service may say before it is passed over.

    Raises:
        NotSo: it does not come, or lacks the field.
    """
    heard = []
    deadline = time.monotonic() + ANSWER_TIMEOUT
    try:
        while True:
            message = json.loads(player.recv(timeout=max(0.0, deadline - time.monotonic())))
            if isinstance(message, dict) and message.get("type") == kind and field in message:
                return message
            heard.append(str(message.get("type") if isinstance(message, dict) else message)[:50])
    except (TimeoutError, ValueError, ConnectionClosed) as end:
        said = f" after {', '.join(heard)}" if heard else ""
        how = {TimeoutError: "nothing", ValueError: "no JSON"}.get(type(end), str(end) or type(end).__name__)
        raise NotSo(f"a player expected {kind!r} with {field!r}{said}, and got {how}") from None


def check_streamer_port(member: Member) -> None:
    """Whoever can connect to the streamer's port is Unreal: nobody outside may."""
    try:
        socket.create_connection((member.address, STREAMER_PORT), 3.0).close()
    except OSError:
        return
    raise NotSo(f"port {STREAMER_PORT} is reachable from here: set streamer.host to 127.0.0.1")


def ask(question: Callable[[Member], None], member: Member) -> None:
    """Ask a question, again if its connection breaks.

    Raises:
        NotSo: the answer is not as it should be, or none comes.
    """
    for left, pause in zip(reversed(range(TRIES)), pauses(), strict=False):
        try:
            question(member)
            return
        except InvalidHandshake as error:
            raise NotSo(f"what answers is no signalling service: {error}") from None
        except (OSError, http.client.HTTPException) as error:
            if not left:
                raise NotSo(str(error) or type(error).__name__) from None
        time.sleep(pause)


def main(argv: list[str]) -> int:
    """Check the member named on the command line; return the exit code."""
    parser = argparse.ArgumentParser(description="Ask a member what players would.")
    parser.add_argument("address", help="its IPv4 address")
    parser.add_argument("--zone", required=True, help="the domain that its name is in")
    parser.add_argument("--timeout", type=float, default=900.0, metavar="SECONDS", help="how long it may take to start")
    parser.add_argument("--port", type=int, default=443, help="its port for players (default 443)")
    parser.add_argument("--ca", metavar="FILE", help="who vouches for its certificate, besides the well-known")
    parser.add_argument(
        "--skip-streamer-port", action="store_true", help="where Unreal's port has to be reachable, as on the sandbox"
    )
    parser.add_argument("--certificate-later", action="store_true", help="it fetches its certificate after its start")
    parser.add_argument("--lease-table", default="", metavar="TABLE", help="lease it for the check, in this table")
    parser.add_argument("--instance", metavar="ID", help="its instance's id, for the lease")
    parser.add_argument("--pool", help="the pool that it is for, for the lease")
    given = parser.parse_args(argv)
    context = ssl.create_default_context()
    if given.ca:
        context.load_verify_locations(given.ca)
    member = Member(given.address, given.zone, given.port, context, os.environ.get(TOKEN, ""))
    try:
        wait_until_ready(member, given.timeout, certificate_later=given.certificate_later)
        ask(check_page, member)
        ask(check_protocol, member)
        if given.lease_table:
            with leased(given.lease_table, given.instance, given.pool) as member.token:
                ask(check_conversation, member)
        elif member.token:
            ask(check_conversation, member)
        if not given.skip_streamer_port:
            check_streamer_port(member)
    except (ClientError, BotoCoreError) as problem:
        sys.stderr.write(f"{given.instance} cannot be leased for the check (lifecycle.lease_table): {problem}\n")
        return 1
    except NotSo as problem:
        sys.stderr.write(f"{member.name} ({given.address}): {problem}\n")
        return 1
    sys.stdout.write(f"{member.name} ({given.address}) is ready and speaks the protocol\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
