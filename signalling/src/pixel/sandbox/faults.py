"""Faults of the way to AWS: what is thrown at calls, whatever they are about."""

from __future__ import annotations

import random
from collections.abc import Callable

from pixel.sandbox.calls import Answer, Call, Handler
from pixel.sandbox.errors import throttled
from pixel.sandbox.settings import Chance, Faults, Settings


class Dice:
    """Decides whether a fault by chance strikes; its seed makes the same calls suffer the same."""

    def __init__(self) -> None:
        self._chance: Chance | None = None
        self._random = random.Random()  # noqa: S311 - repeatable is what it has to be

    def set(self, chance: Chance | None) -> None:
        """Begin anew, if the fault was set to something else."""
        if chance != self._chance:
            self._chance = chance
            self._random.seed(chance.seed if chance else 0)

    def strikes(self, call: Call) -> bool:
        """Whether this call suffers. Calls that the fault does not concern do not count."""
        chance = self._chance
        return (
            chance is not None
            and chance.concerns(call.service, call.action)
            and self._random.random() < (chance.probability)
        )


class FaultInjection:
    """The layer that delays, refuses, and cuts off.

    An unreachable service and throttling strike before anything is done; a lost answer after it was done. A
    `ConnectionAbortedError` ends the connection without an answer. `sleep` lets time pass for one call.
    """

    def __init__(self, inner: Handler, settings: Settings, sleep: Callable[[float], None]) -> None:
        self._inner = inner
        self._settings = settings
        self._sleep = sleep
        self._throttle = Dice()
        self._loss = Dice()
        settings.watch(self._set)

    def _set(self, faults: Faults) -> None:
        self._throttle.set(faults.throttle)
        self._loss.set(faults.lost_answers)

    def __call__(self, call: Call) -> Answer:
        faults = self._settings.faults
        if faults.latency is not None and faults.latency.concerns(call.service, call.action):
            self._sleep(faults.latency.seconds)
        if faults.unreachable is not None and faults.unreachable.concerns(call.service, call.action):
            raise ConnectionAbortedError(f"{call.name} is set to be unreachable")
        if self._throttle.strikes(call):
            raise throttled(call.service)
        answer = self._inner(call)
        if answer.succeeded and self._loss.strikes(call):
            raise ConnectionAbortedError(f"the answer of {call.name} is set to be lost")
        return answer
