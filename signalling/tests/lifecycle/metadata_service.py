"""EC2's instance metadata service, version 2 only, as strict as a machine launched with HttpTokens=required has it."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class MetadataService(ThreadingHTTPServer):
    """Answers from `values`, path under `/latest/meta-data/` to text. `tokens` are those it has given out."""

    daemon_threads = True

    def __init__(self, values: Mapping[str, str]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.values = dict(values)
        self.tokens: set[str] = set()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: MetadataService

    def do_PUT(self) -> None:
        lifetime = self.headers.get("X-aws-ec2-metadata-token-ttl-seconds", "")
        if "X-Forwarded-For" in self.headers:
            self.answer(403)
        elif self.path != "/latest/api/token":
            self.answer(404)
        elif not lifetime.isdigit() or not 1 <= int(lifetime) <= 21_600:
            self.answer(400)
        else:
            token = secrets.token_urlsafe(32)
            self.server.tokens.add(token)
            self.answer(200, token)

    def do_GET(self) -> None:
        value = self.server.values.get(self.path.removeprefix("/latest/meta-data/"))
        if self.headers.get("X-aws-ec2-metadata-token") not in self.server.tokens:
            self.answer(401)
        elif value is None:
            self.answer(404)
        else:
            self.answer(200, value)

    def answer(self, status: int, text: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def metadata_service(values: Mapping[str, str]) -> Iterator[MetadataService]:
    """Run a metadata service on a port of its own."""
    with MetadataService(values) as service:
        thread = threading.Thread(target=service.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield service
        finally:
            service.shutdown()
            thread.join()
