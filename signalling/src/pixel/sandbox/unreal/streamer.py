"""The synthetic Unreal's conversation with the signalling service."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from pixel.sandbox.unreal import wire
from pixel.sandbox.unreal.journal import Journal
from pixel.sandbox.unreal.player import Description, Player
from pixel.sandbox.unreal.scene import Scene

Message = dict[str, Any]
Handler = Callable[[ClientConnection, Message], Coroutine[Any, Any, None]]

UNSUPPORTED = 4001
"""The code with which Unreal closes when it meets a message it does not know."""
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 4.0


class UnsupportedError(Exception):
    """A message that Unreal of this age does not know, or that lacks what it needs; the text is the close's reason."""


class Unreal:
    """A streamer that is there for as long as `run` runs, whatever happens to the service.

    It writes to its journal: `connected`, `disconnected` (code, reason), `player` (player), `interaction` (player,
    descriptor), `malformed` (player, problem), `left` (player, frames: how many pictures it was sent).

    Args:
        url: of the service's port for streamers, such as `ws://127.0.0.1:8888`.
        streamer_id: the name it asks for.
        legacy: behave as Unreal 4.27: know four messages only, close at any other, and leave the offer to the browser.
        journal: takes what happens.
    """

    def __init__(
        self, url: str, journal: Journal, *, streamer_id: str = "DefaultStreamer", legacy: bool = False
    ) -> None:
        self._url = url
        self._journal = journal
        self._id = streamer_id
        self._legacy = legacy
        self._scene = Scene()
        self._players: dict[str, Player] = {}
        self._handlers = self._legacy_handlers() if legacy else self._modern_handlers()

    async def run(self) -> None:
        """Stream until cancelled; connect again, more and more slowly, when the service is not there."""
        pause = FIRST_PAUSE
        while True:
            try:
                async with connect(self._url, compression=None, proxy=None) as service:
                    self._journal({"event": "connected"})
                    pause = FIRST_PAUSE
                    await self._converse(service)
            except (OSError, InvalidHandshake, TimeoutError):
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
            finally:
                await self._dismiss_all()

    async def _converse(self, service: ClientConnection) -> None:
        try:
            async for frame in service:
                await self._receive(service, _parse(frame))
        except UnsupportedError as problem:
            await service.close(UNSUPPORTED, str(problem))
        except ConnectionClosed:
            pass
        self._journal({"event": "disconnected", "code": service.close_code, "reason": service.close_reason})

    async def _receive(self, service: ClientConnection, message: Message) -> None:
        handler = self._handlers.get(message["type"])
        if handler is None:
            raise UnsupportedError(f"Unsupported message received: {message['type']}")
        await handler(service, message)

    def _modern_handlers(self) -> dict[str, Handler]:
        return {
            **self._legacy_handlers(),
            "identify": self._on_identify,
            "endpointIdConfirm": self._ignore,
            "playerConnected": self._on_player_connected,
            "answer": self._on_answer,
            # Epic's page asks for the best layer whenever it gets an offer, though only a forwarding unit has layers.
            "layerPreference": self._ignore,
            "pong": self._ignore,
        }

    def _legacy_handlers(self) -> dict[str, Handler]:
        return {
            "config": self._ignore,
            "offer": self._on_offer,
            "iceCandidate": self._on_candidate,
            "playerDisconnected": self._on_player_disconnected,
        }

    async def _ignore(self, service: ClientConnection, message: Message) -> None:
        pass

    async def _on_identify(self, service: ClientConnection, message: Message) -> None:  # noqa: ARG002 -- a handler
        await _send(service, {"type": "endpointId", "id": self._id})

    async def _on_player_connected(self, service: ClientConnection, message: Message) -> None:
        await self._tell(service, message, "offer", await self._welcome(message).offer())

    async def _on_offer(self, service: ClientConnection, message: Message) -> None:
        await self._tell(service, message, "answer", await self._welcome(message).answer(message["sdp"]))

    async def _on_answer(self, service: ClientConnection, message: Message) -> None:  # noqa: ARG002 -- a handler
        player = self._players.get(self._player_id(message))
        if player is not None:
            await player.accept_answer(message["sdp"])

    async def _on_candidate(self, service: ClientConnection, message: Message) -> None:  # noqa: ARG002 -- a handler
        player = self._players.get(self._player_id(message))
        if player is not None:
            await player.add_candidate(message["candidate"])

    async def _on_player_disconnected(self, service: ClientConnection, message: Message) -> None:  # noqa: ARG002 -- a handler
        await self._dismiss(self._player_id(message))

    async def _tell(self, service: ClientConnection, message: Message, kind: str, description: Description) -> None:
        # Unreal 4.26 and 4.27 keep players' ids as numbers, and send them back as such.
        player = self._player_id(message)
        addressee: dict[str, Any] = {"playerId": int(player) if self._legacy else player}
        await _send(service, {"type": kind, **addressee, "sdp": description.sdp})
        for candidate in description.candidates:
            await _send(service, {"type": "iceCandidate", **addressee, "candidate": candidate})

    def _player_id(self, message: Message) -> str:
        player = str(message.get("playerId", ""))
        if not player or (self._legacy and not player.isdecimal()):
            raise UnsupportedError(f"Missing playerId in {message['type']}")
        return player

    def _welcome(self, message: Message) -> Player:
        name = self._player_id(message)

        def received(data: bytes, answer: Callable[[bytes], None]) -> None:
            self._on_data(name, data, answer)

        self._players[name] = player = Player(self._scene, received)
        self._journal({"event": "player", "player": name})
        return player

    def _on_data(self, player: str, data: bytes, answer: Callable[[bytes], None]) -> None:
        try:
            message = wire.read(data)
        except wire.MalformedError as error:
            self._journal({"event": "malformed", "player": player, "problem": str(error)})
            return
        if message.kind == wire.UI_INTERACTION and message.text is not None:
            self._journal({"event": "interaction", "player": player, "descriptor": message.text})
            self._scene.interact(message.text)
            answer(wire.response(f"done: {message.text}"))

    async def _dismiss(self, name: str) -> None:
        player = self._players.pop(name, None)
        if player is not None:
            await player.close()
            self._journal({"event": "left", "player": name, "frames": player.video.frames})

    async def _dismiss_all(self) -> None:
        for name in list(self._players):
            await self._dismiss(name)


def _parse(frame: str | bytes) -> Message:
    try:
        message = json.loads(frame)
    except ValueError:
        message = None
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        raise UnsupportedError("Cannot parse the message")
    return message


async def _send(service: ClientConnection, message: Message) -> None:
    await service.send(json.dumps(message))
