"""The service: its listeners, and what connects them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack, suppress
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self

import structlog
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.http11 import Request, Response

from pixel.signalling import web
from pixel.signalling.access import Access, Failures, Pass
from pixel.signalling.counts import Counts, Exposition
from pixel.signalling.events import NoObserver, SessionObserver
from pixel.signalling.gate import Gate, Refusal
from pixel.signalling.protocol.hub import Hub
from pixel.signalling.settings import OFF, Port, Settings, is_loopback
from pixel.signalling.site import installed_page
from pixel.signalling.sockets import Visit
from pixel.signalling.switchboard import Switchboard
from pixel.signalling.tls import Certificate
from pixel.signalling.turn import PeerConnectionOptions

log = structlog.get_logger()

GOING_AWAY = 1001
POLICY_VIOLATION = 1008
TRY_AGAIN_LATER = 1013

CLOSE_TIMEOUT = 3.0
"""Seconds that a peer may take to answer a closing handshake."""


class ListenError(Exception):
    """A port cannot be opened; the text says which, why, and where it was set."""


class SignallingService:
    """The signalling service, from `async with` to its end. It is the `Doorkeeper` of the member's lifecycle.

    Args:
        settings: checked settings.
        follow: given the service, returns the observer of its session.

    Raises:
        CertificateError: (on construction) certificate or key cannot be used.
        ListenError: (on entering) a port cannot be opened.
    """

    def __init__(
        self, settings: Settings, follow: Callable[[SignallingService], SessionObserver] = lambda _service: NoObserver()
    ) -> None:
        self._settings = settings
        self._counts = Counts()
        self._access = Access(settings.access)
        failures = Failures(settings.access.failures_per_minute, time.monotonic)
        compatibility = settings.commands.compatibility
        self._gate = Gate(self._access, failures, settings.http.origins, compatibility=compatibility)
        self._certificate = Certificate(settings.tls) if settings.tls.certificate else None
        hub = Hub(
            PeerConnectionOptions(settings.webrtc, time.time),
            dialect=settings.streamer.protocol,
            max_players=settings.streamer.max_players,
        )
        self._board = Switchboard(hub, follow(self), self._counts, settings.limits.send_buffer_bytes)
        self._web = web.Web(
            installed_page(),
            settings.http.frame_ancestors,
            state=self._state,
            readiness=self._readiness,
            metrics=Exposition(self._counts, self._present),
            metrics_networks=settings.http.metrics_networks,
        )
        self._visits: set[Visit] = set()
        self._servers: list[Server] = []
        self._stack = AsyncExitStack()
        self.http_port = self.redirect_port = self.streamer_port = self.sfu_port = 0
        """The ports listened on; 0 where none is."""

    # From start to end

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._close_servers)
            await self._listen()
            if self._certificate:
                following = asyncio.create_task(self._certificate.follow())
                stack.push_async_callback(_cancel, following)
            self._stack = stack.pop_all()
        log.info(
            "listening",
            http=self.http_port,
            redirect=self.redirect_port,
            streamer=self.streamer_port,
            sfu=self.sfu_port,
        )
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._gate.closed = "the service is shutting down"
        await self._stack.aclose()
        log.info("stopped")

    async def _listen(self) -> None:
        settings = self._settings
        tls = self._certificate.context if self._certificate else None
        http, streamer = settings.http, settings.streamer
        if not is_loopback(streamer.host) and not settings.access.streamers:
            log.warning("streamer_port_open", problem="streamer.host is not loopback and access.streamers is empty")
        self.http_port = await self._open(
            "http.port", http.host, http.port, self._visit, self._visit_requested, ssl=tls
        )
        if tls:
            self.redirect_port = await self._open(
                "http.redirect_port", http.host, http.redirect_port, _nobody, self._redirect
            )
        self.streamer_port = await self._open(
            "streamer.port", streamer.host, streamer.port, self._stream, self._streamer_requested
        )
        self.sfu_port = await self._open(
            "streamer.sfu_port", streamer.host, streamer.sfu_port, self._forward, self._streamer_requested
        )

    async def _open(
        self, setting: str, host: str, port: Port, handler: Any, process_request: Any, **options: Any
    ) -> int:
        """Listen on a port; return its number, 0 for none."""
        if port == OFF:
            return 0
        limits = self._settings.limits
        try:
            server = await serve(
                handler,
                host,
                port,
                process_request=process_request,
                create_connection=Visit,
                compression=None,  # it costs 40 KB a connection (measured), for messages that are sent once
                max_size=limits.frame_bytes,
                ping_interval=limits.ping_interval,
                ping_timeout=limits.ping_timeout,
                close_timeout=CLOSE_TIMEOUT,
                server_header=None,
                **options,
            )
        except OSError as error:
            raise ListenError(f"{setting} {port} on {host} cannot be opened: {error.strerror}; set another") from None
        self._servers.append(server)
        number: int = server.sockets[0].getsockname()[1]
        return number

    async def _close_servers(self) -> None:
        for server in self._servers:
            server.close(code=GOING_AWAY, reason="the service is shutting down")
        await asyncio.gather(*(server.wait_closed() for server in self._servers))

    # Who comes in

    def _visit_requested(self, visit: Visit, request: Request) -> Response | None:
        if not _is_upgrade(request):
            return self._web.answer(request, visit.address)
        if len(self._visits) >= self._settings.limits.connections:
            return self._refused(visit, Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "too many connections", "full", 30))
        return self._admitted(visit, self._gate.admit(request, visit.address))

    def _streamer_requested(self, visit: Visit, request: Request) -> Response | None:
        return self._admitted(visit, self._gate.admit_streamer(request, visit.address))

    def _redirect(self, _visit: Visit, request: Request) -> Response:
        return web.redirect_to_https(request, self.http_port)

    def _admitted(self, visit: Visit, right: Pass | Refusal) -> Response | None:
        if isinstance(right, Refusal):
            return self._refused(visit, right)
        visit.right = right
        return None

    def _refused(self, visit: Visit, refusal: Refusal) -> Response:
        self._counts.refused[refusal.why] += 1
        # One that is blocked has been logged often enough.
        (log.debug if refusal.why == "blocked" else log.info)("refused", address=visit.address, why=refusal.why)
        headers = {} if refusal.retry_after is None else {"Retry-After": str(refusal.retry_after)}
        if refusal.status is HTTPStatus.UNAUTHORIZED:
            headers["WWW-Authenticate"] = "Bearer"
        return web.text(refusal.status, refusal.text, headers)

    async def _visit(self, visit: Visit) -> None:
        right = visit.right
        if self._gate.closed is not None:
            await visit.close(TRY_AGAIN_LATER, self._gate.closed)
            return
        if right is None or not self._access.holds(right):
            await visit.close(POLICY_VIOLATION, "the session has ended")
            return
        self._visits.add(visit)
        try:
            await self._board.serve(visit, "player", per_second=self._settings.limits.messages_per_second)
        finally:
            self._visits.discard(visit)

    async def _stream(self, visit: Visit) -> None:
        await self._board.serve(visit, "streamer")

    async def _forward(self, visit: Visit) -> None:
        await self._board.serve(visit, "sfu")

    # The doorkeeper

    def admit(self, player_digest: str | None, controller_digest: str | None) -> None:
        """Let in exactly the holders of the tokens with these SHA-256 digests (hex); None: nobody in that role."""
        self._access.admit(player_digest, controller_digest)
        for visit in self._visits:
            if visit.right is not None and not self._access.holds(visit.right):
                self._board.close(visit, POLICY_VIOLATION, "the session has ended")

    def refuse_newcomers(self, reason: str) -> None:
        """Let nobody in any more."""
        self._gate.closed = reason

    def accept_newcomers(self) -> None:
        """Take `refuse_newcomers` back."""
        self._gate.closed = None

    def close_all(self, reason: str) -> None:
        """Send players and controllers away; the service goes on. Epic's page does not come back after this code."""
        for visit in self._visits:
            self._board.close(visit, GOING_AWAY, reason)

    # What is told

    def _state(self) -> Mapping[str, object]:
        return {"legacy": self._board.hub.legacy, "streamer": self._board.streamers > 0}

    def _readiness(self) -> Mapping[str, bool]:
        return {"streamer": self._board.streamers > 0, "accepting": self._gate.closed is None}

    def _present(self) -> Mapping[str, float]:
        return {"players": self._board.players, "streamers": self._board.streamers, "sockets": len(self._visits)}


def _is_upgrade(request: Request) -> bool:
    return any("websocket" in value.lower() for value in request.headers.get_all("Upgrade"))


async def _nobody(_visit: ServerConnection) -> None:
    """Handle a socket on a port where there never is one: every request there is answered with HTTP."""


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
