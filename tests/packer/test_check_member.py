"""How a machine that was started from an image is asked, where the image's own run does not show it."""

from __future__ import annotations

import http.server
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from self_signed import self_signed

from .scripts import script

check_member = script("check_member")
ZONE = "pixel.test"


class Ready(http.server.BaseHTTPRequestHandler):
    """A machine that says yes to everything."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the name of the base class
        """Say nothing."""


@contextmanager
def member(folder: Path, handshakes_before: int) -> Iterator[object]:
    """A machine that shows a certificate of no value in the first handshakes, and the zone's from then on."""
    contexts = []
    for name in ("replaced.pixel.test", f"*.{ZONE}"):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self_signed([name]).written(folder / name))
        contexts.append(context)
    shown = iter([contexts[0]] * handshakes_before)

    def choose(connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        connection.context = next(shown, contexts[1])

    contexts[0].sni_callback = choose
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Ready)
    server.handle_error = lambda *_: None  # type: ignore[method-assign,assignment] # a refused handshake is expected
    server.socket = contexts[0].wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    trusting = ssl.create_default_context(cafile=str(folder / f"*.{ZONE}" / "certificate.pem"))
    try:
        yield check_member.Member("127.0.0.1", ZONE, server.server_address[1], trusting)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_certificate_that_is_not_good_is_told_at_once(tmp_path: Path) -> None:
    with member(tmp_path, 99) as asked, pytest.raises(check_member.NotSo, match="the certificate is not good"):
        check_member.wait_until_ready(asked, 60)


def test_one_that_the_machine_has_to_fetch_first_is_waited_for(tmp_path: Path) -> None:
    with member(tmp_path, 1) as asked:
        check_member.wait_until_ready(asked, 60, certificate_later=True)


def test_one_that_never_comes_is_told_when_the_time_is_over(tmp_path: Path) -> None:
    with (
        member(tmp_path, 99) as asked,
        pytest.raises(check_member.NotSo, match=r"within 1 s; .*not good"),
    ):
        check_member.wait_until_ready(asked, 1, certificate_later=True)
