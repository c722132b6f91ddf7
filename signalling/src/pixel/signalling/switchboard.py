"""Carries frames between sockets and the hub, and tells the observer who has come and gone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Literal

import structlog

from pixel.signalling.counts import Counts
from pixel.signalling.events import SessionObserver
from pixel.signalling.protocol.effects import Close, Effect, Ignored, Joined, Left, Send, StreamersChanged
from pixel.signalling.protocol.hub import Hub
from pixel.signalling.protocol.peers import Peer
from pixel.signalling.sockets import Visit, frames, post

log = structlog.get_logger()

Kind = Literal["player", "streamer", "sfu"]


class Switchboard:
    """The sockets of all peers of the hub.

    Args:
        hub: decides what is sent to whom.
        observer: follows the session.
        counts: what is counted.
        send_buffer_bytes: what may wait for a peer that does not read; one with more is disconnected, so that it
            neither holds up the others nor fills the memory.
    """

    def __init__(self, hub: Hub, observer: SessionObserver, counts: Counts, send_buffer_bytes: int) -> None:
        self.hub = hub
        self._observer = observer
        self._counts = counts
        self._send_buffer_bytes = send_buffer_bytes
        self._visits: dict[Peer, Visit] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._streamers = 0
        self.players = 0
        """Players that the observer has been told of, and that have not left."""

    @property
    def streamers(self) -> int:
        """How many streamers are connected."""
        return self._streamers

    async def serve(
        self,
        visit: Visit,
        kind: Kind,
        *,
        per_second: int | None = None,
        take: Callable[[str | bytes], bool] = lambda _frame: False,
    ) -> None:
        """Serve a peer until its connection ends.

        Args:
            visit: its connection.
            kind: what it is.
            per_second: how fast it is read; None: as fast as it writes.
            take: is shown every frame first, and returns whether it was for somebody else than the hub.
        """
        peer, effects = self._connect(visit, kind)
        self._visits[peer] = visit
        self._counts.connections[kind] += 1
        log.info("connected", role=kind, address=visit.address, connection=str(visit.id))
        try:
            self.carry(effects)
            async for frame in frames(visit, per_second):
                self._counts.frames_in[kind] += 1
                if not take(frame):
                    self.carry(self.hub.receive(peer, frame))
        finally:
            self.carry(self.hub.disconnect(peer, visit.close_code, visit.close_reason or ""))
            del self._visits[peer]
            log.info(
                "disconnected", role=kind, connection=str(visit.id), code=visit.close_code, reason=visit.close_reason
            )

    def _connect(self, visit: Visit, kind: Kind) -> tuple[Peer, list[Effect]]:
        if kind == "streamer":
            return self.hub.connect_streamer()
        if kind == "sfu":
            return self.hub.connect_sfu()
        return self.hub.connect_player(counted=not visit.internal)

    def carry(self, effects: list[Effect]) -> None:
        """Carry out the hub's effects, and those that come of it."""
        for effect in effects:  # grows while it is worked off
            kind = type(effect)
            if kind is Send:
                effects += self._send(*effect)
            elif kind is Close:
                self._close(*effect)
            else:
                self._report(effect)

    def _send(self, peer: Peer, frame: str) -> list[Effect]:
        visit = self._visits.get(peer)
        if visit is None:
            return []
        self._counts.frames_out += 1
        if post(visit, frame, self._send_buffer_bytes):
            return []
        self._counts.dropped += 1
        log.warning("dropped", connection=str(visit.id), reason="does not read what is sent to it")
        visit.transport.abort()
        return self.hub.disconnect(peer)

    def _close(self, peer: Peer, code: int, reason: str) -> None:
        visit = self._visits.get(peer)
        if visit is not None:
            self.close(visit, code, reason)

    def close(self, visit: Visit, code: int, reason: str) -> None:
        """Close a connection, without waiting for the other side."""
        task = asyncio.get_running_loop().create_task(visit.close(code, reason))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    def _report(self, effect: Effect) -> None:
        match effect:
            case Ignored(peer, reason):
                self._counts.ignored[type(peer).__name__.lower()] += 1
                log.debug("ignored", reason=reason)
            case Joined(player):
                self.players += 1
                self._observer.player_joined(player.player_id)
            case Left(player):
                self.players -= 1
                self._observer.player_left(player.player_id)
            case StreamersChanged(count):
                before, self._streamers = self._streamers, count
                if count and not before:
                    self._observer.streamer_connected()
                elif before and not count:
                    self._observer.streamer_disconnected()
            case Send() | Close():  # carried out before they come here
                pass
