"""The service: what its parts are, and who may come in."""

from __future__ import annotations

import asyncio
import hmac
import secrets
import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack, suppress
from http import HTTPStatus
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import structlog
from websockets.http11 import Request, Response

from pixel.signalling import web
from pixel.signalling.access import Access, Failures, Pass
from pixel.signalling.commands.carrier import CommandCarrier, PeerProcess
from pixel.signalling.commands.desk import CommandDesk
from pixel.signalling.counts import Counts, Exposition
from pixel.signalling.events import NoObserver, SessionObserver
from pixel.signalling.gate import CONTROLLER_PATH, Gate, Refusal, token_of
from pixel.signalling.listeners import GOING_AWAY, Listeners
from pixel.signalling.protocol.hub import POLICY_VIOLATION, TRY_AGAIN_LATER, Hub
from pixel.signalling.settings import Settings, is_loopback
from pixel.signalling.site import installed_page
from pixel.signalling.sockets import Visit
from pixel.signalling.switchboard import Switchboard
from pixel.signalling.tls import Certificate
from pixel.signalling.turn import PeerConnectionOptions

log = structlog.get_logger()

COMMAND_PEER_PATH = "/command-peer"
SESSION_OVER = "the session has ended"
SHUTTING_DOWN = "the service is shutting down"


class SignallingService:
    """The signalling service, from `async with` to its end. It is the `Doorkeeper` of the member's lifecycle.

    Args:
        settings: checked settings.
        follow: given the service, returns the observer of its session.
        carrier: the way of commands to Unreal; None: a headless peer in a child process.

    Raises:
        CertificateError: (on construction) certificate or key cannot be used.
        ListenError: (on entering) a port cannot be opened.
    """

    def __init__(
        self,
        settings: Settings,
        follow: Callable[[SignallingService], SessionObserver] = lambda _service: NoObserver(),
        carrier: CommandCarrier | None = None,
    ) -> None:
        self._settings = settings
        self._counts = Counts()
        self._access = Access(settings.access)
        self._gate = Gate(
            self._access,
            Failures(settings.access.failures_per_minute, time.monotonic),
            settings.allowed_origins,
            compatibility=settings.commands.compatibility,
            tls=bool(settings.tls.certificate),
        )
        self._certificate = Certificate(settings.tls) if settings.tls.certificate else None
        follower = follow(self)
        self._desk = CommandDesk(
            settings.commands,
            settings.limits,
            carrier or PeerProcess(self._command_peer_environment),
            self._counts,
            follower.activity,
        )
        hub = Hub(
            PeerConnectionOptions(settings.webrtc, time.time),
            dialect=settings.streamer.protocol,
            max_players=settings.streamer.max_players,
        )
        self._board = Switchboard(hub, _Reports(follower, self._desk), self._counts, settings.limits.send_buffer_bytes)
        self._web = web.Web(
            installed_page(),
            settings.http.frame_ancestors,
            state=self._state,
            inquire=self._gate.inquire,
            readiness=self._readiness,
            metrics=Exposition(self._counts, self._present),
            metrics_networks=settings.http.metrics_networks,
        )
        self._visits: set[Visit] = set()
        self._command_peer_token: str | None = None
        self._listeners = Listeners(settings.limits)
        self._stack = AsyncExitStack()
        self.http_port = self.redirect_port = self.streamer_port = self.sfu_port = 0
        """The ports listened on; 0 where none is."""

    # From start to end

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._listeners.close, SHUTTING_DOWN)
            await self._listen()
            tasks = [self._desk.run(), *([self._certificate.follow()] if self._certificate else [])]
            for task in map(asyncio.create_task, tasks):
                stack.push_async_callback(_cancel, task)
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
        self._gate.closed = SHUTTING_DOWN
        await self._stack.aclose()
        log.info("stopped")

    async def _listen(self) -> None:
        http, streamer = self._settings.http, self._settings.streamer
        if not is_loopback(streamer.host) and not self._settings.access.streamers:
            log.warning("streamer_port_open", problem="streamer.host is not loopback and access.streamers is empty")
        tls = self._certificate.context if self._certificate else None
        listen = self._listeners.open
        self.http_port = await listen("http.port", http.host, http.port, self._visit, self._visit_requested, tls)
        if tls:
            self.redirect_port = await listen(
                "http.redirect_port", http.host, http.redirect_port, _nobody, self._redirect
            )
        self.streamer_port = await listen(
            "streamer.port", streamer.host, streamer.port, self._stream, self._streamer_requested
        )
        self.sfu_port = await listen(
            "streamer.sfu_port", streamer.host, streamer.sfu_port, self._forward, self._streamer_requested
        )

    # Who comes in

    def _visit_requested(self, visit: Visit, request: Request) -> Response | None:
        if not _is_upgrade(request):
            return self._web.answer(request, visit.address)
        if len(self._visits) >= self._settings.limits.connections:
            return self._refused(visit, Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "too many connections", "full", 30))
        return self._admitted(visit, self._gate.admit(request, visit.address))

    def _streamer_requested(self, visit: Visit, request: Request) -> Response | None:
        if urlsplit(request.path).path == COMMAND_PEER_PATH:
            visit.internal = True
            return self._admitted(visit, self._command_peer(request))
        return self._admitted(visit, self._gate.admit_streamer(request, visit.address))

    def _command_peer(self, request: Request) -> Pass | Refusal:
        token = (token_of(request) or "").encode()
        if self._command_peer_token and hmac.compare_digest(token, self._command_peer_token.encode()):
            return Pass("player")
        return Refusal(HTTPStatus.UNAUTHORIZED, "this path is for the service's own peer", "token")

    def _redirect(self, _visit: Visit, request: Request) -> Response:
        return web.redirect_to_https(request, self.http_port)

    def _admitted(self, visit: Visit, right: Pass | Refusal) -> Response | None:
        if isinstance(right, Refusal):
            return self._refused(visit, right)
        visit.right = right
        visit.let_in()
        return None

    def _refused(self, visit: Visit, refusal: Refusal) -> Response:
        self._counts.refused[refusal.why] += 1
        # One that is blocked has been logged often enough.
        (log.debug if refusal.why == "blocked" else log.info)("refused", address=visit.address, why=refusal.why)
        return web.text(refusal.status, refusal.text, refusal.headers)

    async def _visit(self, visit: Visit) -> None:
        right = visit.right
        # Between the upgrade and here, the door may have been closed.
        if self._gate.closed is not None:
            await visit.close(TRY_AGAIN_LATER, self._gate.closed)
            return
        if right is None or not self._access.holds(right):
            await visit.close(POLICY_VIOLATION, SESSION_OVER)
            return
        control = visit.path == CONTROLLER_PATH
        visit.forget_handshake()
        self._visits.add(visit)
        try:
            if control or right.role == "controller":
                await self._desk.serve(visit, answers=control)
            else:
                rate = self._settings.limits.messages_per_second
                await self._board.serve(visit, "player", per_second=rate, take=self._desk.take)
        finally:
            self._visits.discard(visit)

    async def _stream(self, visit: Visit) -> None:
        await self._board.serve(visit, "player" if visit.internal else "streamer")

    async def _forward(self, visit: Visit) -> None:
        await self._board.serve(visit, "sfu")

    def _command_peer_environment(self) -> Mapping[str, str]:
        self._command_peer_token = secrets.token_urlsafe(32)
        host = self._settings.streamer.host
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104 - compared with
        return {
            "PIXEL_COMMAND_PEER_URL": f"ws://{host}:{self.streamer_port}{COMMAND_PEER_PATH}",
            "PIXEL_COMMAND_PEER_TOKEN": self._command_peer_token,
            "PIXEL_COMMAND_PEER_LEGACY": str(int(self._board.hub.legacy)),
        }

    # The doorkeeper

    def admit(self, player_digest: str | None, controller_digest: str | None) -> None:
        """Let in exactly the holders of the tokens with these SHA-256 digests (hex); None: nobody in that role."""
        if not self._access.admit(player_digest, controller_digest):
            return
        self._desk.session_over(SESSION_OVER)
        for visit in self._visits:
            if visit.right is not None and not self._access.holds(visit.right):
                self._board.close(visit, POLICY_VIOLATION, SESSION_OVER)

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
        return {
            "players": self._board.players,
            "streamers": self._board.streamers,
            "controllers": self._desk.controllers,
            "sockets": len(self._visits),
        }


class _Reports:
    """Tells the follower of the session, and the command desk what it needs of it."""

    def __init__(self, follower: SessionObserver, desk: CommandDesk) -> None:
        self._desk = desk
        self.player_joined = follower.player_joined
        self.player_left = follower.player_left
        self.activity = follower.activity
        self._follower = follower

    def streamer_connected(self) -> None:
        self._desk.application(present=True)
        self._follower.streamer_connected()

    def streamer_disconnected(self) -> None:
        self._desk.application(present=False)
        self._follower.streamer_disconnected()


def _is_upgrade(request: Request) -> bool:
    return any("websocket" in value.lower() for value in request.headers.get_all("Upgrade"))


async def _nobody(_visit: Visit) -> None:
    """Handle a socket on a port where there never is one: every request there is answered with HTTP."""


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
