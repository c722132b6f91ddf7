"""Prices: dated data beside this file, which a file of the same form or single values may override."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any

NAMES = (
    *("windows_vcpu_hour", "gp3_gb_month", "snapshot_gb_month", "public_ipv4_hour", "zone_month", "api_request"),
    *("lambda_request", "lambda_gb_second", "table_write", "table_read", "secret_month", "alarm_month"),
)
"""The prices that `--price NAME=USD` may give, beside the instance types, whose price is the whole Windows hour."""


class PriceError(ValueError):
    """A price is missing or wrong; the message says where it was given and what it should be."""


@dataclass(frozen=True)
class Origin:
    """Where a price comes from. `confirmed` is what prices.toml says of it."""

    as_of: date
    source: str
    confirmed: bool


@dataclass(frozen=True)
class Price:
    """US dollars for one of a unit."""

    usd: float
    unit: str
    origin: Origin


@dataclass(frozen=True)
class Instance:
    """An instance type's hour without a licence, and the vCPUs that the Windows licence is paid for."""

    vcpus: float
    usd: float
    origin: Origin


@dataclass(frozen=True)
class Step:
    """A step of the egress price: dollars a GB, up to so many GB a month (None: without end)."""

    up_to_gb: float | None
    usd_gb: float


@dataclass(frozen=True)
class Prices:
    """All prices of one region. `instances` are by instance type."""

    region: str
    prices: Mapping[str, Price]
    instances: Mapping[str, Instance]
    egress: tuple[Step, ...]
    egress_origin: Origin
    euro: Price

    def of(self, name: str) -> float:
        """Return a price in dollars, by its name in prices.toml."""
        return self.prices[name].usd

    def hour(self, instance_type: str) -> float:
        """Return the price of an hour of a Windows instance.

        Raises:
            PriceError: no price of this type is known.
        """
        if instance_type not in self.instances:
            known = ", ".join(self.instances)
            raise PriceError(
                f"no price is known of instance type '{instance_type}': give it with --price {instance_type}=USD "
                f"(the whole Windows hour), or take one of {known}"
            )
        instance = self.instances[instance_type]
        return instance.usd + instance.vcpus * self.of("windows_vcpu_hour")

    def egress_usd(self, gigabytes: float) -> float:
        """Return what so many GB a month to the internet cost, with the account's free GB."""
        total, begin = 0.0, 0.0
        for step in self.egress:
            end = gigabytes if step.up_to_gb is None else min(gigabytes, step.up_to_gb)
            total += max(0.0, end - begin) * step.usd_gb
            begin = max(begin, end)
        return total

    def unconfirmed(self) -> list[str]:
        """Return the names of the prices that nobody has confirmed."""
        origins = {
            **{name: price.origin for name, price in self.prices.items()},
            **{name: instance.origin for name, instance in self.instances.items()},
            "egress": self.egress_origin,
        }
        return [name for name, origin in origins.items() if not origin.confirmed]

    def oldest(self) -> date:
        """Return the day of the oldest price."""
        origins = [*(p.origin for p in self.prices.values()), *(i.origin for i in self.instances.values())]
        return min(origin.as_of for origin in [*origins, self.egress_origin])

    def with_values(self, given: Sequence[str], today: date) -> Prices:
        """Return these prices with single ones replaced: each `given` is NAME=USD.

        Raises:
            PriceError: no price has the name, or the value is no amount of dollars.
        """
        prices, instances = dict(self.prices), dict(self.instances)
        origin = Origin(today, "--price", confirmed=True)
        for text in given:
            name, _, value = text.partition("=")
            usd = _amount(value, f"--price {text}")
            if name in prices:
                prices[name] = replace(prices[name], usd=usd, origin=origin)
            elif "." in name:
                instances[name] = Instance(0, usd, origin)
            else:
                raise PriceError(
                    f"--price {text}: no price is called '{name}': give one of {', '.join(NAMES)}, or an instance type"
                )
        return replace(self, prices=prices, instances=instances)


def load(override: Path | None = None) -> Prices:
    """Return the prices that come with the package, overridden by what a file of the same form holds.

    Raises:
        PriceError: the file cannot be read, or something in it is not as it should be.
    """
    data = tomllib.loads(files("pixel.planning").joinpath("prices.toml").read_text(encoding="utf-8"))
    if override is None:
        return parse(data, "prices.toml")
    try:
        given = tomllib.loads(override.read_text(encoding="utf-8"))
    except OSError as error:
        raise PriceError(f"--prices {override}: {error.strerror}: give a file in the form of prices.toml") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PriceError(f"--prices {override} is no TOML: {error}") from None
    return parse(_merged(data, given), str(override))


def parse(data: Mapping[str, Any], where: str) -> Prices:
    """Return the prices in a file's data.

    Raises:
        PriceError: something is missing, or not of its type.
    """
    try:
        unknown = data["prices"].keys() - set(NAMES)
        if unknown:
            raise PriceError(f"{where}: no price is called {', '.join(sorted(unknown))}: give {', '.join(NAMES)}")
        prices = {
            name: Price(_amount(entry["usd"], f"{where}: {name}"), entry["unit"], _origin(entry, f"{where}: {name}"))
            for name, entry in data["prices"].items()
        }
        origin = _origin(data["instances"], f"{where}: instances")
        instances = {
            name: Instance(
                _amount(entry["vcpus"], f"{where}: {name}"), _amount(entry["usd"], f"{where}: {name}"), origin
            )
            for name, entry in data["instances"]["hours"].items()
        }
        return Prices(
            region=data["region"],
            prices=prices,
            instances=instances,
            egress=_steps(data["egress"]["steps"], where),
            egress_origin=_origin(data["egress"], f"{where}: egress"),
            euro=Price(_amount(data["euro"]["usd"], f"{where}: euro"), "euro", _origin(data["euro"], f"{where}: euro")),
        )
    except KeyError as missing:
        raise PriceError(f"{where} lacks {missing}: give it as prices.toml does") from None
    except (TypeError, AttributeError) as error:
        raise PriceError(f"{where} is not in the form of prices.toml: {error}") from None


def _merged(base: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return `base` with the tables of `given` laid over it, at any depth."""
    merged = dict(base)
    for name, value in given.items():
        both = isinstance(value, Mapping) and isinstance(base.get(name), Mapping)
        merged[name] = _merged(base[name], value) if both else value
    return merged


def _origin(entry: Mapping[str, Any], where: str) -> Origin:
    as_of, confirmed = entry["as_of"], entry["confirmed"]
    if not isinstance(as_of, date) or not isinstance(confirmed, bool):
        raise PriceError(f"{where}: as_of must be a day such as 2026-08-26, and confirmed true or false")
    return Origin(as_of, str(entry["source"]), confirmed)


def _steps(steps: Sequence[Mapping[str, Any]], where: str) -> tuple[Step, ...]:
    made = tuple(
        Step(None if "up_to_gb" not in step else _amount(step["up_to_gb"], where), _amount(step["usd_gb"], where))
        for step in steps
    )
    ends = [step.up_to_gb for step in made[:-1]]
    rising = all(end is not None for end in ends) and all(
        first < second for first, second in pairwise(end for end in ends if end is not None)
    )
    if not made or made[-1].up_to_gb is not None or not rising:
        raise PriceError(f"{where}: egress: steps must rise by up_to_gb, and the last one must have none")
    return made


def _amount(value: Any, where: str) -> float:
    try:
        amount = float(value)
    except (TypeError, ValueError):
        amount = -1.0
    if not 0 <= amount < float("inf"):
        raise PriceError(f"{where}: '{value}' is no amount: give dollars, 0 or more")
    return amount
