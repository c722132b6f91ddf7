"""Names of REST operations. AWS tells other operations by a parameter or a header, REST ones by method and path."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import cache
from typing import NamedTuple
from urllib.parse import parse_qsl

import botocore.session
from botocore.exceptions import UnknownServiceError
from botocore.model import OperationModel

UNKNOWN = "Unknown"


class Route(NamedTuple):
    """One operation's method, path, and the query keys and headers that it always has: S3 tells by them."""

    method: str
    path: re.Pattern[str]
    keys: frozenset[str]
    headers: frozenset[str]
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
        operation = model.operation_model(name)
        http = operation.http
        uri, _, query = http.get("requestUri", "/").partition("?")
        parts = re.split(r"(\{[^}]+\})", uri.rstrip("/"))
        pattern = "".join(
            re.escape(part) if not part.startswith("{") else ".+" if part.endswith("+}") else "[^/]+" for part in parts
        )
        keys = _always(operation, "querystring") | {key for key, _ in parse_qsl(query, keep_blank_values=True)}
        headers = frozenset(header.lower() for header in _always(operation, "header"))
        fixed = sum(len(part) for part in parts if not part.startswith("{"))
        routes.append(Route(http["method"], re.compile(f"{pattern}/?"), keys, headers, fixed, name))
    return tuple(sorted(routes, key=lambda one: (len(one.keys) + len(one.headers), one.fixed), reverse=True))


def _always(operation: OperationModel, location: str) -> frozenset[str]:
    """Return the names of the parameters that the operation needs in a location."""
    shape = operation.input_shape
    if shape is None:
        return frozenset()
    needed = (shape.members[name].serialization | {"default": name} for name in shape.required_members)
    return frozenset(str(one.get("name", one["default"])) for one in needed if one.get("location") == location)


def rest_operation(service: str, method: str, path: str, query: str, headers: Collection[str] = ()) -> str:
    """Return the operation that a REST call of the service asks for; `Unknown` when the service has no such one.

    Args:
        headers: the names of the request's headers, in lower case.
    """
    keys = {key for key, _ in parse_qsl(query, keep_blank_values=True)}
    for route in _routes(service):
        given = route.keys <= keys and route.headers.issubset(headers)
        if route.method == method and given and route.path.fullmatch(path):
            return route.operation
    return UNKNOWN
