"""The wake function's settings: environment variables, read once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pixel.lease import LeaseTimings
from pixel.naming import normal_zone


class SettingsError(ValueError):
    """A setting is missing or wrong; the message names it and says what it should be."""


@dataclass(frozen=True)
class Settings:
    """What the wake function is told. Durations are seconds.

    `default_pool` is the pool of `GET /wake`, `origins` are the web origins that may call from a browser.
    `sessions_per_key` is how many sessions one API key may have at a time. `watch` is how often polls look at members
    that start, `cooldown` how long an availability zone without capacity comes last. `unleased` is how long a member
    may run without a lease before the reconciler doubts it, `confirm` how long a doubt must stand before it acts, and
    `stopping` how long a drained member may take to stop itself. `certificate_secret` is the secret of the members'
    certificate, whose end is watched; None if nobody keeps one.
    """

    lease_table: str
    zone: str
    zone_id: str
    token_secret: str
    default_pool: str | None = None
    origins: tuple[str, ...] = ()
    sessions_per_key: int = 40
    timings: LeaseTimings = field(default_factory=LeaseTimings)
    watch: float = 3
    cooldown: float = 180
    roster: float = 60
    unleased: float = 300
    confirm: float = 30
    stopping: float = 60
    keep_ended: float = 24 * 3600
    certificate_secret: str | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Read the `PIXEL_*` variables.

        Raises:
            SettingsError: a variable is missing, or is not a number where one is needed.
        """
        numbers = {name: _number(environment, f"PIXEL_{name.upper()}") for name in _NUMBERS}
        timings = {
            name: seconds
            for name in vars(LeaseTimings())
            if (seconds := _number(environment, f"PIXEL_{name.upper()}_SECONDS")) is not None
        }
        cap = _number(environment, "PIXEL_SESSIONS_PER_KEY")
        return cls(
            lease_table=_required(environment, "PIXEL_LEASE_TABLE", "the name of the DynamoDB lease table"),
            zone=normal_zone(_required(environment, "PIXEL_ZONE", "the hosted zone's name")),
            zone_id=_required(environment, "PIXEL_ZONE_ID", "the hosted zone's id"),
            token_secret=_required(environment, "PIXEL_TOKEN_SECRET", "the token secret's id in Secrets Manager"),
            default_pool=environment.get("PIXEL_DEFAULT_POOL") or None,
            origins=tuple(environment.get("PIXEL_ORIGINS", "").replace(",", " ").split()),
            sessions_per_key=cls.sessions_per_key if cap is None else int(cap),
            timings=LeaseTimings(**timings),
            certificate_secret=environment.get("PIXEL_CERTIFICATE_SECRET", "").strip() or None,
            **{name: value for name, value in numbers.items() if value is not None},
        )


_NUMBERS = ("watch", "cooldown", "roster", "unleased", "confirm", "stopping", "keep_ended")


def _required(environment: Mapping[str, str], name: str, what: str) -> str:
    value = environment.get(name, "").strip()
    if not value:
        raise SettingsError(f"{name} is not set: give {what}, in the function's environment variables")
    return value


def _number(environment: Mapping[str, str], name: str) -> float | None:
    text = environment.get(name, "").strip()
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        number = 0
    if not 0 < number < float("inf"):
        raise SettingsError(
            f"{name} is '{text}': give a number greater than 0, in the function's environment variables"
        )
    return number
