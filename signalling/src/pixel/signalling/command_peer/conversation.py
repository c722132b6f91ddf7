"""The peer's conversation with the signalling service: an ordinary player's, as far as the data channel needs it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from websockets.asyncio.client import ClientConnection

from pixel.signalling.command_peer.link import Link

FIRST_LOOK, LONGEST_LOOK = 0.25, 3.0
"""Seconds between two looks whether there is a streamer: the first, and the longest."""


class RefusedError(Exception):
    """The service does not give a stream; the text says why."""


class Conversation:
    """Brings the link about, and keeps it fed with Unreal's addresses, until the service ends it.

    Args:
        service: the socket for players.
        link: what is to be connected.
        legacy: Unreal 4.26 or 4.27, which waits for an offer.
    """

    def __init__(self, service: ClientConnection, link: Link, *, legacy: bool) -> None:
        self._service = service
        self._link = link
        self._legacy = legacy
        self._look = FIRST_LOOK

    async def run(self) -> None:
        """Converse until the service closes the socket.

        Raises:
            RefusedError: it gives no stream.
        """
        async with asyncio.TaskGroup() as later:
            async for frame in self._service:
                await self._receive(json.loads(frame), later)

    async def _receive(self, message: dict[str, Any], later: asyncio.TaskGroup) -> None:
        match message:
            case {"type": "config"}:
                if self._legacy:
                    self._link.expect()
                    await self._send({"type": "offer", "sdp": await self._link.offer()})
                else:
                    await self._send({"type": "listStreamers"})
            case {"type": "streamerList", "ids": [first, *_]}:
                self._link.expect()
                await self._send({"type": "subscribe", "streamerId": first})
            case {"type": "streamerList"}:
                later.create_task(self._look_again())
            case {"type": "subscribeFailed", "message": reason}:
                raise RefusedError(reason)
            case {"type": "offer", "sdp": offer}:
                await self._send({"type": "answer", "sdp": await self._link.answer(offer)})
            case {"type": "answer", "sdp": answer}:
                await self._link.accept_answer(answer)
            case {"type": "iceCandidate", "candidate": candidate}:
                await self._link.add_candidate(candidate)
            case {"type": "ping"}:
                await self._send({"type": "pong", "time": message.get("time", 0)})

    async def _look_again(self) -> None:
        await asyncio.sleep(self._look)
        self._look = min(self._look * 2, LONGEST_LOOK)
        await self._send({"type": "listStreamers"})

    async def _send(self, message: dict[str, Any]) -> None:
        await self._service.send(json.dumps(message))
