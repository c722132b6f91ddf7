"""The synthetic Unreal's video track, which also tells whether anybody took pictures from it."""

from __future__ import annotations

import asyncio
import time
from fractions import Fraction

from aiortc import MediaStreamTrack
from av import VideoFrame

from pixel.sandbox.unreal.scene import Scene

FRAMES_A_SECOND = 20
_CLOCK = 90_000
"""Ticks a second of video timestamps in RTP (RFC 6184, RFC 7741)."""


class SceneTrack(MediaStreamTrack):
    """The scene, one picture after the other, for one player. A picture is drawn only when the encoder asks for it.

    Attributes:
        frames: how many pictures the encoder has taken.
    """

    kind = "video"

    def __init__(self, scene: Scene) -> None:
        super().__init__()
        self.frames = 0
        self._scene = scene
        self._start = time.monotonic()

    async def recv(self) -> VideoFrame:
        """Return the next picture, when its time has come."""
        due = self._start + self.frames / FRAMES_A_SECOND
        now = time.monotonic()
        if now > due + 1:  # the machine was busy: go on from here, do not hurry after lost time
            self._start += now - due
        else:
            await asyncio.sleep(due - now)
        seconds = self.frames / FRAMES_A_SECOND
        frame = VideoFrame.from_ndarray(self._scene.picture(seconds), format="rgb24")
        frame.pts = self.frames * _CLOCK // FRAMES_A_SECOND
        frame.time_base = Fraction(1, _CLOCK)
        self.frames += 1
        return frame
