"""`pixel plan`: how many members a pool needs, and what it costs a month."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from pixel.planning.answer import Class, Habits, Plan, Walkers, Wish, plan
from pixel.planning.costs import MONTH_HOURS, Machine
from pixel.planning.money import Currency, table
from pixel.planning.options import add_acceptance, add_machine, count, currency_of, number, prices_of
from pixel.planning.prices import PriceError, Prices

EXAMPLES = """\
examples:
  Twelve people an hour, half an hour each, one in a hundred may find no machine:
    pixel plan --sessions-per-hour 12 --minutes 30 --refusal 0.01
  A class of thirty, eight times a month for ninety minutes:
    pixel plan --class-seats 30 --class-minutes 90 --classes-per-month 8
  What six members would do and cost, in euros, at your own price:
    pixel plan --sessions-per-hour 4 --size 6 --currency eur --rate 1.16 --price g4dn.xlarge=0.65

The models, the prices and their sources are in docs/costs.md.
"""
PARTS = ("instances", "volumes", "snapshots", "addresses", "egress", "control")


def parser() -> argparse.ArgumentParser:
    """Return the command's parser."""
    made = argparse.ArgumentParser(
        prog="pixel plan",
        usage="pixel plan [--sessions-per-hour N] [--class-seats N] [options]",
        description="How many members a pool needs so that few people are refused, and what it costs a month.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    amount = number(0, 1e6, "a number, 0 or more")
    minutes = number(0, 1e5, "a number of minutes above 0", above=True)
    share = number(0, 1, "a share above 0, up to 1", above=True)
    people = made.add_argument_group("people who come one by one")
    people.add_argument("--sessions-per-hour", type=amount, metavar="N", help="arrivals an hour while people come")
    people.add_argument("--minutes", type=minutes, default=30.0, help="mean minutes of a session; default: 30")
    people.add_argument(
        "--hours-per-week", type=number(0, 168, "hours of a week, 0 to 168"), default=40.0, metavar="H",
        help="hours a week in which they come, for the cost; default: 40",
    )  # fmt: skip
    group = made.add_argument_group("a class that comes at once")
    seats = count(1, 10_000, "a whole number from 1 to 10000")
    group.add_argument("--class-seats", type=seats, metavar="N", help="people in the class")
    group.add_argument("--class-share", type=share, default=1.0, metavar="P", help="how likely each comes; default: 1")
    group.add_argument("--class-minutes", type=minutes, default=90.0, metavar="M", help="default: 90")
    group.add_argument("--classes-per-month", type=amount, default=4.0, metavar="N", help="default: 4")
    habits = made.add_argument_group("what is accepted, and how members behave")
    add_acceptance(habits)
    habits.add_argument("--boot-minutes", type=amount, default=3.0, metavar="M", help="start to usable; default: 3")
    habits.add_argument(
        "--grace-minutes", type=amount, default=5.0, metavar="M", help="last player gone to stop; default: 5"
    )
    habits.add_argument(
        "--stop-minutes", type=amount, default=2.0, metavar="M", help="until it can be started again; default: 2"
    )
    habits.add_argument(
        "--size", type=count(0, 100_000, "a whole number, 0 or more"), help="ask about this many members"
    )
    habits.add_argument("--spares", type=count(0, 100_000, "a whole number, 0 or more"), help="hot spares")
    habits.add_argument(
        "--spare-hours", type=number(0, 168, "hours of a week, 0 to 168"), default=50.0, metavar="H",
        help="hours a week in which spares are kept hot; default: 50",
    )  # fmt: skip
    add_machine(made)
    made.add_argument("--json", action="store_true", help="answer as one JSON object")
    return made


def main(argv: Sequence[str]) -> int:
    """Answer the question in the arguments; return the exit code (2 for a wrong question)."""
    made = parser()
    arguments = made.parse_args(argv)
    if arguments.sessions_per_hour is None and arguments.class_seats is None:
        made.error("say who comes: give --sessions-per-hour, --class-seats, or both")
    machine = Machine(arguments.instance_type, arguments.volume_gb, arguments.mbit)
    try:
        prices = prices_of(arguments, datetime.now(UTC).date())
        answer = plan(*_question(arguments), machine, prices)
    except (PriceError, ValueError) as error:
        print(f"pixel plan: {error}", file=sys.stderr)
        return 2
    money = currency_of(arguments, prices)
    print(json.dumps(data(answer, prices, money)) if arguments.json else text(answer, arguments, prices, money))
    return 0


def data(answer: Plan, prices: Prices, money: Currency) -> dict[str, Any]:
    """Return the answer for programs; amounts are in the currency, a month."""
    costs = {
        name: {part: round(money.of(usd), 2) for part, usd in {**cost.parts, "total": cost.total}.items()}
        for name, cost in answer.costs.items()
    }
    return {
        "size": answer.size,
        "for_single_people": answer.for_walkers,
        "for_the_class": answer.for_class,
        "erlangs": round(answer.load, 4),
        "refused_share": round(answer.refused, 6),
        "hot_spares": answer.spares,
        "sessions_a_month": round(answer.month.sessions, 1),
        "currency": money.code,
        "usd_per_unit": money.usd,
        "costs": costs,
        "prices": {
            "region": prices.region,
            "oldest": prices.oldest().isoformat(),
            "unconfirmed": prices.unconfirmed(),
        },
    }


def text(answer: Plan, arguments: argparse.Namespace, prices: Prices, money: Currency) -> str:
    """Return the answer for people."""
    lines = [f"{answer.size} members{_made_of(answer, arguments)}"]
    if arguments.sessions_per_hour is not None:
        lines += [
            f"  {answer.load:.2f} erlangs of single people: {answer.refused:.2%} of them are refused",
            f"  {answer.spares} hot spares: with them, at most {arguments.refusal * 100:g}% of them wait for a start",
        ]
    month = answer.month
    lines += [
        "",
        f"A month of {month.sessions:,.0f} sessions of {month.minutes:.0f} minutes, {arguments.instance_type}"
        f" with {arguments.volume_gb:g} GB in {prices.region}:",
        table(
            ["", *PARTS, "total"],
            [
                [name, *(money.text(cost.parts[part]) for part in PARTS), money.text(cost.total)]
                for name, cost in answer.costs.items()
            ],
        ),
    ]
    hour = prices.hour(arguments.instance_type)
    spare = arguments.volume_gb * prices.of("gp3_gb_month")
    lines += [
        "",
        f"A member that is forgotten running costs {money.text(hour * MONTH_HOURS)} a month, a stopped one"
        f" {money.text(spare, 2)}: rather have some more stopped ones.",
        f"Prices: {money.note}; the oldest is of {prices.oldest():%Y-%m-%d}; {len(prices.unconfirmed())} are not"
        " confirmed: docs/costs.md tells which.",
    ]
    return "\n".join(lines)


def _made_of(answer: Plan, arguments: argparse.Namespace) -> str:
    if arguments.size is not None:
        return f", as asked; {answer.for_walkers + answer.for_class} would do"
    parts = []
    if arguments.sessions_per_hour is not None:
        parts.append(f"{answer.for_walkers} for single people")
    if arguments.class_seats is not None:
        parts.append(f"{answer.for_class} for the class")
    return ": " + ", ".join(parts)


def _question(arguments: argparse.Namespace) -> tuple[Walkers | None, Class | None, Habits, Wish]:
    walkers = group = None
    if arguments.sessions_per_hour is not None:
        walkers = Walkers(arguments.sessions_per_hour, arguments.minutes, arguments.hours_per_week)
    if arguments.class_seats is not None:
        group = Class(
            arguments.class_seats, arguments.class_share, arguments.class_minutes, arguments.classes_per_month
        )
    habits = Habits(
        arguments.refusal, arguments.works, arguments.boot_minutes, arguments.grace_minutes, arguments.stop_minutes
    )
    return walkers, group, habits, Wish(arguments.size, arguments.spares, arguments.spare_hours, arguments.snapshot_gb)
