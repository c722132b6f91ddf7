"""What a synthetic Unreal shows."""

from __future__ import annotations

import numpy as np
import pytest

from pixel.sandbox.unreal.scene import COLOURS, HEIGHT, WIDTH, Scene


def test_the_picture_moves() -> None:
    scene = Scene()

    assert not np.array_equal(scene.picture(0), scene.picture(0.5))


@pytest.mark.parametrize("colour", COLOURS)
def test_a_command_that_names_a_colour_paints_the_drone(colour: str) -> None:
    scene = Scene()
    scene.interact(f'{{"DroneColor":"{colour.title()}"}}')

    assert (scene.picture(0) == COLOURS[colour]).all(axis=2).any()


def test_any_other_command_changes_nothing() -> None:
    scene = Scene()
    before = scene.picture(1)
    scene.interact("monocular")

    assert np.array_equal(scene.picture(1), before)


@pytest.mark.parametrize("seconds", [0, 1.7, 3600, 86400.5])
def test_a_picture_is_whole_at_any_time(seconds: float) -> None:
    assert Scene().picture(seconds).shape == (HEIGHT, WIDTH, 3)
