"""The way to AWS within this process: every botocore client's calls reach the sandbox, on the stage's time.

A call is in flight on its own: its caller may give up, or be killed, and it is still carried out, late.
"""

from __future__ import annotations

import io
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ConnectionClosedError, EndpointConnectionError, ReadTimeoutError
from botocore.httpsession import URLLib3Session
from urllib3._collections import HTTPHeaderDict

from .stage import Actor, Stage

Application = Callable[[dict[str, Any], Callable[..., Any]], Any]
Lag = Callable[[str, str], float]
"""Seconds that a call of a service and an action takes more."""
QUICK, SLOW = 0.004, 0.03
"""Seconds that half a call takes, at least and at most, when nothing disturbs it."""


@dataclass(frozen=True)
class _Reply:
    status: int
    headers: list[tuple[str, str]]
    body: bytes


class _Raw:
    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        yield self._body


class Wire:
    """Carries calls.

    Args:
        application: the sandbox's.
        lag: how much longer calls take.
        chance: decides how long calls take.
    """

    def __init__(self, stage: Stage, application: Application, lag: Lag, chance: random.Random) -> None:
        self._stage = stage
        self._application = application
        self._lag = lag
        self._chance = chance
        self.calls: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Take all botocore clients' calls meanwhile."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(URLLib3Session, "send", lambda session, request: self.send(session, request))
            yield

    def send(self, session: Any, request: AWSPreparedRequest) -> AWSResponse:
        """Make one call, as `URLLib3Session.send` does."""
        actor = self._stage.current
        if actor is None:
            reply = self._carry_out(request)
        else:
            if not actor.alive:
                self._stage.kill(actor)
            last = self._is_last(actor)
            if last and actor.dies == "before":
                self._die(actor, request)
            flight = self._stage.spawn(f"{actor.name}'s call", lambda: self._fly(request))
            arrived = self._stage.join(flight, _read_timeout(session))
            if last:
                self._die(actor, request)
            if not arrived:
                self.faults["timeouts"] += 1
                raise ReadTimeoutError(endpoint_url=request.url)
            if flight.error is not None:
                raise flight.error
            reply = flight.result
        return AWSResponse(request.url, reply.status, HTTPHeaderDict(reply.headers), _Raw(reply.body))

    def _is_last(self, actor: Actor) -> bool:
        if actor.calls_left is None:
            return False
        actor.calls_left -= 1
        return actor.calls_left <= 0

    def _die(self, actor: Actor, request: AWSPreparedRequest) -> None:
        self._stage.note(f"is killed {actor.dies} {_action(request)}")
        self.faults["kills in a call"] += 1
        self._stage.kill(actor)

    def _fly(self, request: AWSPreparedRequest) -> _Reply:
        lag = self._lag(_service(request), _action(request))
        self.faults["slow calls"] += lag > 0
        self._stage.sleep(lag + self._chance.uniform(QUICK, SLOW))
        reply = self._carry_out(request)
        self._stage.sleep(self._chance.uniform(QUICK, SLOW))
        return reply

    def _carry_out(self, request: AWSPreparedRequest) -> _Reply:
        told: list[Any] = []

        def start_response(line: str, headers: list[tuple[str, str]]) -> None:
            told.extend((int(line.split(" ", 1)[0]), headers))

        action, body = _action(request), _body(request)
        self.calls[action] += 1
        try:
            content = b"".join(self._application(_environ(request, body), start_response))
        except ConnectionAbortedError as error:
            lost = "to be lost" in str(error)
            self.faults["lost answers" if lost else "outages"] += 1
            self._stage.note(f"{action}: {error}")
            if lost:
                raise ConnectionClosedError(endpoint_url=request.url, request=request, error=error) from None
            raise EndpointConnectionError(endpoint_url=request.url, error=error) from None
        status, headers = told
        if status >= 400:
            self._stage.note(f"{action}: {status} {content[:160]!r}")
            if b"Throttl" in content or b"RequestLimitExceeded" in content:
                self.faults["throttled calls"] += 1
            if b"InsufficientInstanceCapacity" in content:
                self.faults["dry zones"] += 1
        elif not action.startswith(("Describe", "Get", "List", "Scan", "BatchGet")):
            self._stage.note(f"{action} {body[:400].decode('utf-8', 'replace')}")
        return _Reply(status, headers, content)


def _read_timeout(session: Any) -> float:
    timeout = session._timeout
    return float(getattr(timeout, "read_timeout", timeout))


def _body(request: AWSPreparedRequest) -> bytes:
    body = request.body or b""
    return body if isinstance(body, bytes) else str(body).encode()


def _action(request: AWSPreparedRequest) -> str:
    target = _text(request.headers.get("X-Amz-Target", ""))
    if target:
        return target.rpartition(".")[2]
    body = _body(request)
    if body.startswith(b"Action="):
        return body[7 : body.index(b"&")].decode()
    path = urlsplit(request.url).path
    if "/rrset" in path:
        return "ChangeResourceRecordSets" if request.method == "POST" else "ListResourceRecordSets"
    return "GetChange" if "/change/" in path else f"{request.method} {path}"


def _service(request: AWSPreparedRequest) -> str:
    found = re.search(r"Credential=[^/]+/[^/]+/[^/]+/([^/]+)/", _text(request.headers.get("Authorization", "")))
    return found[1] if found else ""


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


def _environ(request: AWSPreparedRequest, body: bytes) -> dict[str, Any]:
    url = urlsplit(request.url)
    target = (url.path or "/") + (f"?{url.query}" if url.query else "")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "PATH_INFO": unquote(url.path or "/"),
        "QUERY_STRING": url.query,
        "REQUEST_URI": target,
        "RAW_URI": target,
        "SCRIPT_NAME": "",
        "SERVER_NAME": url.hostname,
        "SERVER_PORT": str(url.port),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": url.netloc,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in request.headers.items():
        key = name.upper().replace("-", "_")
        environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = _text(value)
    return environ
