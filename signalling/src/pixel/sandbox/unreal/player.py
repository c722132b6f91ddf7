"""One player of a synthetic Unreal: its WebRTC connection, its tracks and its data channel."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from aiortc import AudioStreamTrack, RTCDataChannel, RTCPeerConnection, RTCSessionDescription
from aiortc.sdp import candidate_from_sdp

from pixel.sandbox.unreal.scene import Scene
from pixel.sandbox.unreal.video import SceneTrack

_CANDIDATE = re.compile(r"^a=(?:candidate:.*|end-of-candidates)\r\n", re.MULTILINE)


class Description(NamedTuple):
    """What is told to the other side: the session description, and apart from it, as Unreal does, the candidates."""

    sdp: str
    candidates: list[dict[str, Any]]


class Player:
    """A player. Media goes over this machine's own addresses alone: no STUN or TURN server is asked.

    Args:
        scene: what it sees.
        on_message: called with each message of its data channel, and a function that answers it.
    """

    def __init__(self, scene: Scene, on_message: Callable[[bytes, Callable[[bytes], None]], None]) -> None:
        self._connection = RTCPeerConnection()
        self._on_message = on_message
        self.video = SceneTrack(scene)
        self._connection.on("datachannel", self._listen)

    async def offer(self) -> Description:
        """Offer the stream, as Unreal 5 does when a player subscribes."""
        self._connection.addTrack(self.video)
        self._connection.addTrack(AudioStreamTrack())
        self._listen(self._connection.createDataChannel("cirrus"))
        await self._connection.setLocalDescription(await self._connection.createOffer())
        return self._description()

    async def accept_answer(self, sdp: str) -> None:
        """Take the player's answer to the offer."""
        await self._connection.setRemoteDescription(RTCSessionDescription(sdp, "answer"))

    async def answer(self, sdp: str) -> Description:
        """Answer an offer of the browser, as Unreal 4.27 does, and Unreal 5 when asked."""
        await self._connection.setRemoteDescription(RTCSessionDescription(sdp, "offer"))
        # Only what was asked for: a track that finds no place in an answer has to wait, which the library does not do.
        if "m=video" in sdp:
            self._connection.addTrack(self.video)
        if "m=audio" in sdp:
            self._connection.addTrack(AudioStreamTrack())
        await self._connection.setLocalDescription(await self._connection.createAnswer())
        return self._description()

    async def add_candidate(self, candidate: dict[str, Any]) -> None:
        """Take one of the player's addresses; an empty one marks their end."""
        _, _, attributes = str(candidate.get("candidate", "")).partition(":")
        if attributes:
            parsed = candidate_from_sdp(attributes)
            parsed.sdpMid, parsed.sdpMLineIndex = candidate.get("sdpMid"), candidate.get("sdpMLineIndex")
            await self._connection.addIceCandidate(parsed)

    async def close(self) -> None:
        """Take leave of the player."""
        await self._connection.close()

    def _listen(self, channel: RTCDataChannel) -> None:
        def received(message: bytes | str) -> None:
            data = message.encode() if isinstance(message, str) else message
            self._on_message(data, channel.send)

        channel.on("message", received)

    def _description(self) -> Description:
        sdp = self._connection.localDescription.sdp
        candidates = []
        for index, section in enumerate(re.split(r"(?m)^(?=m=)", sdp)[1:]):
            mid = re.search(r"(?m)^a=mid:(\S+)", section)
            candidates += [
                {"candidate": line, "sdpMid": mid and mid[1], "sdpMLineIndex": index}
                for line in re.findall(r"(?m)^a=(candidate:.*)\r$", section)
            ]
        return Description(_CANDIDATE.sub("", sdp), candidates)
