"""The wake function as API Gateway calls it, for callers who send whatever they like."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pixel.sandbox.testing import RunningSandbox
from pixel.wake import handler as deployed


@dataclass(frozen=True)
class Answer:
    """An answer as the caller sees it."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def body(self) -> Any:
        """The JSON of the answer."""
        return json.loads(self.text)


class Context:
    """What Lambda tells about an invocation."""

    aws_request_id = "00000000-0000-4000-8000-000000000000"

    def get_remaining_time_in_millis(self) -> int:
        return 29_000


class Function:
    """The deployed function.

    Attributes:
        sandbox: the AWS it works on.
        logged: what it writes, to the last detail.
    """

    def __init__(self, sandbox: RunningSandbox) -> None:
        self.sandbox = sandbox
        self.logged = io.StringIO()

    @contextmanager
    def logging(self) -> Iterator[None]:
        """Keep what is written meanwhile."""
        self.logged = io.StringIO()
        handler = logging.StreamHandler(self.logged)
        loggers = logging.getLogger(), logging.getLogger(deployed.logger.name)
        for logger in loggers:
            logger.addHandler(handler)
        try:
            yield
        finally:
            for logger in loggers:
                logger.removeHandler(handler)

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str | None = "alice",
        query: dict[str, str] | None = None,
        **headers: str,
    ) -> Answer:
        """Make one call.

        Args:
            method: HTTP's.
            path: of the API.
            body: text as it is, or what becomes JSON.
            key: the id of the caller's API key; None: the gateway has checked none.
            query: parameters of the address.
            headers: written with underscores.
        """
        event = {
            "resource": "/{proxy+}",
            "path": path,
            "httpMethod": method,
            "headers": {name.replace("_", "-"): value for name, value in headers.items()},
            "multiValueHeaders": {name.replace("_", "-"): [value] for name, value in headers.items()},
            "queryStringParameters": query,
            "multiValueQueryStringParameters": {name: [value] for name, value in query.items()} if query else None,
            "requestContext": {
                "stage": "v1",
                "path": f"/v1{path}",
                "httpMethod": method,
                "identity": {"apiKeyId": key, "sourceIp": "203.0.113.9"},
            },
            "body": body if body is None or isinstance(body, str) else json.dumps(body),
            "isBase64Encoded": False,
        }
        answer = deployed.handler(event, Context())  # type: ignore[arg-type] # as much of a context as is used
        assert answer is not None
        headers_of_it = {name: values[0] for name, values in answer["multiValueHeaders"].items()}
        return Answer(answer["statusCode"], headers_of_it, answer["body"] or "")

    def open(self, pool: Any = "drone", idempotency_key: str = "k1", key: str | None = "alice") -> Answer:
        """Ask for a session."""
        return self.call("POST", "/sessions", {"pool": pool}, key=key, Idempotency_Key=idempotency_key)


def forget() -> None:
    """Make the next invocation the first one of its copy of the function."""
    for part in (deployed._api, deployed._wake, deployed._settings, deployed._certificate):
        part.cache_clear()
