"""A member's control socket as controllers meet it: TLS, a token at the upgrade, JSON commands."""

from __future__ import annotations

import http
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import Server, ServerConnection, serve

Answerer = Callable[[Any], list[dict[str, Any]] | None]


class FakeMember:
    """State behind the socket; a test looks at it and changes it.

    Attributes:
        token: the controller token that opens the door.
        answers: what is sent back for a command, besides its id; None closes the socket instead.
        on_connect: called when a controller has come.
        commands: every command that came, in order.
        status_at_upgrade: an HTTP status to refuse every upgrade with.
    """

    def __init__(self, token: str) -> None:
        self.token = token
        self.answers: Answerer = lambda _command: [{"type": "ack", "status": "delivered"}]
        self.on_connect: Callable[[], None] = lambda: None
        self.commands: list[Any] = []
        self.connections: list[ServerConnection] = []
        self.status_at_upgrade: int | None = None
        self.port = 0

    def say(self, data: str) -> None:
        """Let Unreal say something to every controller."""
        for connection in list(self.connections):
            with suppress(ConnectionClosed):
                connection.send(json.dumps({"type": "reply", "data": data}))

    def hang_up(self) -> None:
        """Close every control socket, as a network does: without a farewell."""
        for connection in list(self.connections):
            connection.socket.shutdown(socket.SHUT_RDWR)

    def check(self, connection: ServerConnection, request: Request) -> Response | None:
        """Refuse an upgrade, or let it pass."""
        if request.path != "/control":
            return connection.respond(http.HTTPStatus.NOT_FOUND, "")
        if self.status_at_upgrade is not None:
            return connection.respond(http.HTTPStatus(self.status_at_upgrade), "")
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return connection.respond(http.HTTPStatus.UNAUTHORIZED, "")
        return None

    def serve_one(self, connection: ServerConnection) -> None:
        """Answer one controller until it leaves."""
        self.connections.append(connection)
        self.on_connect()
        try:
            for frame in connection:
                message = json.loads(frame)
                if set(message) != {"id", "command"} or not isinstance(message["command"], str | dict):
                    connection.close(1008, "not a command")
                    return
                self.commands.append(message["command"])
                answers = self.answers(message["command"])
                if answers is None:
                    connection.close(1011, "lost")
                    return
                for answer in answers:
                    connection.send(json.dumps({"id": message["id"], **answer} if answer["type"] == "ack" else answer))
        except ConnectionClosed:
            pass
        finally:
            self.connections.remove(connection)


@contextmanager
def serving(fake: FakeMember, tls: ssl.SSLContext) -> Iterator[FakeMember]:
    """Serve a fake on a free port of loopback."""
    server: Server = serve(fake.serve_one, "127.0.0.1", 0, ssl=tls, process_request=fake.check)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    fake.port = server.socket.getsockname()[1]
    try:
        yield fake
    finally:
        server.shutdown()
        for connection in list(fake.connections):
            connection.close()
        thread.join()
