"""Who is let in: decided at the HTTP upgrade, before a socket exists and before anything is told."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from http import HTTPStatus
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

from websockets.datastructures import Headers
from websockets.http11 import Request

from pixel.signalling.access import Access, Failures, Pass
from pixel.signalling.settings import is_loopback

PLAYER_PATH = "/"
CONTROLLER_PATH = "/control"


class Refusal(NamedTuple):
    """Nobody comes in: the HTTP answer, and a word for the statistics."""

    status: HTTPStatus
    text: str
    why: str
    retry_after: int | None = None

    @property
    def headers(self) -> dict[str, str]:
        """The headers that belong to the answer."""
        headers = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        return headers | ({"WWW-Authenticate": "Bearer"} if self.status is HTTPStatus.UNAUTHORIZED else {})


class Gate:
    """The door for players and controllers.

    Args:
        access: the tokens.
        failures: the addresses that were refused.
        origins: the pages that may connect, beside those served from here; `*`: all.
        compatibility: whether the original Scratch clients, which use the players' path, are let in there as
            controllers.
        tls: whether players come in through TLS, so that a browser has checked whose name the page has.
    """

    def __init__(
        self, access: Access, failures: Failures, origins: Iterable[str], *, compatibility: bool, tls: bool
    ) -> None:
        self._access = access
        self._failures = failures
        self._origins = frozenset(origin.lower() for origin in origins)
        self._compatibility = compatibility
        # Without token and certificate, a name proves nothing: its owner may point it here (DNS rebinding).
        self._names_prove = tls or not access.open
        self.closed: str | None = None
        """Why nobody is let in at present; None while somebody is."""

    def admit(self, request: Request, address: str) -> Pass | Refusal:
        """Return the right with which a request comes in, or why it does not. Asks for the token last, so that an
        address that is refused for another reason does not lose its credit."""
        path = urlsplit(request.path).path
        if path not in (PLAYER_PATH, CONTROLLER_PATH):
            return Refusal(HTTPStatus.NOT_FOUND, "players connect to /, controllers to /control", "path")
        if self.closed is not None:
            return Refusal(HTTPStatus.SERVICE_UNAVAILABLE, self.closed, "closed", 30)
        if not self._from_known_page(request.headers):
            return Refusal(HTTPStatus.FORBIDDEN, "this page may not connect (setting http.origins)", "origin")
        right = self._checked(request, address, self._access.role_of)
        if isinstance(right, Refusal) or right.role is None:
            return right
        allowed = {"controller"} if path == CONTROLLER_PATH else {"player"}
        if path == PLAYER_PATH and self._compatibility:
            allowed.add("controller")
        if right.role not in allowed:
            return Refusal(HTTPStatus.FORBIDDEN, f"this is a {right.role}'s token", "role")
        return right

    def inquire(self, request: Request, address: str) -> Refusal | None:
        """Return why a page would not be let in as a player; None when it would, or has shown no token to ask about.

        Browsers do not tell a page why its socket was refused, so it asks.
        """
        if self.closed is not None:
            return Refusal(HTTPStatus.SERVICE_UNAVAILABLE, self.closed, "closed", 30)
        if token_of(request) is None:
            return None
        right = self._checked(request, address, self._access.role_of)
        if isinstance(right, Refusal):
            return right
        if right.role not in (None, "player"):
            return Refusal(HTTPStatus.UNAUTHORIZED, f"this is a {right.role}'s token", "role")
        return None

    def admit_streamer(self, request: Request, address: str) -> Pass | Refusal:
        """Return the right with which a streamer comes in, or why it does not.

        Without a token, no web page: one that a browser on this machine shows could pose as Unreal.
        """
        if self._access.streamers_open and not all(map(_is_of_this_machine, request.headers.get_all("Origin"))):
            return Refusal(HTTPStatus.FORBIDDEN, "pages are no streamers (setting access.streamers)", "origin")
        return self._checked(request, address, self._access.streamer)

    def _checked(self, request: Request, address: str, right_of: Callable[[str | None], Pass | None]) -> Pass | Refusal:
        wait = self._failures.blocked_for(address)
        if wait > 0:
            return Refusal(HTTPStatus.TOO_MANY_REQUESTS, "too many failed attempts", "blocked", int(wait) + 1)
        right = right_of(token_of(request))
        if right is None:
            self._failures.add(address)
            return Refusal(HTTPStatus.UNAUTHORIZED, "a valid token is needed", "token")
        return right

    def _from_known_page(self, headers: Headers) -> bool:
        origins = headers.get_all("Origin")
        if not origins or "*" in self._origins:
            return True
        if len(origins) > 1:
            return False
        origin = origins[0].lower()
        return origin in self._origins or self._from_here(origin, [host.lower() for host in headers.get_all("Host")])

    def _from_here(self, origin: str, hosts: list[str]) -> bool:
        return urlsplit(origin).netloc in hosts and (self._names_prove or _is_address(_host(origin)))


def _host(origin: str) -> str:
    """Return the host of an origin; what Unreal sends may have no scheme."""
    try:
        return urlsplit(origin if "//" in origin else f"//{origin}").hostname or ""
    except ValueError:
        return ""


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return host == "localhost"
    return True


def _is_of_this_machine(origin: str) -> bool:
    return is_loopback(_host(origin))


def token_of(request: Request) -> str | None:
    """Return the token that a request shows, from `Authorization: Bearer` or `?token=`."""
    for header in request.headers.get_all("Authorization"):
        scheme, _, token = header.partition(" ")
        if scheme.lower() == "bearer":
            return token.strip()
    return next(iter(parse_qs(urlsplit(request.path).query).get("token", [])), None)
