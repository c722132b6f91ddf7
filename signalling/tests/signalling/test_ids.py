"""Ids of streamers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixel.signalling.protocol.ids import MAX_LENGTH, unique_id


@pytest.mark.parametrize(
    ("wanted", "taken", "given"),
    [
        ("Cam", [], "Cam"),
        ("Cam", ["Cam"], "Cam1"),
        ("Cam", ["Cam", "Cam1", "Cam7"], "Cam8"),
        ("Cam2", ["Cam1"], "Cam2"),
        ("Cam1", ["Cam1"], "Cam11"),
        ("5", ["5"], "56"),
        ("", [], "UnknownStreamer"),
        ("", ["UnknownStreamer"], "UnknownStreamer1"),
    ],
)
def test_an_id_is_counted_on_as_epic_does(wanted: str, taken: list[str], given: str) -> None:
    assert unique_id(wanted, taken) == given


@given(st.text(), st.lists(st.text()))
def test_an_id_is_never_taken_already(wanted: str, taken: list[str]) -> None:
    assert unique_id(wanted, taken) not in taken


def test_the_length_of_an_id_is_bounded() -> None:
    assert len(unique_id("9" * 100_000, [])) == MAX_LENGTH
