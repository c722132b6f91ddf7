"""The player page as a notebook shows it."""

from __future__ import annotations

from html.parser import HTMLParser
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pixel.client.frame import PlayerFrame

URL = "https://drone-203-0-113-7.pixel.test/#token=PLAYER"


def tags(frame: PlayerFrame) -> list[tuple[str, dict[str, str | None]]]:
    """Return the tags of a frame's HTML, with their attributes."""
    found: list[tuple[str, dict[str, str | None]]] = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attributes: found.append((tag, dict(attributes)))  # type: ignore[method-assign]
    parser.feed(frame._repr_html_())
    return found


def test_the_frame_may_do_what_a_stream_one_plays_needs() -> None:
    (tag, attributes), *_ = tags(PlayerFrame(URL))
    assert (tag, attributes["src"]) == ("iframe", URL)
    assert {"autoplay", "fullscreen", "gamepad", "clipboard-write"} <= set((attributes["allow"] or "").split("; "))
    assert "allowfullscreen" in attributes


def test_there_is_a_plain_link_beside_the_frame() -> None:
    links = [attributes for tag, attributes in tags(PlayerFrame(URL)) if tag == "a"]
    assert [(link["href"], link["target"], link["rel"]) for link in links] == [(URL, "_blank", "noopener noreferrer")]


def test_no_address_is_told_to_others_by_the_browser() -> None:
    assert tags(PlayerFrame(URL))[0][1]["referrerpolicy"] == "no-referrer"


@pytest.mark.parametrize(
    ("width", "height", "style"),
    [(960, 540, "width:960px;height:540px;border:0"), ("100%", "60vh", "width:100%;height:60vh;border:0")],
)
def test_sizes_are_pixels_or_css_lengths(width: int | str, height: int | str, style: str) -> None:
    assert tags(PlayerFrame(URL, width, height))[0][1]["style"] == style


@settings(deadline=None)
@given(st.text("\"'<>&;=/# a"), st.text("\"'<>&;=/# a"))
def test_nothing_breaks_out_of_its_attribute(fragment: str, width: str) -> None:
    found = tags(PlayerFrame(f"{URL}{fragment}", width))
    assert [tag for tag, _ in found] == ["iframe", "p", "a"]
    assert found[0][1]["src"] == found[2][1]["href"] == f"{URL}{fragment}"
    assert found[0][1]["style"] == f"width:{width};height:540px;border:0"


def test_its_representation_as_text_has_no_token() -> None:
    assert "PLAYER" not in repr(PlayerFrame(URL))


def test_a_terminal_gets_the_address(capsys: pytest.CaptureFixture[str]) -> None:
    PlayerFrame(URL).display()
    assert capsys.readouterr().out == f"{URL}\n"


def test_a_notebook_gets_the_frame(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    import IPython

    shown: list[Any] = []
    monkeypatch.setattr(IPython, "get_ipython", lambda: SimpleNamespace(kernel=object()))
    monkeypatch.setattr("IPython.display.display", shown.append)
    frame = PlayerFrame(URL)
    frame.display()
    assert (shown, capsys.readouterr().out) == ([frame], "")
