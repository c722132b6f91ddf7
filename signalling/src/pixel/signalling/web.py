"""What plain HTTP requests are answered: the page, its state, health and metrics."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from email.utils import formatdate
from http import HTTPStatus
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from pixel.signalling.counts import Exposition
from pixel.signalling.gate import Refusal
from pixel.signalling.site import Asset

Answer = Callable[[Request, str], Response]

_HOST = re.compile(r"[A-Za-z0-9.:\[\]-]{1,255}")


def respond(status: HTTPStatus, body: bytes, content_type: str, headers: Mapping[str, str] | None = None) -> Response:
    """Return an answer after which the connection closes (the library serves one request a connection)."""
    fields = {
        "Date": formatdate(usegmt=True),
        "Connection": "close",
        "Content-Type": content_type,
        "Content-Length": str(len(body)),
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
        **(headers or {}),
    }
    return Response(status.value, status.phrase, Headers(fields), body)


def text(status: HTTPStatus, message: str, headers: Mapping[str, str] | None = None) -> Response:
    """Return a line of text."""
    return respond(status, f"{message}\n".encode(), "text/plain; charset=utf-8", headers)


def redirect_to_https(request: Request, port: int) -> Response:
    """Return the way to the same address with HTTPS."""
    hosts = [host for host in request.headers.get_all("Host") if _HOST.fullmatch(host)]
    if not hosts:
        return text(HTTPStatus.BAD_REQUEST, "use HTTPS")
    host = re.sub(r":\d+$", "", hosts[0])
    where = f"https://{host}{'' if port == 443 else f':{port}'}{request.path}"
    return text(HTTPStatus.PERMANENT_REDIRECT, f"use {where}", {"Location": where})


class Web:
    """Answers requests that are no upgrade.

    Args:
        page: the files of the player page, by path.
        frame_ancestors: who may show the page in a frame.
        state: what the page wants to know before it connects.
        inquire: returns why the page would not be let in, if it would not.
        readiness: conditions for being ready, by name.
        metrics: renders the metrics.
        metrics_networks: who may read them.
    """

    def __init__(
        self,
        page: Mapping[str, Asset],
        frame_ancestors: Sequence[str],
        *,
        state: Callable[[], Mapping[str, object]],
        inquire: Callable[[Request, str], Refusal | None],
        readiness: Callable[[], Mapping[str, bool]],
        metrics: Exposition,
        metrics_networks: Sequence[str],
    ) -> None:
        self._page = page
        self._frame_ancestors = " ".join(frame_ancestors) or "'none'"
        self._state = state
        self._inquire = inquire
        self._readiness = readiness
        self._metrics = metrics
        self._metrics_networks = [ip_network(network) for network in metrics_networks]
        self._routes: Mapping[str, Answer] = {
            "/player.json": self._player_state,
            "/healthz": self._healthz,
            "/readyz": self._readyz,
            "/metrics": self._render_metrics,
        }

    def answer(self, request: Request, address: str) -> Response:
        """Return the answer to a request."""
        if request.method not in ("GET", "HEAD"):
            return text(HTTPStatus.METHOD_NOT_ALLOWED, "GET or HEAD", {"Allow": "GET, HEAD"})
        route = self._routes.get(urlsplit(request.path).path, self._file)
        response = route(request, address)
        if request.method == "HEAD":
            response.body = b""
        return response

    def _file(self, request: Request, _address: str) -> Response:
        path = urlsplit(request.path).path
        if path == "/" and not self._page:
            return text(HTTPStatus.NOT_FOUND, "this installation has no player page; install the package's wheel")
        asset = self._page.get(path)
        if asset is None:
            return text(HTTPStatus.NOT_FOUND, "there is nothing here")
        variant = asset.variant(",".join(request.headers.get_all("Accept-Encoding")))
        headers = {
            # Files keep their names over releases: a browser asks each time, and is told in a few bytes.
            "Cache-Control": "no-cache",
            "ETag": variant.etag,
            "Vary": "Accept-Encoding",
            "Referrer-Policy": "no-referrer",
            "Content-Security-Policy": self._policy(request),
        }
        if variant.encoding:
            headers["Content-Encoding"] = variant.encoding
        known = ",".join(request.headers.get_all("If-None-Match"))
        if variant.etag in known or known.strip() == "*":
            response = respond(HTTPStatus.NOT_MODIFIED, b"", asset.content_type, headers)
            del response.headers["Content-Length"]  # it would be the length of the file (RFC 9110, 15.4.5)
            return response
        return respond(HTTPStatus.OK, variant.body, asset.content_type, headers)

    def _policy(self, request: Request) -> str:
        # Before Safari 15.4, 'self' did not cover the WebSocket of the same host.
        hosts = [f"wss://{host}" for host in request.headers.get_all("Host")[:1] if _HOST.fullmatch(host)]
        return "; ".join(
            [
                "default-src 'none'",
                "script-src 'self'",
                "style-src 'self'",
                "img-src 'self' data: blob:",
                "font-src 'self'",
                "media-src 'self' blob:",
                "manifest-src 'self'",
                " ".join(["connect-src 'self'", *hosts]),
                "base-uri 'none'",
                "form-action 'none'",
                f"frame-ancestors {self._frame_ancestors}",
            ]
        )

    def _player_state(self, request: Request, address: str) -> Response:
        refusal = self._inquire(request, address)
        if refusal is None:
            return respond(HTTPStatus.OK, json.dumps(self._state()).encode(), "application/json")
        return text(refusal.status, refusal.text, refusal.headers)

    def _healthz(self, _request: Request, _address: str) -> Response:
        return text(HTTPStatus.OK, "ok")

    def _readyz(self, _request: Request, _address: str) -> Response:
        conditions = self._readiness()
        status = HTTPStatus.OK if all(conditions.values()) else HTTPStatus.SERVICE_UNAVAILABLE
        return respond(status, json.dumps(conditions).encode(), "application/json")

    def _render_metrics(self, _request: Request, address: str) -> Response:
        try:
            source = ip_address(address)
        except ValueError:
            allowed = False
        else:
            source = getattr(source, "ipv4_mapped", None) or source
            allowed = any(source in network for network in self._metrics_networks)
        if not allowed:
            return text(HTTPStatus.FORBIDDEN, "metrics are not for this address (setting http.metrics_networks)")
        return respond(HTTPStatus.OK, self._metrics.render(), self._metrics.content_type)
