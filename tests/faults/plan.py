"""What befalls one schedule: everything that is drawn from its seed before it begins."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

ZONES = ("us-east-2a", "us-east-2b", "us-east-2c")
CHAOS = 300.0
"""Seconds in which faults strike."""
SKEW = 4.0
"""Seconds that a clock is set off at most."""


LIVE = 10
"""Every so manyth schedule is played on real processes."""


def on_processes(seed: int) -> bool:
    """Whether a seed's schedule is played on real processes, in real time."""
    return seed % LIVE == 0


@dataclass(frozen=True)
class Window:
    """A fault of the sandbox, from a second of the schedule to another: settings of `PUT /_sandbox/faults`.

    `blocks` tells that AWS cannot be used meanwhile, so that nobody can be blamed for what does not happen.
    """

    kind: str
    begin: float
    end: float
    faults: dict[str, Any]
    blocks: bool


@dataclass(frozen=True)
class Blow:
    """Something that happens once, at a second of the schedule, to one of those there are (by `place`)."""

    kind: str
    at: float
    place: int
    seconds: float = 0.0


@dataclass(frozen=True)
class Visit:
    """A caller: when it comes and what it does. Times are seconds.

    Attributes:
        key: which API key it has.
        stays: how long its player is connected.
        reloads: how often its player goes and comes back.
        closes: whether it ends its session itself.
        patience: how long it waits for an answer, before it asks again.
        twice: whether it asks for its session twice at the same time, as a double click does.
        vanishes: at which step it is never seen again; None: it is not.
    """

    at: float
    key: str
    stays: float
    reloads: int
    closes: bool
    patience: float
    twice: bool
    vanishes: str | None


@dataclass(frozen=True)
class Errand:
    """An operator's playbook: its settings, and after how many calls to AWS it is killed (None: it is not)."""

    at: float
    playbook: str
    release: str
    size: int
    killed_after: int | None = None
    killed: str = "after"
    state: str = "stopped"


@dataclass(frozen=True)
class Plan:
    """One schedule."""

    seed: int
    size: int
    windows: tuple[Window, ...]
    blows: tuple[Blow, ...]
    visits: tuple[Visit, ...]
    errands: tuple[Errand, ...]
    invocation_dies: float
    event: dict[str, Any] = field(default_factory=dict)


def draw(seed: int) -> Plan:
    """Return the schedule of a seed."""
    chance = random.Random(f"schedule {seed}")
    size = chance.randint(3, 5)
    return Plan(
        seed=seed,
        size=size,
        windows=tuple(_window(chance) for _ in range(chance.randint(3, 7))),
        blows=tuple(_blow(chance) for _ in range(chance.randint(4, 10))),
        visits=tuple(_visit(chance) for _ in range(chance.randint(5, 12))),
        errands=tuple(_errand(chance, size) for _ in range(chance.randint(1, 3))),
        invocation_dies=chance.choice((0.0, 0.02, 0.06, 0.15)),
        event={
            "delay": chance.choice((0.0, 1.0, 10.0, 40.0)),
            "lost": chance.choice((0.0, 0.0, 0.2)),
            "duplicate": chance.choice((0.0, 0.3)),
        },
    )


def _window(chance: random.Random) -> Window:
    kind = chance.choice(("throttle", "dry", "lost", "slow", "stale", "dynamodb", "route53", "ec2", "everything"))
    begin = chance.uniform(0, CHAOS - 30)
    end = min(CHAOS, begin + chance.choice((5, 15, 40, 90)))
    services = chance.choice((None, ["ec2"], ["route53"], ["dynamodb"]))
    fault: dict[str, Any] = {"seed": chance.randrange(1 << 30), "actions": services}
    match kind:
        case "throttle":
            fault["probability"] = chance.choice((0.2, 0.5, 0.8))
            return Window("throttling", begin, end, {"throttle": fault}, True)
        case "lost":
            fault["probability"] = chance.choice((0.1, 0.3))
            return Window("lost answers", begin, end, {"lost_answers": fault}, True)
        case "dry":
            dry = chance.sample(ZONES, chance.choice((1, 2, 3)))
            return Window("dry zones", begin, end, {"capacity": dict.fromkeys(dry, 0)}, False)
        case "slow":
            slow = {"seconds": chance.choice((0.3, 2.0, 7.0)), "actions": services}
            return Window("slow answers", begin, end, {"latency": slow}, True)
        case "stale":
            stale = {"seconds": chance.choice((2.0, 8.0, 15.0)), "seed": fault["seed"]}
            return Window("stale describes", begin, end, {"stale": stale}, True)
    out = None if kind == "everything" else [kind]
    return Window(f"{kind} outage", begin, end, {"unreachable": {"actions": out}}, True)


def _blow(chance: random.Random) -> Blow:
    kind = chance.choice(
        (
            "kill signalling", "kill signalling", "kill streamer", "kill streamer", "step a member's clock",
            "step the function's clock", "stop by hand", "start by hand", "start by hand", "terminate by hand",
        )
    )  # fmt: skip
    return Blow(kind, chance.uniform(5, CHAOS), chance.randrange(100), chance.uniform(-SKEW, SKEW))


def _visit(chance: random.Random) -> Visit:
    # A class comes together; others come when they like.
    at = chance.choice((0.0, chance.uniform(0, CHAOS - 60), chance.uniform(0, CHAOS - 60))) + chance.uniform(0, 3)
    return Visit(
        at=at,
        key=chance.choice(("notebook", "scratch")),
        stays=chance.choice((5.0, 40.0, 150.0)),
        reloads=chance.choice((0, 0, 1, 3)),
        closes=chance.random() < 0.5,
        patience=chance.choice((4.0, 10.0, 40.0)),
        twice=chance.random() < 0.2,
        vanishes=chance.choice((None, None, None, "opened", "ready", "playing")),
    )


def _errand(chance: random.Random, size: int) -> Errand:
    return Errand(
        at=chance.uniform(0, CHAOS - 60),
        playbook=chance.choice(("release", "release", "fleet", "power", "power", "dns_prune")),
        release="1.1.0",
        size=chance.choice((size, size - 1, size + 1)),
        killed_after=chance.choice((None, 1, 2, 3, 5, 8, 12)),
        killed=chance.choice(("before", "after")),
    )
