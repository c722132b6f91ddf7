"""Events as API Gateway's REST API sends them, and the function's answers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from aws_lambda_powertools import Metrics

from pixel.wake.api import build
from pixel.wake.function import Wake


@dataclass
class Answer:
    """An answer as the caller sees it."""

    status: int
    headers: dict[str, str]
    body: Any


class Context:
    """What Lambda tells about an invocation."""

    aws_request_id = "00000000-0000-4000-8000-000000000000"
    function_name = "pixel-wake"
    memory_limit_in_mb = 256
    invoked_function_arn = "arn:aws:lambda:us-east-2:123456789012:function:pixel-wake"

    def get_remaining_time_in_millis(self) -> int:
        return 29_000


class Gateway:
    """The API in front of the function."""

    def __init__(self, wake: Wake) -> None:
        self._app = build(wake, Metrics(namespace="Test", service="wake"))

    def call(self, method: str, path: str, body: Any = None, key_id: str | None = "alice", **headers: str) -> Answer:
        """Make one call; `headers` are written with underscores."""
        path, _, query = path.partition("?")
        event = {
            "resource": "/{proxy+}",
            "path": path,
            "httpMethod": method,
            "headers": {name.replace("_", "-"): value for name, value in headers.items()},
            "multiValueHeaders": {name.replace("_", "-"): [value] for name, value in headers.items()},
            "queryStringParameters": dict(part.split("=") for part in query.split("&")) if query else None,
            "multiValueQueryStringParameters": (
                {name: [value] for name, value in (part.split("=") for part in query.split("&"))} if query else None
            ),
            "pathParameters": None,
            "requestContext": {
                "stage": "prod",
                "path": f"/prod{path}",
                "httpMethod": method,
                "requestId": "r",
                "identity": {"apiKeyId": key_id, "sourceIp": "203.0.113.9"},
            },
            "body": body if body is None or isinstance(body, str) else json.dumps(body),
            "isBase64Encoded": False,
        }
        answer = self._app.resolve(event, Context())
        single = {name: values[0] for name, values in answer["multiValueHeaders"].items()}
        return Answer(answer["statusCode"], single, json.loads(answer["body"]) if answer["body"] else None)

    def open(self, pool: str = "drone", key: str = "k1", key_id: str | None = "alice") -> Answer:
        """Call `POST /sessions`."""
        return self.call("POST", "/sessions", {"pool": pool}, key_id, Idempotency_Key=key)
