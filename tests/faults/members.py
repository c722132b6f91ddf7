"""Members on the stage: the real lifecycle, lease and machine of the signalling service; players by token."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from pixel import tokens
from pixel.lease import LeaseTimings, MemberLease
from pixel.sandbox.members.facts import InstanceFacts
from pixel.signalling.host import imds
from pixel.signalling.host.machine import OwnMachine
from pixel.signalling.lifecycle import Instant, Lifecycle
from pixel.signalling.lifecycle_effects import Effect, Local, Remote
from pixel.signalling.lifecycle_settings import LifecycleSettings
from pixel.signalling.member import PATIENCE, TICK, MemberRunner

from .stage import Actor, Stage

POOL_TAG = "pixel:pool"


class Runner(MemberRunner):
    """The service's runner, with the stage in the place of its event loop and its threads."""

    def __init__(self, stage: Stage, name: str, chance: random.Random, **parts: Any) -> None:
        self._stage = stage
        self._name = name
        super().__init__(**parts, clock=lambda: Instant(stage.monotonic(), stage.clock()))
        self._lifecycle = Lifecycle(parts["settings"], self._clock(), leased=True, chance=chance.random)
        self.effects: list[Actor] = []

    def live(self) -> None:
        """Live until killed."""
        while True:
            self._do(self._lifecycle.tick(self._clock()))
            self._stage.sleep(TICK)

    def _do(self, effects: Sequence[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Local):
                self._tell_the_door(effect)
            else:
                kind = type(effect).__name__
                self.effects = [one for one in self.effects if not one.done]
                self.effects.append(self._stage.spawn(f"{self._name} {kind}", partial(self._act, effect)))

    def _act(self, effect: Remote) -> None:
        call = self._stage.spawn(f"{self._name} {type(effect).__name__}", partial(self._call, effect))
        self.effects.append(call)
        if not self._stage.join(call, PATIENCE) or call.error is not None:
            self._do(self._lifecycle.failed(self._clock(), effect))
        else:
            self._do(call.result(self._clock()))


class Computer:
    """A member's computer, from boot to power-off: the service, its door, and Unreal."""

    def __init__(self, cast: Members, facts: InstanceFacts) -> None:
        self._cast = cast
        self._stage = cast.stage
        self.facts = facts
        self.name = facts.instance_id[-6:]
        self.players: dict[str, str] = {}
        self.on = True
        self.offset = 0.0
        self._player_digest: str | None = None
        self._refusing = False
        self._streamer = False
        self._runner: Runner | None = None
        self._service: Actor | None = None

    def boot(self) -> None:
        """Start the service, and Unreal a little later."""
        self._service = self._stage.spawn(f"member {self.name}", self._run, offset=lambda: self.offset)
        seconds = self._cast.chance.uniform(1, 12)
        if self._cast.chance.random() < self._cast.never_loads:
            self._stage.note(f"Unreal never comes up on {self.name}")
        else:
            self._stage.spawn(f"Unreal on {self.name}", self._load, after=seconds)

    def _run(self) -> None:
        facts = imds.InstanceFacts(self.facts.instance_id, self.facts.region, self.facts.public_ip)
        machine = OwnMachine(self._cast.settings, metadata=_Metadata(facts), shutdown=self._power_off)
        lease = MemberLease(
            self._cast.dynamodb,
            self._cast.settings.lease_table,
            self.facts.instance_id,
            self._cast.timings,
            self._stage.clock,
        )
        self._runner = Runner(
            self._stage,
            f"member {self.name}",
            self._cast.chance,
            settings=self._cast.settings,
            door=self,
            machine=machine,
            lease=lambda: lease,
        )
        if self._streamer:
            self._runner.streamer_connected()
        self._runner.live()

    def _load(self) -> None:
        if self.on:
            self._streamer = True
            if self._runner is not None:
                self._runner.streamer_connected()

    def _power_off(self) -> None:
        self._cast.shut_down(self.facts.instance_id)

    def off(self) -> None:
        """The machine is off: nobody is left."""
        self.on = False
        self._end_service()

    def _end_service(self) -> None:
        self.players.clear()
        self._player_digest, self._refusing = None, False
        for actor in [*([self._service] if self._service else []), *(self._runner.effects if self._runner else [])]:
            self._stage.kill(actor)
        self._runner = None

    def kill_service(self) -> None:
        """SIGKILL of the service: Windows starts it again, players are gone."""
        if self.on:
            self._end_service()
            self._service = self._stage.spawn(
                f"member {self.name}", self._run, after=self._cast.chance.uniform(0.5, 4), offset=lambda: self.offset
            )

    def kill_streamer(self) -> None:
        """SIGKILL of Unreal: it is started again."""
        if self.on and self._streamer:
            self._streamer = False
            if self._runner is not None:
                self._runner.streamer_disconnected()
            self._stage.spawn(f"Unreal on {self.name}", self._load, after=self._cast.chance.uniform(2, 15))

    def join(self, player: str, token: str) -> bool:
        """Let a player in, if its token is the session's."""
        if not self.on or self._runner is None or self._refusing or self._player_digest is None:
            return False
        if not tokens.matches(token, self._player_digest):
            return False
        self.players[player] = tokens.digest(token)
        self._runner.player_joined(player)
        return True

    def leave(self, player: str) -> None:
        """A player closes its tab, if it is still there."""
        if self.players.pop(player, None) is not None and self._runner is not None:
            self._runner.player_left(player)

    # The door, as the service has it

    def admit(self, player_digest: str | None, controller_digest: str | None) -> None:
        """Let in the holders of a token; send others away."""
        del controller_digest
        self._player_digest = player_digest
        for player in [name for name, shown in self.players.items() if shown != player_digest]:
            self.leave(player)

    def refuse_newcomers(self, reason: str) -> None:
        """Let nobody in."""
        del reason
        self._refusing = True

    def accept_newcomers(self) -> None:
        """Let players in again."""
        self._refusing = False

    def close_all(self, reason: str) -> None:
        """Send everybody away."""
        del reason
        for player in list(self.players):
            self.leave(player)


class _Metadata(imds.Metadata):
    def __init__(self, facts: imds.InstanceFacts) -> None:
        self._told = facts

    def facts(self) -> imds.InstanceFacts:
        return self._told


class Members:
    """Observes instances, and gives those of a pool a computer for as long as they run."""

    def __init__(
        self,
        stage: Stage,
        dynamodb: Any,
        settings: LifecycleSettings,
        timings: LeaseTimings,
        shut_down: Callable[[str], None],
        chance: random.Random,
        never_loads: float,
    ) -> None:
        self.stage = stage
        self.dynamodb = dynamodb
        self.settings = settings
        self.timings = timings
        self.shut_down = shut_down
        self.chance = chance
        self.never_loads = never_loads
        self._on: dict[str, Computer] = {}

    def changed(self, facts: InstanceFacts) -> None:
        """An instance has come into another state."""
        if facts.state == "running" and POOL_TAG in facts.tags:
            self._on[facts.instance_id] = computer = Computer(self, facts)
            computer.boot()
        elif facts.state in ("stopping", "shutting-down", "stopped", "terminated"):
            computer = self._on.pop(facts.instance_id, None)
            if computer is not None:
                computer.off()

    def at(self, address: str) -> Computer | None:
        """Return the computer at an address."""
        return next((one for one in self._on.values() if one.facts.public_ip == address), None)

    def one(self, place: int) -> Computer | None:
        """Return one of those that are on."""
        there = sorted(self._on.values(), key=lambda one: one.facts.instance_id)
        return there[place % len(there)] if there else None
