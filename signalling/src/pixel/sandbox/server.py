"""The HTTP server: threads, keep-alive, loopback only."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable
from typing import Any

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import ThreadedWSGIServer

LOOPBACK = "127.0.0.1"
BACKLOG = 1024
"""Connections that may wait to be taken: a whole class calls at once."""


class _QuietHandler(MotoRequestHandler):
    """Keeps connections, writes no line per request."""

    protocol_version = "HTTP/1.1"

    def log(self, *_: Any) -> None:
        pass

    def connection_dropped(self, *_: Any, **__: Any) -> None:
        """End the connection: the application wants its caller to have no answer, or the caller is gone."""
        self.close_connection = True


class _Server(ThreadedWSGIServer):
    request_queue_size = BACKLOG
    daemon_threads = True
    block_on_close = False


class Server:
    """Serves a WSGI application on a loopback port from a thread.

    Raises:
        OSError: the port is taken or may not be used.
    """

    def __init__(self, application: Callable[..., Iterable[bytes]], port: int) -> None:
        # werkzeug leaves the process when it cannot bind: bind here, so that the caller learns why.
        with socket.create_server((LOOPBACK, port), backlog=BACKLOG) as bound:
            self._server = _Server(LOOPBACK, port, application, _QuietHandler, fd=bound.fileno())
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    @property
    def endpoint(self) -> str:
        """The URL at which it answers."""
        return f"http://{LOOPBACK}:{self._server.server_address[1]}"

    def start(self) -> None:
        """Answer from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Stop answering and free the port."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
