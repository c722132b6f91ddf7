"""What a synthetic Unreal shows: a drone that flies over a plain, in the colour it was told. Cheap to draw."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

WIDTH, HEIGHT = 640, 360
Picture = npt.NDArray[np.uint8]
"""Rows of pixels, each red, green and blue: shape (HEIGHT, WIDTH, 3)."""

COLOURS = {"yellow": (250, 204, 64), "red": (236, 82, 74), "green": (104, 210, 122), "blue": (92, 160, 255)}
_HORIZON = 210


class Scene:
    """The world of one synthetic Unreal; every player sees the same."""

    def __init__(self) -> None:
        self._colour = COLOURS["yellow"]
        self._plain = _landscape()

    def interact(self, descriptor: str) -> None:
        """Do what a UI interaction asks: paint the drone in a colour it names; anything else changes nothing."""
        named = [colour for name, colour in COLOURS.items() if name in descriptor.lower()]
        if named:
            self._colour = named[0]

    def picture(self, seconds: float) -> Picture:
        """Draw the scene as it is so many seconds after the start."""
        picture = self._plain.copy()
        x = int(WIDTH / 2 + WIDTH * 0.36 * np.sin(seconds * 0.9)) - 45
        y = int(120 + 34 * np.sin(seconds * 2.1))
        shadow = 0.5 + (y - 86) / 160
        _blend(picture, x + 15, 292, 60, 6, (0, 0, 0), shadow)
        for rotor in (x, x + 66):
            spread = int(4 * abs(np.sin(seconds * 40 + rotor)))
            _blend(picture, rotor - spread, y, 24 + 2 * spread, 4, (225, 232, 238), 0.8)
            picture[y + 4 : y + 14, rotor + 10 : rotor + 14] = (54, 62, 70)
        picture[y + 14 : y + 18, x + 10 : x + 80] = (54, 62, 70)
        picture[y + 12 : y + 34, x + 24 : x + 66] = self._colour
        picture[y + 22 : y + 28, x + 40 : x + 50] = (24, 28, 32)
        return picture


def _landscape() -> Picture:
    rows = np.linspace(0, 1, _HORIZON)[:, None]
    sky = (1 - rows) * np.array((38, 84, 140)) + rows * np.array((188, 214, 232))
    depth = np.linspace(0.02, 1, HEIGHT - _HORIZON)[:, None]
    ground = (1 - depth) * np.array((120, 150, 120)) + depth * np.array((58, 92, 66))
    picture = np.repeat(np.concatenate([sky, ground])[:, None, :], WIDTH, axis=1)
    across = (np.arange(WIDTH)[None, :] - WIDTH / 2) / (depth * 60)
    away = 1 / depth
    lines = (np.abs(across - np.round(across)) < 0.03) | (np.abs(away - np.round(away)) < 0.04 * away)
    picture[_HORIZON:][lines] *= 0.86
    return picture.astype(np.uint8)


def _blend(
    picture: Picture, x: int, y: int, width: int, height: int, colour: tuple[int, int, int], part: float
) -> None:
    area: Any = picture[y : y + height, x : x + width]
    area[:] = (area * (1 - part) + np.array(colour) * part).astype(np.uint8)
