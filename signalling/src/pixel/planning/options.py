"""What the commands share: types of options, prices, currencies, and how they fail."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import date
from pathlib import Path

from pixel.planning.money import Currency, currency
from pixel.planning.prices import Prices, load


def number(least: float, most: float, what: str, *, above: bool = False) -> Callable[[str], float]:
    """Return an option's type: a number from `least` (or above it) to `most`; `what` says it for people."""

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not (least < value if above else least <= value) or value > most:
            raise argparse.ArgumentTypeError(f"'{text}' is not {what}")
        return value

    return read


def count(least: int, most: int, what: str) -> Callable[[str], int]:
    """Return an option's type: a whole number from `least` to `most`; `what` says it for people."""

    def read(text: str) -> int:
        if not text.isdigit() or not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"'{text}' is not {what}")
        return int(text)

    return read


def add_acceptance(group: argparse._ActionsContainer) -> None:
    """Add the options that say what is accepted."""
    group.add_argument(
        "--refusal",
        type=number(0, 0.999, "a share above 0, below 1", above=True),
        default=0.01,
        metavar="P",
        help="accepted share of people refused; for a class, probability that anybody is; default: 0.01",
    )
    group.add_argument(
        "--works",
        type=number(0, 1, "a share above 0, up to 1", above=True),
        default=0.98,
        metavar="P",
        help="how likely a member starts and works; default: 0.98",
    )


def add_machine(parser: argparse.ArgumentParser) -> None:
    """Add the options that say what a member is, and what is paid for it."""
    group = parser.add_argument_group("members and prices")
    amount = number(0, 1e6, "a number, 0 or more")
    group.add_argument("--instance-type", default="g4dn.xlarge", metavar="TYPE", help="default: %(default)s")
    group.add_argument("--volume-gb", type=amount, default=100.0, metavar="GB", help="a member's disk; default: 100")
    group.add_argument(
        "--snapshot-gb", type=amount, default=0.0, metavar="GB", help="what the kept images' snapshots hold; default: 0"
    )
    group.add_argument("--mbit", type=amount, default=10.0, help="Mbit/s sent to a player, on average; default: 10")
    group.add_argument("--prices", type=Path, metavar="FILE", help="prices that override those of the package (TOML)")
    group.add_argument(
        "--price",
        action="append",
        default=[],
        metavar="NAME=USD",
        help="one price, such as g4dn.xlarge=0.71; repeatable",
    )
    group.add_argument("--currency", choices=("usd", "eur"), default="usd", help="default: usd")
    group.add_argument(
        "--rate",
        type=number(0, 1000, "how many dollars a euro is", above=True),
        metavar="USD",
        help="how many dollars a euro is; default: a dated rate, which is shown",
    )


def prices_of(arguments: argparse.Namespace, today: date) -> Prices:
    """Return the prices that the options ask for.

    Raises:
        PriceError: a price is wrong.
    """
    return load(arguments.prices).with_values(arguments.price, today)


def currency_of(arguments: argparse.Namespace, prices: Prices) -> Currency:
    """Return the currency that the options ask for."""
    return currency(arguments.currency, arguments.rate, prices)
