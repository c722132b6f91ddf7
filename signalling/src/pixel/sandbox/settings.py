"""What a test may set: faults, and how long things take. Everything is off, and delays are short, from the start."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

Probability = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(ge=0)]


class _Setting(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Selective(_Setting):
    """A fault of some calls: those of which `ec2.RunInstances`, `RunInstances` or `ec2` is listed; None: of all."""

    actions: tuple[str, ...] | None = None

    def concerns(self, service: str, action: str) -> bool:
        """Whether a call is one of the selected."""
        return self.actions is None or not {service, action, f"{service}.{action}"}.isdisjoint(self.actions)


class Chance(_Selective):
    """A fault that strikes at random, the same way each time for the same seed and the same calls."""

    probability: Probability
    seed: int = 0


class Latency(_Selective):
    """Seconds that each call takes more."""

    seconds: Seconds


class Hold(_Setting):
    """Holds one call, so that its caller can be killed there: before it is applied, or after and before its answer.

    Attributes:
        action: the action to hold, as `RunInstances`; None for any call that changes something.
        nth: which one of them, counted from when the fault was set; 1 is the next.
    """

    action: str | None = None
    nth: Annotated[int, Field(ge=1)] = 1
    when: Literal["before", "after"] = "before"


class Staleness(_Setting):
    """DescribeInstances and DescribeInstanceStatus show what was, up to so many seconds ago, each answer its own.

    Attributes:
        seed: makes the same answers as old.
    """

    seconds: Annotated[float, Field(gt=0)]
    seed: int = 0


class EventFault(_Setting):
    """What befalls EventBridge's events on their way.

    Attributes:
        delay: seconds that an event may take at most, each its own time, so that they overtake one another.
        lost: the probability that an event never arrives.
        duplicate: the probability that an event is delivered twice.
        seed: makes the same events suffer the same.
    """

    delay: Seconds = 0.0
    lost: Probability = 0.0
    duplicate: Probability = 0.0
    seed: int = 0


class Delays(_Setting):
    """Seconds that things take.

    Attributes:
        start: from pending to running.
        stop: from stopping to stopped.
        terminate: from shutting-down to terminated.
        status: from running to status checks that pass.
        vanish: from terminated to unknown.
        image: from pending to available, for an image.
        dns: from PENDING to INSYNC.
    """

    start: Seconds = 1.0
    stop: Seconds = 1.0
    terminate: Seconds = 1.0
    status: Seconds = 1.0
    vanish: Seconds = 3600.0
    image: Seconds = 0.0
    dns: Seconds = 1.0


class Faults(_Setting):
    """Everything that can be set through `/_sandbox/faults`.

    Attributes:
        throttle: calls refused with the service's own throttling error, before anything is done.
        lost_answers: calls that are carried out, but whose answer never arrives: the connection breaks.
        latency: seconds that calls take more.
        unreachable: calls whose connection breaks before anything is done.
        stale: describes show instances as they were a while ago.
        hold: one call that is held until this fault is removed or its caller is gone.
        buckets: whether EC2's and Route 53's documented token buckets apply.
        capacity: how many instances may be pending or running at once in an availability zone; zones not named have
            no limit, 0 is a dry zone.
        vcpus: how many vCPUs may be pending or running at once in the region; None for no limit.
        delays: how long things take.
        events: what befalls events on their way to functions.
    """

    throttle: Chance | None = None
    lost_answers: Chance | None = None
    latency: Latency | None = None
    unreachable: _Selective | None = None
    stale: Staleness | None = None
    hold: Hold | None = None
    buckets: bool = False
    capacity: dict[str, Annotated[int, Field(ge=0)]] = {}
    vcpus: Annotated[int, Field(ge=0)] | None = None
    delays: Delays = Delays()
    events: EventFault = EventFault()

    def changed(self, changes: dict[str, Any]) -> Faults:
        """Return these settings with those named replaced; None sets one back to its default.

        Raises:
            ValueError: an unknown setting, or a value that is none; the text names each.
        """
        if not isinstance(changes, dict):
            raise ValueError(f"the settings must be a JSON object, as {{'buckets': true}}, and are {changes!r}")
        kept = {name: getattr(self, name) for name in self.model_fields_set if name not in changes}
        given = {name: value for name, value in changes.items() if value is not None}
        try:
            return Faults.model_validate({**kept, **given})
        except ValidationError as error:
            wrong = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
            raise ValueError(wrong) from None


class Settings:
    """The settings in force, and those who want to know when they change."""

    def __init__(self) -> None:
        self._faults = Faults()
        self._watchers: list[Callable[[Faults], None]] = []

    @property
    def faults(self) -> Faults:
        """What is set now."""
        return self._faults

    def watch(self, watcher: Callable[[Faults], None]) -> None:
        """Call the watcher with the new settings at every change."""
        self._watchers.append(watcher)

    def change(self, changes: dict[str, Any]) -> None:
        """Replace the settings that are named (see `Faults.changed`)."""
        self._apply(self._faults.changed(changes))

    def reset(self) -> None:
        """Set everything back to its default."""
        self._apply(Faults())

    def _apply(self, faults: Faults) -> None:
        self._faults = faults
        for watcher in self._watchers:
            watcher(faults)
