"""The prices, and how they are overridden."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixel.planning.prices import NAMES, PriceError, load

TODAY = date(2026, 11, 24)


def test_every_price_has_a_day_and_a_source() -> None:
    prices = load()
    origins = [one.origin for one in (*prices.prices.values(), *prices.instances.values(), prices.euro)]
    assert all(origin.source and origin.as_of <= TODAY for origin in [*origins, prices.egress_origin])
    assert set(prices.prices) == set(NAMES)


def test_a_windows_hour_is_the_instance_and_its_licence() -> None:
    assert load().hour("g4dn.xlarge") == pytest.approx(0.526 + 4 * 0.046)
    assert load().hour("g4dn.16xlarge") == pytest.approx(7.296)


def test_a_type_without_a_price_is_refused_with_the_mend() -> None:
    with pytest.raises(PriceError, match=r"no price is known of instance type 'g6.xlarge': give it with --price g6"):
        load().hour("g6.xlarge")


def test_egress_is_paid_by_steps() -> None:
    prices = load()
    assert prices.egress_usd(100) == 0
    assert prices.egress_usd(900) == pytest.approx(72)
    assert prices.egress_usd(20_000) == pytest.approx(10_240 * 0.09 + (20_000 - 10_340) * 0.085)


@given(st.floats(0, 1e6), st.floats(0, 1e6))
def test_more_egress_never_costs_less(some: float, more: float) -> None:
    assert load().egress_usd(some) <= load().egress_usd(some + more) + 1e-6


def test_single_prices_may_be_given() -> None:
    prices = load().with_values(["gp3_gb_month=0.09", "g6.xlarge=1.01", "windows_vcpu_hour=0"], TODAY)
    assert prices.of("gp3_gb_month") == 0.09
    assert prices.hour("g6.xlarge") == 1.01
    assert prices.hour("g4dn.xlarge") == 0.526
    assert "gp3_gb_month" not in prices.unconfirmed()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("gold=1", "no price is called 'gold'"),
        ("gp3_gb_month=cheap", "'cheap' is no amount"),
        ("gp3_gb_month=-1", "'-1' is no amount"),
        ("gp3_gb_month", "'' is no amount"),
    ],
)
def test_a_wrong_single_price_is_refused(given: str, message: str) -> None:
    with pytest.raises(PriceError, match=message):
        load().with_values([given], TODAY)


def test_a_file_overrides_what_it_holds_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "ours.toml"
    file.write_text('region = "eu-central-1"\n[prices.gp3_gb_month]\nusd = 0.0952\n')
    prices = load(file)
    assert (prices.region, prices.of("gp3_gb_month"), prices.of("zone_month")) == ("eu-central-1", 0.0952, 0.5)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[prices", "is no TOML"),
        ("[prices.gold]\nusd = 1", "no price is called gold"),
        ("[prices.gp3_gb_month]\nusd = 'x'", "gp3_gb_month: 'x' is no amount"),
        ("[prices.gp3_gb_month]\nas_of = 'today'", "as_of must be a day"),
        ("[egress]\nsteps = [{up_to_gb = 10, usd_gb = 1}]", "the last one must have none"),
        ("egress = 5", "not in the form"),
    ],
)
def test_a_wrong_file_is_refused_with_its_name(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "ours.toml"
    file.write_text(text)
    with pytest.raises(PriceError, match=message) as refused:
        load(file)
    assert str(file) in str(refused.value)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PriceError, match="No such file"):
        load(tmp_path / "none.toml")
