"""The stand-in's HTTP side: sign-in, lists with filters and pages, and the ways to one object."""

from __future__ import annotations

import base64
import json
import re
import secrets
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit

from .rules import RefusedError
from .schema import KEPT, RESOURCES, UNIFIED, Resource
from .store import ForbiddenError, NotFoundError, Object, Store

VERSION = "24.6.1"
PAGING = ("page", "page_size", "order_by")
PAGE_SIZE = 25
MAX_PAGE_SIZE = 200


class Answer(NamedTuple):
    """An answer's status, and what becomes its JSON."""

    status: int
    body: Any = None


NOT_ALLOWED = Answer(405, {"detail": "Method not allowed."})


class Awx:
    """One AWX with one administrator.

    Attributes:
        username, password: the administrator's.
        superuser: whether the account is one.
        requests: what was asked since the start or `forget`, as "GET /api/v2/schedules/".
        tokens: the live tokens, by id.
    """

    username = "admin"
    password = "a-password"

    def __init__(self, project: Path) -> None:
        self.store = Store(project)
        self.superuser = True
        self.requests: list[str] = []
        self.tokens: dict[int, str] = {}
        self._lock = threading.Lock()

    @property
    def writes(self) -> list[str]:
        """What was asked that changes something, but for signing in and out."""
        return [line for line in self.requests if not line.startswith("GET ") and "/tokens/" not in line]

    def names(self, endpoint: str) -> list[str]:
        """Return the names of a resource's objects, sorted."""
        key = "identifier" if endpoint == "workflow_job_template_nodes" else "name"
        return sorted(item[key] for item in self.store.all(endpoint))

    def named(self, endpoint: str, name: str) -> Object:
        """Return the one object of that name, as the API tells it."""
        (item,) = [item for item in self.store.all(endpoint) if item.get("name", item.get("identifier")) == name]
        return self.store.shown(item)

    def linked(self, endpoint: str, name: str, association: str) -> list[int]:
        """Return the ids that an object is associated with."""
        return self.store.linked(self.store.get(endpoint, self.named(endpoint, name)["id"]), association)

    def answer(self, method: str, target: str, authorization: str, body: Any) -> Answer:
        """Answer one request."""
        with self._lock:
            url = urlsplit(target)
            self.requests.append(f"{method} {url.path}")
            query = dict(parse_qsl(url.query, keep_blank_values=True))
            try:
                return self._route(method, url.path, query, authorization, body)
            except RefusedError as refused:
                return Answer(400, refused.errors)
            except NotFoundError:
                return Answer(404, {"detail": "Not found."})
            except ForbiddenError as forbidden:
                return Answer(403, {"detail": str(forbidden)})

    def _route(self, method: str, path: str, query: Mapping[str, str], authorization: str, body: Any) -> Answer:
        if path == "/api/v2/ping/":
            return Answer(200, {"version": VERSION, "ha": False, "active_node": "stand-in"})
        if path.startswith("/api/v2/tokens/"):
            return self._sign(method, path, authorization)
        if not self._known(authorization):
            return Answer(401, {"detail": "Authentication credentials were not provided."})
        if path == "/api/v2/me/":
            me = {"id": 1, "type": "user", "username": self.username, "is_superuser": self.superuser}
            return Answer(200, {"count": 1, "next": None, "previous": None, "results": [me]})
        parts = path.removeprefix("/api/v2/").strip("/").split("/")
        match parts:
            case ["project_updates", identity] if method == "GET":
                return Answer(200, self.store.update_status(int(identity)))
            case [endpoint] if endpoint in RESOURCES or endpoint == "unified_job_templates":
                return self._list(method, endpoint, path, query, body)
            case [endpoint, identity] if endpoint in RESOURCES:
                return self._one(method, endpoint, int(identity), body)
            case [endpoint, identity, "survey_spec"] if "survey_spec" in RESOURCES[endpoint].links:
                return self._survey(method, endpoint, int(identity), body)
            case [endpoint, identity, association] if association in RESOURCES[endpoint].associations:
                return self._associations(method, endpoint, int(identity), association, path, query, body)
            case _:
                raise NotFoundError

    def _sign(self, method: str, path: str, authorization: str) -> Answer:
        if not self._password(authorization):
            return Answer(401, {"detail": "Invalid username/password."})
        if method == "POST":
            identity = max(self.tokens, default=0) + 1
            self.tokens[identity] = secrets.token_hex(8)
            return Answer(201, {"id": identity, "token": self.tokens[identity]})
        if method == "DELETE" and self.tokens.pop(int(path.split("/")[4]), ""):
            return Answer(204)
        raise NotFoundError

    def _password(self, authorization: str) -> bool:
        expected = base64.b64encode(f"{self.username}:{self.password}".encode()).decode()
        return authorization == f"Basic {expected}"

    def _known(self, authorization: str) -> bool:
        return self._password(authorization) or authorization.removeprefix("Bearer ") in self.tokens.values()

    def _list(self, method: str, endpoint: str, path: str, query: Mapping[str, str], body: Any) -> Answer:
        if method == "GET":
            return Answer(200, self._page(self._filtered(endpoint, query), path, query))
        if method == "POST" and endpoint in RESOURCES:
            return Answer(201, self.store.shown(self.store.create(endpoint, body)))
        return NOT_ALLOWED

    def _one(self, method: str, endpoint: str, identity: int, body: Any) -> Answer:
        if method == "GET":
            return Answer(200, self.store.shown(self.store.get(endpoint, identity)))
        if method == "PATCH":
            return Answer(200, self.store.shown(self.store.change(endpoint, identity, body)))
        if method == "DELETE":
            self.store.delete(endpoint, identity)
            # An inventory goes in the background, with its hosts.
            return Answer(202, {}) if endpoint == "inventories" else Answer(204)
        return NOT_ALLOWED

    def _survey(self, method: str, endpoint: str, identity: int, body: Any) -> Answer:
        if method == "GET":
            return Answer(200, self.store.get(endpoint, identity).get("survey_spec") or {})
        if method in ("POST", "DELETE"):
            self.store.set_survey(endpoint, identity, body if method == "POST" else {})
            return Answer(200)
        return NOT_ALLOWED

    def _associations(
        self,
        method: str,
        endpoint: str,
        identity: int,
        association: str,
        path: str,
        query: Mapping[str, str],
        body: Any,
    ) -> Answer:
        if method == "GET":
            target = RESOURCES[endpoint].associations[association]
            item = self.store.get(endpoint, identity)
            found = [self.store.get(target, other) for other in self.store.linked(item, association)]
            return Answer(200, self._page(found, path, query))
        if method == "POST":
            self.store.associate(endpoint, identity, association, body)
            return Answer(204)
        return NOT_ALLOWED

    def _filtered(self, endpoint: str, query: Mapping[str, str]) -> list[Object]:
        items = self.store.all(endpoint)
        either = {key.removeprefix("or__"): value for key, value in query.items() if key.startswith("or__")}
        for key, value in query.items():
            if key not in PAGING and not key.startswith("or__"):
                items = [item for item in items if self._matches(endpoint, item, key, value)]
        if either:
            items = [item for item in items if any(self._matches(endpoint, item, *pair) for pair in either.items())]
        for key in query:
            self._check_filter(endpoint, key.removeprefix("or__"))
        return items

    @staticmethod
    def _check_filter(endpoint: str, key: str) -> None:
        resources = [RESOURCES[name] for name in (UNIFIED if endpoint == "unified_job_templates" else (endpoint,))]

        def has(resource: Resource) -> bool:
            link = resource.fields.get(key.removesuffix("__name"))
            if key.endswith("__name"):
                return link is not None and link.to != ""
            return link is not None or key in resource.read_only or key in KEPT

        if key not in PAGING and not all(has(resource) for resource in resources):
            raise RefusedError({"detail": f"{endpoint} has no field named '{key}'"})

    def _matches(self, endpoint: str, item: Object, key: str, value: str) -> bool:
        self._check_filter(endpoint, key)
        if key.endswith("__name"):
            field = key.removesuffix("__name")
            identity = item.get(field)
            return (
                identity is not None and self.store.get(RESOURCES[endpoint].fields[field].to, identity)["name"] == value
            )
        if key == "type":
            return RESOURCES[item["_endpoint"]].type in value.split(",")
        actual = item["id"] if key == "id" else self.store.value(item["_endpoint"], item, key)
        if value in ("None", "null"):
            return actual is None
        if isinstance(actual, bool):
            return actual == (value.lower() == "true")
        return str(actual) == value

    def _page(self, items: list[Object], path: str, query: Mapping[str, str]) -> dict[str, Any]:
        size = min(int(query.get("page_size", PAGE_SIZE)), MAX_PAGE_SIZE)
        page = int(query.get("page", 1))
        first, last = (page - 1) * size, page * size
        if page > 1 and first >= len(items):
            raise NotFoundError

        def link(number: int) -> str:
            return f"{path}?{urlencode({**query, 'page': number})}"

        return {
            "count": len(items),
            "next": link(page + 1) if last < len(items) else None,
            "previous": link(page - 1) if page > 1 else None,
            "results": [self.store.shown(item) for item in items[first:last]],
        }


def _handler(awx: Awx) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            is_json = re.match("application/json", self.headers.get("Content-Type", "")) is not None
            if raw and not is_json:
                self._send(415, {"detail": "Unsupported media type in request."})
                return
            body = json.loads(raw) if raw else {}
            self._send(*awx.answer(self.command, self.path, self.headers.get("Authorization", ""), body))

        do_GET = do_POST = do_PATCH = do_DELETE = _serve  # noqa: N815 - the names that http.server looks for

        def _send(self, status: int, body: Any) -> None:
            data = b"" if body is None else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.send_header("X-API-Product-Name", "AWX")
            self.send_header("X-API-Product-Version", VERSION)
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's own name
            """Say nothing: `Awx.requests` keeps what was asked."""

    return Handler


@contextmanager
def running_awx(project: Path) -> Iterator[tuple[Awx, str]]:
    """Serve an empty AWX on a free port of loopback: the AWX, and its address."""
    awx = Awx(project)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(awx))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield awx, f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
