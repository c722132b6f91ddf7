"""The host's door: HTTPS with Basic authentication, shells and the commands in them."""

from __future__ import annotations

import base64
import hmac
import ssl
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

from . import messages


class Output(NamedTuple):
    """What a command wrote, and its exit code."""

    stdout: str = ""
    stderr: str = ""
    code: int = 0


@dataclass
class Command:
    """A command of a client: its line, what was sent to it so far, and its outcome once it was asked for."""

    line: str
    stdin: bytes = b""
    output: Output | None = None


@dataclass
class Door:
    """Answers WS-Management's messages by running commands with `run(line, stdin)`."""

    run: Callable[[str, bytes], Output]
    commands: dict[str, Command] = field(default_factory=dict)

    def answer(self, request: messages.Request) -> str:
        """Return the body of the answer.

        Raises:
            ValueError: a message that no client of ours sends.
        """
        match request.verb:
            case "Create":
                return messages.shell_created(_identity())
            case "Command":
                identity = _identity()
                self.commands[identity] = Command(request.command_line)
                return messages.command_started(identity)
            case "Send":
                self.commands[request.command_id].stdin += request.stdin
                return "<rsp:SendResponse/>"
            case "Receive":
                command = self.commands[request.command_id]
                if command.output is None:
                    command.output = self.run(command.line, command.stdin)
                return messages.finished(request.command_id, *command.output)
            case "Signal":
                return "<rsp:SignalResponse/>"
            case "Delete":
                return ""
        raise ValueError(f"{request.action} is not part of a shell")


def _identity() -> str:
    return str(uuid.uuid4()).upper()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, door: Door, expected: str, refused: Callable[[str], None]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.door, self.expected, self.refused = door, expected, refused


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server
    disable_nagle_algorithm = True  # headers and body go apart: the second would wait for the first to be acknowledged

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
        """Say nothing: the journal tells more."""

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        given = self.headers.get("Authorization", "")
        if not hmac.compare_digest(given, self.server.expected):
            self.server.refused(given.split(" ")[0])
            self._send(401, b"")
        elif not raw:
            self._send(200, b"")
        else:
            try:
                request = messages.parse(raw)
                body = messages.answer(request, self.server.door.answer(request))
            except (ValueError, KeyError) as error:
                self._send(500, str(error).encode())
            else:
                self._send(200, body)

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/soap+xml;charset=UTF-8")
        self.send_header("Content-Length", str(len(body)))
        if status == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="WSMAN"')
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def listening(
    run: Callable[[str, bytes], Output],
    refused: Callable[[str], None],
    *,
    password: str,
    certificate: Path,
    key: Path,
) -> Iterator[int]:
    """Listen on a free port of 127.0.0.1 for Administrator; yield the port."""
    expected = "Basic " + base64.b64encode(f"Administrator:{password}".encode()).decode()
    server = _Server(Door(run), expected, refused)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
