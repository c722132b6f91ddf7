"""Callers: they open sessions, wait, watch, reload, leave, end them or are never seen again."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from .function import Function
from .members import Computer, Members
from .plan import Visit
from .stage import Stage

PATIENCE = 240.0
"""Seconds after which a caller gives up."""


@dataclass
class Told:
    """What a caller was told last of its session."""

    session: str
    key: str
    states: list[str] = field(default_factory=list)


class Caller:
    """One person with one notebook. `look` is shown each session that was said to be ready."""

    def __init__(
        self,
        stage: Stage,
        function: Function,
        members: Members,
        visit: Visit,
        number: int,
        chance: random.Random,
        look: Callable[[Mapping[str, Any]], None],
    ) -> None:
        self._stage = stage
        self._function = function
        self._members = members
        self._visit = visit
        self._number = number
        self._chance = chance
        self._look = look
        self.told: Told | None = None
        self.outcomes: Counter[str] = Counter()

    def act(self) -> None:
        """Do what one does."""
        opened = self._open()
        if opened is None or self._visit.vanishes == "opened":
            return
        self.told = Told(opened["session"], self._visit.key)
        ready = self._wait_ready(self.told)
        if ready is None or self._visit.vanishes == "ready":
            return
        self._play(ready)
        if self._visit.closes and self._visit.vanishes is None:
            self._close(self.told)

    def _call(self, method: str, path: str, body: Any = None, idempotency_key: str | None = None) -> tuple[int, Any]:
        status, answer = self._function.call(method, path, self._visit.key, self._visit.patience, body, idempotency_key)
        self._stage.note(f"{method} {path}: {status} {str(answer)[:160]}")
        return status, answer

    def _open(self) -> dict[str, Any] | None:
        until = self._stage.now + PATIENCE
        attempt = 0
        key = f"caller-{self._number}-0"
        while self._stage.now < until:
            if self._visit.twice:
                again = partial(self._call, "POST", "/sessions", {"pool": "drone"}, key)
                self._stage.spawn(f"caller {self._number} again", again)
            status, answer = self._call("POST", "/sessions", {"pool": "drone"}, key)
            if status == 202 and answer["state"] != "ended":
                self.outcomes["opened"] += 1
                return dict(answer)
            if status == 202:
                attempt += 1
                key = f"caller-{self._number}-{attempt}"
            self._stage.sleep(answer.get("retry_after", 2) + self._chance.random())
        self.outcomes["never opened"] += 1
        return None

    def _wait_ready(self, told: Told) -> dict[str, Any] | None:
        until = self._stage.now + PATIENCE
        while self._stage.now < until:
            status, answer = self._call("GET", f"/sessions/{told.session}")
            if status == 200:
                told.states.append(answer["state"])
                if answer["state"] == "ready":
                    self.outcomes["ready"] += 1
                    self._look(answer)
                    return dict(answer)
                if answer["state"] == "ended":
                    self.outcomes[f"ended while starting: {answer['reason']}"] += 1
                    return None
            self._stage.sleep(2.0)
        self.outcomes["never ready"] += 1
        return None

    def _play(self, ready: dict[str, Any]) -> None:
        token = ready["tokens"]["player"]
        for _ in range(self._visit.reloads + 1):
            player = f"player of caller {self._number}"
            computer = self._join(ready["ip"], player, token)
            if computer is None:
                self.outcomes["not let in"] += 1
                return
            self.outcomes["played"] += 1
            if self._visit.vanishes == "playing":
                # The computer sleeps: the browser's socket is found dead a minute later.
                self._stage.sleep(60)
                computer.leave(player)
                return
            until = self._stage.now + self._visit.stays
            while self._stage.now < until:
                self._stage.sleep(min(5.0, until - self._stage.now))
                if player not in computer.players:
                    computer = self._join(ready["ip"], player, token)
                    if computer is None:
                        return
            computer.leave(player)
            self._stage.sleep(3.0)

    def _join(self, address: str, player: str, token: str) -> Computer | None:
        """Connect, trying again as a page does."""
        for _ in range(8):
            computer = self._members.at(address)
            if computer is not None and computer.join(player, token):
                return computer
            self._stage.sleep(2.5)
        return None

    def _close(self, told: Told) -> None:
        for _ in range(10):
            status, _ = self._call("DELETE", f"/sessions/{told.session}")
            if status == 200:
                self.outcomes["closed"] += 1
                return
            self._stage.sleep(3.0)
