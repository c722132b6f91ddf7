"""Instances as they were a while ago: what a describe shows while EC2's answers lag behind its changes.

EC2 is eventually consistent: after a change, a describe may show what was before, and an instance that was just made
not at all ("Ensure idempotency", "Eventual consistency" in the EC2 API's developer guide).
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from moto.ec2.models.instances import Instance, StateReason

from pixel.sandbox.settings import Staleness

KEPT = 12
"""Changes of an instance that are remembered."""


class _Moment(NamedTuple):
    """What of an instance changes while it lives."""

    at: float
    state: str
    state_code: int
    public_ip: str | None
    public_dns_name: str | None
    launch_time: datetime
    state_reason: StateReason
    reason: str


class AsItWas:
    """An instance with what changes taken from an earlier moment, and all else from the instance itself."""

    def __init__(self, instance: Instance, moment: _Moment) -> None:
        self._instance = instance
        self._moment = moment

    def __getattr__(self, name: str) -> Any:
        return getattr(self._moment if name in _Moment._fields else self._instance, name)

    @property
    def _reason(self) -> str:
        return self._moment.reason


class Past:
    """Remembers how instances were, and shows them so.

    Args:
        staleness: how old what is shown may be; None: nothing is.
        now: the time, in seconds since the epoch.
    """

    def __init__(self, staleness: Callable[[], Staleness | None], now: Callable[[], float]) -> None:
        self._staleness = staleness
        self._now = now
        self._moments: dict[str, deque[_Moment]] = {}
        self._set_to: Staleness | None = None
        self._random = random.Random()  # noqa: S311 - repeatable is what it has to be

    def note(self, instance: Instance) -> None:
        """Remember an instance as it is from now on."""
        self._moments.setdefault(instance.id, deque(maxlen=KEPT)).append(
            _Moment(
                at=self._now(),
                state=instance.state,
                state_code=instance.state_code,
                public_ip=instance.public_ip,
                public_dns_name=instance.public_dns_name,
                launch_time=instance.launch_time,
                state_reason=instance.state_reason,
                reason=instance._reason,
            )
        )

    def view(self) -> Callable[[Instance], Instance | None]:
        """Return how one answer shows an instance; None: it was not there yet.

        All instances of an answer are as old: how old, each answer's chance decides.
        """
        wanted = self._staleness()
        if wanted != self._set_to:
            self._set_to = wanted
            self._random.seed(wanted.seed if wanted else 0)
        if wanted is None:
            return lambda instance: instance
        moment = self._now() - self._random.uniform(0, wanted.seconds)
        return lambda instance: self._at(instance, moment)

    def _at(self, instance: Instance, moment: float) -> Instance | None:
        known = self._moments.get(instance.id, ())
        before = [one for one in known if one.at <= moment]
        if not before:
            return None
        return AsItWas(instance, before[-1])  # type: ignore[return-value] # shows all that an instance has
