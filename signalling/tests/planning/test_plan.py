"""`pixel plan`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pixel.planning.costs import Machine, Month, control, ways
from pixel.planning.plan import main, parser
from pixel.planning.prices import load

XLARGE = Machine("g4dn.xlarge", volume_gb=100, mbit=10)
MONTH = Month(members=10, sessions=400, minutes=30, boot=3, grace=5, snapshot_gb=0)
"""200 hours of sessions on ten members."""


BUSY = ("--sessions-per-hour", "12", "--class-seats", "20")
OTHERWISE = {
    "--sessions-per-hour": "6",
    "--minutes": "20",
    "--hours-per-week": "30",
    "--class-seats": "10",
    "--class-share": "0.5",
    "--class-minutes": "60",
    "--classes-per-month": "8",
    "--refusal": "0.2",
    "--works": "0.9",
    "--boot-minutes": "6",
    "--grace-minutes": "15",
    "--stop-minutes": "20",
    "--size": "8",
    "--spares": "9",
    "--spare-hours": "20",
    "--instance-type": "g4dn.2xlarge",
    "--volume-gb": "200",
    "--snapshot-gb": "50",
    "--mbit": "20",
    "--price": "g4dn.xlarge=1.5",
    "--currency": "eur",
}
"""A value of each option that is neither its default nor that of the busy pool."""
PROVED_BY_THEMSELVES = {"--help", "--json", "--prices", "--rate"}


def asked(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main([*arguments, "--json"]) == 0
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    return answer


def test_a_month_costs_what_it_does_by_hand() -> None:
    costs = ways(MONTH, XLARGE, load(), spares=1, spare_hours=50)
    hours, spare, in_hours = 400 * 38 / 60, 730, 50 * 365 / 12 / 7
    by_hand = {
        "always on": 7300 * 0.71 + 7300 * 0.005,
        "stopped pool": hours * 0.71 + hours * 0.005,
        "stopped pool, elastic addresses": hours * 0.71 + 7300 * 0.005,
        "stopped pool, 1 hot all day": (hours + spare) * 0.715,
        "stopped pool, 1 hot 50 h a week": (hours + in_hours) * 0.715,
    }
    wake_path = control(MONTH, load()).total
    assert {name: cost.total - wake_path for name, cost in costs.items()} == pytest.approx(
        {name: usd + 10 * 100 * 0.08 + (200 * 4.5 - 100) * 0.09 for name, usd in by_hand.items()}
    )


def test_the_wake_path_costs_some_dollars_a_month() -> None:
    cost = control(MONTH, load())
    assert 2 < cost.total < 5
    assert min(cost.parts.values()) > 0


def test_a_stopped_pool_never_costs_more_than_one_that_always_runs() -> None:
    crowded = Month(members=1, sessions=10_000, minutes=60, boot=3, grace=5, snapshot_gb=10)
    costs = ways(crowded, XLARGE, load(), spares=5, spare_hours=168)
    assert max(cost.total for cost in costs.values()) == costs["always on"].total


def test_single_people_are_sized_by_erlang_b(capsys: pytest.CaptureFixture[str]) -> None:
    answer = asked(capsys, "--sessions-per-hour", "12", "--minutes", "30")
    assert (answer["size"], answer["erlangs"]) == (15, 8.0)
    assert answer["refused_share"] == pytest.approx(0.0091, abs=0.0001)


def test_a_class_and_single_people_add_up(capsys: pytest.CaptureFixture[str]) -> None:
    answer = asked(capsys, "--sessions-per-hour", "12", "--class-seats", "30", "--works", "1")
    assert (answer["for_single_people"], answer["for_the_class"], answer["size"]) == (15, 30, 45)
    assert answer["refused_share"] == pytest.approx(0.0091, abs=0.0001)


def test_a_given_size_is_asked_about(capsys: pytest.CaptureFixture[str]) -> None:
    answer = asked(capsys, "--sessions-per-hour", "12", "--size", "8")
    assert answer["size"] == 8
    assert answer["refused_share"] == pytest.approx(0.2356, abs=0.0001)


def test_euros_are_dollars_at_the_rate(capsys: pytest.CaptureFixture[str]) -> None:
    dollars = asked(capsys, "--class-seats", "10")
    euros = asked(capsys, "--class-seats", "10", "--currency", "eur", "--rate", "1.25")
    assert euros["costs"]["always on"]["total"] == pytest.approx(
        dollars["costs"]["always on"]["total"] / 1.25, abs=0.01
    )


def test_people_get_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--sessions-per-hour", "12", "--class-seats", "30", "--currency", "eur"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("48 members: 15 for single people, 33 for the class\n")
    assert "stopped pool, 3 hot all day" in text
    assert "1 euro = 1.0411 dollars on 2025-02-28" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "say who comes: give --sessions-per-hour, --class-seats, or both"),
        (["--sessions-per-hour", "-1"], "argument --sessions-per-hour: '-1' is not a number, 0 or more"),
        (["--sessions-per-hour", "nan"], "'nan' is not a number"),
        (["--class-seats", "0"], "argument --class-seats: '0' is not a whole number from 1 to 10000"),
        (["--class-seats", "9", "--class-share", "1.5"], "'1.5' is not a share above 0, up to 1"),
        (["--class-seats", "9", "--refusal", "0"], "'0' is not a share above 0, below 1"),
        (["--class-seats", "9", "--hours-per-week", "169"], "'169' is not hours of a week"),
    ],
)
def test_a_wrong_question_is_refused_with_the_option_and_the_mend(
    capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--class-seats", "9", "--instance-type", "g6.xlarge"], "no price is known of instance type 'g6.xlarge'"),
        (["--sessions-per-hour", "1000000", "--minutes", "100000"], "give fewer or shorter sessions"),
        (["--class-seats", "9", "--price", "gold=1"], "no price is called 'gold'"),
    ],
)
def test_a_question_without_an_answer_says_why(
    capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert main(arguments) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("option", OTHERWISE)
def test_the_answer_depends_on_every_option(capsys: pytest.CaptureFixture[str], option: str) -> None:
    assert asked(capsys, *BUSY, option, OTHERWISE[option]) != asked(capsys, *BUSY)


def test_a_file_of_prices_overrides_those_of_the_package(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "prices.toml"
    file.write_text('[prices.gp3_gb_month]\nusd = 1.0\nas_of = 2026-01-01\nsource = "an offer"\n')
    assert asked(capsys, *BUSY, "--prices", str(file)) != asked(capsys, *BUSY)


def test_no_option_is_left_out_here() -> None:
    options = {action.option_strings[-1] for action in parser()._actions if action.option_strings}
    assert options - PROVED_BY_THEMSELVES == set(OTHERWISE)
