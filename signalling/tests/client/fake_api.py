"""The wake API as its callers meet it: API Gateway's own answers, then the function's."""

from __future__ import annotations

import json
import re
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

STAGE = "/prod"


@dataclass
class Refusal:
    """An answer to give instead of the true one."""

    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class FakeSession:
    """A session of the fake: ready after `polls_left` more questions."""

    id: str
    pool: str
    polls_left: int
    reason: str | None = None


class FakeWakeApi:
    """State behind the HTTP server; a test looks at it and changes it.

    Attributes:
        polls_until_ready: questions answered with `starting` before a new session is ready.
        refusals: answers to give first, one a call.
        lost: how many of the next calls are carried out and not answered.
        calls: method and path of every call with a good key.
    """

    def __init__(self, key: str, ready: dict[str, Any]) -> None:
        self.key = key
        self.ready = ready
        self.polls_until_ready = 0
        self.pools = {"drone"}
        self.refusals: deque[Refusal] = deque()
        self.lost = 0
        self.calls: list[tuple[str, str]] = []
        self.sessions: dict[str, FakeSession] = {}
        self.by_key: dict[str, str] = {}
        self.address = ""

    def end(self, session: str, reason: str) -> None:
        """End a session as the member or the reconciler would."""
        self.sessions[session].reason = reason

    def counted(self, method: str) -> int:
        """Return how many calls of `method` came."""
        return sum(1 for called, _ in self.calls if called == method)

    def create(self, pool: str, idempotency_key: str) -> tuple[int, dict[str, Any]]:
        """Answer `POST /sessions`."""
        if pool not in self.pools:
            return 404, {"error": "unknown_pool", "message": f"there is no pool '{pool}'"}
        if idempotency_key not in self.by_key:
            session = FakeSession(f"s-{len(self.sessions) + 1:04d}", pool, self.polls_until_ready)
            self.sessions[session.id] = session
            self.by_key[idempotency_key] = session.id
        return 202, self.describe(self.sessions[self.by_key[idempotency_key]])

    def describe(self, session: FakeSession) -> dict[str, Any]:
        """Return a session as the API says it."""
        if session.reason is not None:
            return {"session": session.id, "pool": session.pool, "state": "ended", "reason": session.reason}
        if session.polls_left > 0:
            return {
                "session": session.id,
                "pool": session.pool,
                "state": "starting",
                "step": "booting",
                "poll_after": 0,
            }
        return {"session": session.id, "pool": session.pool, "state": "ready", **self.ready}


class Handler(BaseHTTPRequestHandler):
    """One request."""

    fake: FakeWakeApi
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Create a session."""
        body = self._body()
        if self._refused() or self._unless("/sessions"):
            return
        key = self.headers.get("Idempotency-Key", "")
        if not re.fullmatch(r"[!-~]{1,128}", key) or not isinstance(body, dict) or set(body) != {"pool"}:
            self._answer(400, {"error": "invalid_request", "message": f"{body!r} under key {key!r} is no request"})
            return
        self._answer(*self.fake.create(body["pool"], key))

    def do_GET(self) -> None:
        """Describe a session."""
        session = None if self._refused() else self._session()
        if session is not None:
            answer = self.fake.describe(session)
            session.polls_left -= 1
            self._answer(200, answer)

    def do_DELETE(self) -> None:
        """End a session."""
        session = None if self._refused() else self._session()
        if session is not None:
            session.reason = session.reason or "closed"
            self._answer(200, {"session": session.id, "state": "ended"})

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the name http.server gives it)
        """Say nothing."""

    def _body(self) -> Any:
        raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        return json.loads(raw) if self.headers.get("Content-Type") == "application/json" else None

    def _refused(self) -> bool:
        if self.headers.get("x-api-key") != self.fake.key:
            self._answer(403, {"message": "Forbidden"})
            return True
        self.fake.calls.append((self.command, self.path.removeprefix(STAGE)))
        if self.fake.refusals:
            refusal = self.fake.refusals.popleft()
            self._answer(refusal.status, refusal.body, refusal.headers)
            return True
        return False

    def _unless(self, path: str) -> bool:
        if self.path == STAGE + path:
            return False
        self._answer(403, {"message": "Missing Authentication Token"})
        return True

    def _session(self) -> FakeSession | None:
        found = re.fullmatch(STAGE + r"/sessions/([^/]+)", self.path)
        if found is None:
            self._unless("/sessions/{id}")
            return None
        session = self.fake.sessions.get(found[1])
        if session is None:
            self._answer(404, {"error": "not_found", "message": "this API key has no such session"})
        return session

    def _answer(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        if self.fake.lost > 0:
            self.fake.lost -= 1
            self.close_connection = True
            return
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)


@contextmanager
def serving(fake: FakeWakeApi) -> Iterator[FakeWakeApi]:
    """Serve a fake on a free port of loopback."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("BoundHandler", (Handler,), {"fake": fake}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    fake.address = f"http://127.0.0.1:{server.server_port}{STAGE}"
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
