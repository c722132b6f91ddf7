"""The player page, as a notebook or a terminal shows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from urllib.parse import urlsplit

from pixel.client.surroundings import in_notebook

# What a stream one plays may need of the browser (Permissions Policy names). A notebook's own frame may allow less.
ALLOWED = "autoplay; fullscreen; gamepad; clipboard-read; clipboard-write; xr-spatial-tracking"


@dataclass(frozen=True)
class PlayerFrame:
    """A frame with the player page, and a plain link to it: some notebooks strip frames from what they show.

    Attributes:
        url: the page, with its token: it is in what is shown, so a shared notebook shares the session while it lives.
        width, height: pixels, or CSS lengths.
    """

    url: str = field(repr=False)
    width: int | str = "100%"
    height: int | str = 540

    def _repr_html_(self) -> str:
        url = escape(self.url, quote=True)
        size = escape(f"width:{_css_length(self.width)};height:{_css_length(self.height)}", quote=True)
        return (
            f'<iframe src="{url}" title="Pixel stream" style="{size};border:0" allow="{ALLOWED}" allowfullscreen '
            'referrerpolicy="no-referrer"></iframe>'
            f'<p><a href="{url}" target="_blank" rel="noopener noreferrer">Open the stream of '
            f"{escape(urlsplit(self.url).hostname or '')} in a tab of its own</a></p>"
        )

    def display(self) -> None:
        """Show it where this code runs."""
        if in_notebook():
            from IPython.display import display  # a notebook has it; a plain install does not

            display(self)  # type: ignore[no-untyped-call]  # IPython does not type it
        else:
            print(self.url)


def _css_length(length: int | str) -> str:
    return length if isinstance(length, str) else f"{length}px"
