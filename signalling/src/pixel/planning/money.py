"""Amounts for people: dollars or euros, and tables of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pixel.planning.prices import Prices


@dataclass(frozen=True)
class Currency:
    """What amounts are shown in. `usd` is what one of it costs in dollars, `note` says where that comes from."""

    code: str
    sign: str
    usd: float
    note: str

    def of(self, usd: float) -> float:
        """Return an amount of dollars in this currency."""
        return usd / self.usd

    def text(self, usd: float, digits: int = 0) -> str:
        """Return an amount of dollars as people write it."""
        return f"{self.sign}{self.of(usd):,.{digits}f}"


def currency(code: str, rate: float | None, prices: Prices) -> Currency:
    """Return a currency by its code, `usd` or `eur`; `rate` is how many dollars a euro is, if that is given."""
    if code == "usd":
        return Currency("USD", "$", 1.0, "in US dollars")
    if rate is not None:
        return Currency("EUR", "€", rate, f"1 euro = {rate:g} dollars, as given")
    euro = prices.euro
    return Currency("EUR", "€", euro.usd, f"1 euro = {euro.usd:g} dollars on {euro.origin.as_of:%Y-%m-%d}")


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return rows as text, the first column to the left, numbers to the right."""
    widths = [max(len(row[place]) for row in [head, *rows]) for place in range(len(head))]
    lines = [
        "  ".join(
            cell.ljust(width) if place == 0 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in [head, ["─" * width for width in widths], *rows]
    ]
    return "\n".join(lines)
