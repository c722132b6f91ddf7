"""The WebRTC connection to Unreal: one data channel."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from aiortc import RTCDataChannel, RTCPeerConnection, RTCSessionDescription
from aiortc.sdp import candidate_from_sdp

from pixel.signalling.command_peer import sdp

LABEL = "cirrus"
"""What Epic's player and Unreal call the channel."""

OPEN_WITHIN = 10.0
"""Seconds from asking for the stream to an open channel: both sides are on one machine."""

DRAIN_WITHIN = 1.0


class Link:
    """One connection, from its description to its end. It uses this machine's own addresses alone: Unreal is here.

    Args:
        on_open: called when commands can go.
        on_message: called with each message from Unreal.

    Attributes:
        ended: set, with the reason in `why`, when no command can go any more.
    """

    def __init__(self, on_open: Callable[[], None], on_message: Callable[[bytes], None]) -> None:
        self._connection = RTCPeerConnection()
        self._connection.on("datachannel", self._take)
        self._connection.on("connectionstatechange", self._watch)
        self._on_open = on_open
        self._on_message = on_message
        self._channel: RTCDataChannel | None = None
        self._mid: str | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self.ended = asyncio.Event()
        self.why = ""

    def expect(self) -> None:
        """Unreal has been asked: from now on the channel has a moment to open."""
        self._stop_clock()
        loop = asyncio.get_running_loop()
        self._deadline = loop.call_later(OPEN_WITHIN, self.end, f"no data channel within {OPEN_WITHIN:.0f} s")

    async def answer(self, offer: str) -> str:
        """Answer Unreal's offer; return the session description for it.

        Raises:
            sdp.UnsuitableError: the offer has no data channel.
        """
        self._mid = sdp.mid_of_channel(offer)
        await self._connection.setRemoteDescription(RTCSessionDescription(sdp.data_channel_of(offer), "offer"))
        await self._connection.setLocalDescription(await self._connection.createAnswer())
        return sdp.full_answer(offer, self._connection.localDescription.sdp)

    async def offer(self) -> str:
        """Return an offer for Unreal 4.26 or 4.27, which makes none."""
        self._take(self._connection.createDataChannel(LABEL))
        await self._connection.setLocalDescription(await self._connection.createOffer())
        description: str = self._connection.localDescription.sdp
        return description

    async def accept_answer(self, answer: str) -> None:
        """Take Unreal's answer."""
        await self._connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))

    async def add_candidate(self, candidate: Mapping[str, Any]) -> None:
        """Take one of Unreal's addresses: one for the bundle is one for the data channel. An empty one is their end."""
        _, _, attributes = str(candidate.get("candidate") or "").partition(":")
        if attributes:
            parsed = candidate_from_sdp(attributes)
            parsed.sdpMid, parsed.sdpMLineIndex = self._mid, 0
            await self._connection.addIceCandidate(parsed)

    def send(self, message: bytes) -> None:
        """Send to Unreal, in order and reliably.

        Raises:
            ConnectionError: the channel is not open.
        """
        if self._channel is None or self._channel.readyState != "open":
            raise ConnectionError("the stream's data channel is not open")
        self._channel.send(message)

    async def drain(self) -> None:
        """Wait, for a moment at most, until what was sent has left."""
        channel = self._channel
        deadline = asyncio.get_running_loop().time() + DRAIN_WITHIN
        while channel is not None and channel.bufferedAmount and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.01)

    async def close(self) -> None:
        """End the connection."""
        self._stop_clock()
        await self._connection.close()

    def _stop_clock(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()

    def _opened(self) -> None:
        self._stop_clock()
        self._on_open()

    def _take(self, channel: RTCDataChannel) -> None:
        self._channel = channel
        channel.on("open", self._opened)
        channel.on("message", self._received)
        channel.on("close", lambda: self.end("Unreal closed the data channel"))
        if channel.readyState == "open":
            self._opened()

    def _received(self, message: bytes | str) -> None:
        if isinstance(message, bytes):
            self._on_message(message)

    def _watch(self) -> None:
        if self._connection.connectionState in ("failed", "closed"):
            self.end(f"the connection to Unreal {self._connection.connectionState}")

    def end(self, why: str) -> None:
        """Say that no command can go any more; the first reason stands."""
        if not self.ended.is_set():
            self.why = why
            self.ended.set()
