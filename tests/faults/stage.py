"""A stage on which everybody acts in turn, on a clock that jumps from one event to the next.

Every actor is a greenlet: it runs until it sleeps, waits or calls AWS, and nobody else runs meanwhile. Who goes on next
is decided by times alone, so that the same seed plays the same piece. An actor that is killed is simply never resumed,
which is what SIGKILL does: no `finally` of it runs while the piece lasts.
"""

from __future__ import annotations

import heapq
import itertools
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from greenlet import GreenletExit, getcurrent, greenlet

from pixel.wake.aws import Refused

system_monotonic = time.monotonic
"""The real clock: `time`'s own functions tell the stage's time while a piece is played."""


AWS_FAILS = (BotoCoreError, ClientError, OSError, Refused)
"""What AWS's failing looks like to those who call it."""


@dataclass(eq=False)
class Actor:
    """Somebody on the stage.

    Attributes:
        offset: how far this actor's wall clock is off, in seconds.
        calls_left: after so many calls to AWS it is killed; None: it is not.
        dies: whether that is before or after the last of them is carried out.
        result: what its action returned.
        error: what its action raised.
    """

    name: str
    greenlet: greenlet
    offset: Callable[[], float]
    alive: bool = True
    calls_left: int | None = None
    dies: str = "after"
    printed: list[str] = field(default_factory=list)
    done: bool = False
    result: Any = None
    error: BaseException | None = None
    ticket: int = 0
    waiters: list[Actor] = field(default_factory=list)


class Stage:
    """Who acts when. `now` is the time everybody shares, in seconds since the epoch.

    `crashes` are the errors of actors that AWS has no part in: nobody may have any.
    """

    def __init__(self, now: float) -> None:
        self.now = now
        self.crashes: list[str] = []
        self.began = now
        self.log: list[str] = []
        self._hub = getcurrent()
        self._queue: list[tuple[float, int, Actor, int]] = []
        self._numbers = itertools.count()
        self._actors: dict[greenlet, Actor] = {}

    @property
    def current(self) -> Actor | None:
        """Who acts now; None: whoever runs the stage."""
        return self._actors.get(getcurrent())

    def clock(self) -> float:
        """Return the time on the wall clock of whoever acts."""
        actor = self.current
        return self.now if actor is None else self.now + actor.offset()

    def monotonic(self) -> float:
        """Return a time that nobody sets."""
        return self.now

    def note(self, what: str) -> None:
        """Write a line into the log of the piece."""
        actor = self.current
        self.log.append(f"{self.now - self.began:9.3f}  {actor.name if actor else 'stage':<24} {what}")

    def spawn(
        self, name: str, action: Callable[[], Any], *, after: float = 0.0, offset: Callable[[], float] | None = None
    ) -> Actor:
        """Let somebody enter, who acts until the action returns. Its clock is the parent's unless `offset` is given."""
        parent = self.current
        actor = Actor(name, greenlet(lambda: self._play(actor, action), self._hub), lambda: 0.0)
        if offset is not None:
            actor.offset = offset
        elif parent is not None:
            actor.offset = parent.offset
        self._actors[actor.greenlet] = actor
        self._due(actor, after)
        return actor

    def _play(self, actor: Actor, action: Callable[[], Any]) -> None:
        try:
            actor.result = action()
        except GreenletExit:
            return
        except BaseException as error:
            actor.error = error
            self.note(f"failed: {error!r}")
            if not isinstance(error, AWS_FAILS):
                self.crashes.append(f"{actor.name}: {''.join(traceback.format_exception(error))}")
        finally:
            actor.done = True
            self._actors.pop(actor.greenlet, None)
            self._release(actor)

    def _release(self, actor: Actor) -> None:
        for waiter in actor.waiters:
            self._due(waiter, 0.0)
        actor.waiters.clear()

    def _due(self, actor: Actor, seconds: float) -> None:
        actor.ticket += 1
        heapq.heappush(self._queue, (self.now + max(0.0, seconds), next(self._numbers), actor, actor.ticket))

    def sleep(self, seconds: float) -> None:
        """Let time pass for whoever acts."""
        actor = self.current
        if actor is None:
            self.play(self.now + seconds)
            return
        self._due(actor, seconds)
        self._leave(actor)

    def join(self, other: Actor, timeout: float) -> bool:
        """Wait until another has done or is dead, at most so long; return whether it has done."""
        actor = self.current
        if actor is None:
            until = self.now + timeout
            while not other.done and other.alive and self.now < until:
                self.play(min(until, self.now + 0.5))
            return other.done
        if not other.done and other.alive:
            other.waiters.append(actor)
            self._due(actor, timeout)
            self._leave(actor)
        return other.done

    def _leave(self, actor: Actor) -> None:
        if not actor.alive:
            raise GreenletExit
        self._hub.switch()
        if not actor.alive:
            raise GreenletExit

    def kill(self, actor: Actor) -> None:
        """Kill somebody. One that kills itself never returns from here."""
        if actor.done or not actor.alive:
            return
        actor.alive = False
        self._release(actor)
        if actor is self.current:
            self._hub.switch()
            raise GreenletExit

    def play(self, until: float) -> None:
        """Let everybody act until a moment."""
        while self._queue and self._queue[0][0] <= until:
            at, _, actor, ticket = heapq.heappop(self._queue)
            if ticket != actor.ticket or actor.done or not actor.alive:
                continue
            self.now = max(self.now, at)
            actor.greenlet.switch()
        self.now = max(self.now, until)

    def close(self) -> None:
        """End everybody."""
        for actor in list(self._actors.values()):
            actor.alive = False
        for running in list(self._actors):
            if running:
                running.throw(GreenletExit)
        self._queue.clear()
