"""docs/costs.md shows what the commands say, and every price with its day and its source."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from pixel.planning.plan import main
from pixel.planning.prices import load

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "costs.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"^```\n\$ pixel plan (.*)\n((?:.*\n)*?)```$", PAGE, re.MULTILINE)
NAMED = re.findall(r"^pixel plan (.*)$", PAGE, re.MULTILINE)


@pytest.mark.parametrize(("arguments", "output"), SHOWN)
def test_the_shown_output_is_what_the_command_says(
    capsys: pytest.CaptureFixture[str], arguments: str, output: str
) -> None:
    assert main(shlex.split(arguments)) == 0
    assert capsys.readouterr().out == output


@pytest.mark.parametrize("arguments", NAMED)
def test_the_named_command_works(capsys: pytest.CaptureFixture[str], arguments: str) -> None:
    assert main(shlex.split(arguments)) == 0


def test_the_page_shows_and_names_commands() -> None:
    assert (len(SHOWN), len(NAMED)) == (2, 1)


def test_every_price_is_on_the_page_as_it_is() -> None:
    prices = load()
    rows = dict(re.findall(r"^\| `([\w.]+)` (\|.*)$", PAGE, re.MULTILINE))
    for name, price in prices.prices.items():
        confirmed = "yes" if price.origin.confirmed else "no"
        assert float(rows[name].split("|")[1]) == price.usd
        assert f"| {price.origin.as_of} |" in rows[name]
        assert rows[name].endswith(f"| {confirmed} |")
    for name in prices.instances:
        assert float(rows[name].split("|")[1]) == pytest.approx(prices.hour(name))
