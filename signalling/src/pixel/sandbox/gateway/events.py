"""Requests and answers between API Gateway and a function: the proxy integration of REST APIs, format 1.0.

Source: "Set up Lambda proxy integrations in API Gateway" in API Gateway's developer guide.
"""

from __future__ import annotations

import base64
import binascii
import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from pixel.sandbox.calls import Answer, Environ
from pixel.sandbox.moto_app import ACCOUNT


@dataclass(frozen=True)
class Route:
    """Where a request led: the stage and the resource that take it, and what stands in the place of its variables."""

    api_id: str
    region: str
    stage: str
    variables: Mapping[str, str]
    deployment_id: str
    resource_id: str
    resource_path: str
    path: str
    parameters: Mapping[str, str]


@dataclass(frozen=True)
class Key:
    """An API key that a request brought."""

    key_id: str
    value: str


def request_event(environ: Environ, body: bytes, route: Route, key: Key | None) -> dict[str, Any]:
    """Return the event of a request."""
    headers = _headers(environ)
    query = parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    host = f"{route.api_id}.execute-api.{route.region}.amazonaws.com"
    now = time.time()
    return {
        "resource": route.resource_path,
        "path": route.path,
        "httpMethod": environ["REQUEST_METHOD"],
        "headers": headers or None,
        "multiValueHeaders": {name: [value] for name, value in headers.items()} or None,
        "queryStringParameters": dict(query) or None,
        "multiValueQueryStringParameters": _gathered(query) or None,
        "pathParameters": dict(route.parameters) or None,
        "stageVariables": dict(route.variables) or None,
        "requestContext": {
            "resourceId": route.resource_id,
            "resourcePath": route.resource_path,
            "httpMethod": environ["REQUEST_METHOD"],
            "extendedRequestId": uuid.uuid4().hex[:15] + "=",
            "requestTime": datetime.fromtimestamp(now, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "path": f"/{route.stage}{route.path}",
            "accountId": ACCOUNT,
            "protocol": environ.get("SERVER_PROTOCOL", "HTTP/1.1"),
            "stage": route.stage,
            "domainPrefix": route.api_id,
            "requestTimeEpoch": int(now * 1000),
            "requestId": str(uuid.uuid4()),
            "identity": _identity(environ, headers, key),
            "domainName": host,
            "deploymentId": route.deployment_id,
            "apiId": route.api_id,
        },
        "body": body.decode("utf-8", "replace") if body else None,
        "isBase64Encoded": False,
    }


def _headers(environ: Environ) -> dict[str, str]:
    """Return the request's headers, and those that API Gateway adds."""
    found = {
        name.removeprefix("HTTP_").replace("_", "-").title(): str(value)
        for name, value in environ.items()
        if name.startswith("HTTP_") or (name in ("CONTENT_TYPE", "CONTENT_LENGTH") and value)
    }
    for name in ("Connection", "Content-Length", "Transfer-Encoding"):
        found.pop(name, None)
    address = environ.get("REMOTE_ADDR", "")
    before = found.get("X-Forwarded-For")
    return found | {
        "X-Forwarded-For": f"{before}, {address}" if before else address,
        "X-Forwarded-Port": "443",
        "X-Forwarded-Proto": "https",
        "X-Amzn-Trace-Id": f"Root=1-{int(time.time()):08x}-{uuid.uuid4().hex[:24]}",
    }


def _gathered(pairs: list[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found


def _identity(environ: Environ, headers: Mapping[str, str], key: Key | None) -> dict[str, Any]:
    nobody = dict.fromkeys(
        (
            *("accessKey", "accountId", "caller", "cognitoAuthenticationProvider", "cognitoAuthenticationType"),
            *("cognitoIdentityId", "cognitoIdentityPoolId", "principalOrgId", "user", "userArn"),
        )
    )
    known = {"sourceIp": environ.get("REMOTE_ADDR", ""), "userAgent": headers.get("User-Agent")}
    return {**nobody, **known, **({"apiKey": key.value, "apiKeyId": key.key_id} if key is not None else {})}


def function_answer(result: Any) -> Answer | None:
    """Return what a function's result is to the caller; None for a result that is no answer, which is a 502."""
    if not isinstance(result, Mapping):
        return None
    status, body = result.get("statusCode"), result.get("body")
    body = "" if body is None else body
    if not isinstance(status, int) or isinstance(status, bool) or not isinstance(body, str):
        return None
    headers = [(name, str(value)) for name, value in (result.get("headers") or {}).items()]
    for name, values in (result.get("multiValueHeaders") or {}).items():
        headers = [pair for pair in headers if pair[0].lower() != name.lower()]
        headers += [(name, str(value)) for value in values]
    try:
        content = base64.b64decode(body, validate=True) if result.get("isBase64Encoded") else body.encode()
    except binascii.Error:
        return None
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", "application/json"))
    return Answer(status, content, [pair for pair in headers if pair[0].lower() != "content-length"])


def message(status: int, text: str) -> Answer:
    """Return an answer of API Gateway's own."""
    return Answer(status, json.dumps({"message": text}).encode(), [("Content-Type", "application/json")])
