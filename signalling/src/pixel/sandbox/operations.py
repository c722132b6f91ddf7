"""Names of REST operations. AWS tells other operations by a parameter or a header, REST ones by method and path."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple
from urllib.parse import parse_qsl

import botocore.session
from botocore.exceptions import UnknownServiceError

UNKNOWN = "Unknown"


class Route(NamedTuple):
    """One operation's method, path and the query keys that it always has (S3 tells operations apart by them)."""

    method: str
    path: re.Pattern[str]
    keys: frozenset[str]
    fixed: int
    operation: str


@cache
def _routes(service: str) -> tuple[Route, ...]:
    try:
        model = botocore.session.get_session().get_service_model(service)
    except UnknownServiceError:
        return ()
    routes = []
    for name in model.operation_names:
        http = model.operation_model(name).http
        uri, _, query = http.get("requestUri", "/").partition("?")
        parts = re.split(r"(\{[^}]+\})", uri.rstrip("/"))
        pattern = "".join(
            re.escape(part) if not part.startswith("{") else ".+" if part.endswith("+}") else "[^/]+" for part in parts
        )
        keys = frozenset(key for key, _ in parse_qsl(query, keep_blank_values=True))
        fixed = sum(len(part) for part in parts if not part.startswith("{"))
        routes.append(Route(http["method"], re.compile(f"{pattern}/?"), keys, fixed, name))
    return tuple(sorted(routes, key=lambda route: (len(route.keys), route.fixed), reverse=True))


def rest_operation(service: str, method: str, path: str, query: str) -> str:
    """Return the operation that a REST call of the service asks for; `Unknown` when the service has no such one."""
    keys = {key for key, _ in parse_qsl(query, keep_blank_values=True)}
    for route in _routes(service):
        if route.method == method and route.keys <= keys and route.path.fullmatch(path):
            return route.operation
    return UNKNOWN
