"""API Gateway in front of the wake function: keys checked, requests turned into events."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from pixel.wake.handler import handler

STAGE = "/prod"


class Context:
    """What Lambda tells about an invocation."""

    aws_request_id = "00000000-0000-4000-8000-000000000000"
    function_name = "pixel-wake"
    memory_limit_in_mb = 256
    invoked_function_arn = "arn:aws:lambda:us-east-2:123456789012:function:pixel-wake"

    def get_remaining_time_in_millis(self) -> int:
        return 29_000


class Gateway:
    """One copy of the function, and the keys that open it: values to ids."""

    def __init__(self, keys: Mapping[str, str]) -> None:
        self.address = ""
        self.answers: list[tuple[str, str, int]] = []
        self._keys = keys
        self._copy = threading.Lock()

    def event(self, event: Mapping[str, Any]) -> Any:
        """Give the function an event; one copy works on one at a time."""
        with self._copy:
            return handler(event, Context())

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: str | None) -> tuple[int, str]:
        """Answer a request as the API's stage does."""
        key = self._keys.get(headers.get("x-api-key", ""))
        if key is None:
            return 403, '{"message": "Forbidden"}'
        answer = self.event(
            {
                "resource": "/{proxy+}",
                "path": path.removeprefix(STAGE),
                "httpMethod": method,
                "headers": dict(headers),
                "multiValueHeaders": {name: [value] for name, value in headers.items()},
                "queryStringParameters": None,
                "multiValueQueryStringParameters": None,
                "pathParameters": None,
                "requestContext": {
                    "stage": STAGE[1:],
                    "path": path,
                    "httpMethod": method,
                    "requestId": "r",
                    "identity": {"apiKeyId": key, "sourceIp": "127.0.0.1"},
                },
                "body": body,
                "isBase64Encoded": False,
            }
        )
        self.answers.append((method, path.removeprefix(STAGE), answer["statusCode"]))
        return answer["statusCode"], answer["body"]

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Serve the stage on a free port of loopback."""
        gateway = self

        class Request(BaseHTTPRequestHandler):
            def answer(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                body = self.rfile.read(length).decode() if length else None
                status, said = gateway.answer(self.command, self.path, dict(self.headers), body)
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(said.encode())))
                self.end_headers()
                self.wfile.write(said.encode())

            do_GET = do_POST = do_DELETE = answer  # noqa: N815 (the names http.server looks for)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Request)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        self.address = f"http://127.0.0.1:{server.server_port}{STAGE}"
        try:
            yield
        finally:
            server.shutdown()
            server.server_close()
            thread.join()
