"""The report's charts, as SVG that stands in its page. Colours are the page's, by its CSS variables: light and dark."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element  # only made and drawn here, never parsed

import pygal  # type: ignore[import-untyped]  # it has no types
from pygal.style import Style  # type: ignore[import-untyped]

# pygal leaves an importer for its plugins, of a kind that Python has given up: whoever asks it for a module stumbles.
sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, pygal.PluginImportFixer)]

COLOURS = 8
"""Colours that the page has for parts: --c0, --c1, …"""
WIDE, HALF = 1040, 500
LABEL = 70
"""Widths of the page, half of it, and a label."""
_COMMON: dict[str, Any] = {
    "js": (),
    "explicit_size": False,
    "disable_xml_declaration": True,
    "height": 240,
    "margin": 6,
    "spacing": 8,
    "show_legend": False,
    "truncate_label": -1,
    "value_formatter": lambda value: f"{value:g}",
    "include_x_axis": True,
    "no_data_text": "",
}


@dataclass(frozen=True)
class Chart:
    """A chart: its SVG, what it says to who cannot see it, and its legend (names, in the order of the colours)."""

    svg: str
    title: str
    legend: Sequence[str] = ()


def stacked(name: str, title: str, labels: Sequence[str], series: Mapping[str, Sequence[float]]) -> Chart:
    """Return bars of parts that add up, over the whole width; `name` is the chart's own in the page."""
    most = max((sum(parts) for parts in zip(*series.values(), strict=True)), default=0)
    colours = [f"c{place}" for place in range(COLOURS)]
    chart = pygal.StackedBar(**_COMMON, **_axis(labels, WIDE), **_scale(most), width=WIDE, style=_style(colours))
    for part, values in series.items():
        chart.add(part, list(values))
    return _drawn(chart, name, title, tuple(series))


def bars(name: str, title: str, labels: Sequence[str], values: Sequence[float], colour: str) -> Chart:
    """Return plain bars in one colour of the page, over half its width."""
    scale = _scale(max(values, default=0))
    chart = pygal.Bar(**_COMMON, **_axis(labels, HALF), **scale, width=HALF, style=_style([colour]))
    chart.add(title, list(values))
    return _drawn(chart, name, title)


def lying(name: str, title: str, labels: Sequence[str], values: Sequence[float], colour: str) -> Chart:
    """Return plain bars that lie, one for each name, the first on top, over half the page's width."""
    scale = _scale(max(values, default=0))
    height = 60 + 30 * len(labels)
    chart = pygal.HorizontalBar(**{**_COMMON, "height": height}, **scale, width=HALF, style=_style([colour]))
    chart.x_labels = list(reversed(labels))
    chart.add(title, list(reversed(values)))
    return _drawn(chart, name, title)


def ticks(most: float) -> list[int]:
    """Return whole numbers for an axis from 0 to at least `most`: at most six, with round steps."""
    rough = max(1.0, most / 5)
    power = 10 ** math.floor(math.log10(rough))
    step = next(step for step in (power, 2 * power, 5 * power, 10 * power) if step >= rough)
    return list(range(0, (math.ceil(most / step) or 1) * step + 1, step))


def _scale(most: float) -> dict[str, Any]:
    labels = ticks(most)
    return {"y_labels": labels, "range": (0, labels[-1])}


def _axis(labels: Sequence[str], width: int) -> dict[str, Any]:
    """Return how the x axis is labelled: not all of many, so that they do not run into each other."""
    step = max(1, -(-len(labels) * LABEL // width))
    return {"x_labels": labels, "x_labels_major_every": step, "show_minor_x_labels": False}


def _style(colours: Iterable[str]) -> Style:
    return Style(
        background="transparent",
        plot_background="transparent",
        foreground="var(--soft)",
        foreground_strong="var(--ink)",
        foreground_subtle="var(--line)",
        opacity="1",
        opacity_hover="1",
        transition="0s",
        colors=tuple(f"var(--{colour})" for colour in colours),
        font_family="inherit",
        guide_stroke_color="var(--line)",
        guide_stroke_dasharray="none",
        major_guide_stroke_color="var(--line)",
        major_guide_stroke_dasharray="none",
        label_font_size=13,
        major_label_font_size=13,
    )


def _only_drawing(root: Element) -> Element:
    """Take out pygal's comments, which tell the day, and its scripts, which the page's policy forbids."""
    for parent in root.iter():
        for node in list(parent):
            if not isinstance(node.tag, str) or node.tag.endswith("script"):
                parent.remove(node)
    return root


def _drawn(chart: Any, name: str, title: str, legend: Sequence[str] = ()) -> Chart:
    """Draw a chart. The same values make the same text: so its name is ours, where pygal would make one up."""
    chart.uuid = name
    chart.add_xml_filter(_only_drawing)
    return Chart(chart.render(is_unicode=True), title, legend)
