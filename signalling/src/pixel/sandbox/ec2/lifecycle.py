"""Instances' lives: pending → running → stopping → stopped, shutting-down → terminated → gone, each in its time."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from moto.ec2.models.instances import Instance

from pixel.sandbox.ec2.account import Account, set_first_launch, set_public_address, set_state, wants_public_address
from pixel.sandbox.ec2.addresses import Addresses
from pixel.sandbox.ec2.past import Past
from pixel.sandbox.errors import AwsError
from pixel.sandbox.members.facts import InstanceFacts
from pixel.sandbox.settings import Delays

USER_STOP = ("Client.UserInitiatedShutdown", "User initiated shutdown")
OWN_STOP = ("Client.InstanceInitiatedShutdown", "Instance initiated shutdown")


class _Step(NamedTuple):
    due: float
    number: int
    instance: Instance
    state: str


class Lifecycle:
    """Moves instances from state to state.

    A state that lasts a while is entered at once, and left when its time has come: call `settle` before looking.

    Args:
        account: where the instances are.
        delays: how long things take, asked at each beginning.
        now: the time, in seconds since the epoch.
        tell: is told of every change of state.
        past: remembers every change.
    """

    def __init__(
        self,
        account: Account,
        delays: Callable[[], Delays],
        now: Callable[[], float],
        tell: Callable[[InstanceFacts], None],
        past: Past,
    ) -> None:
        self._account = account
        self._delays = delays
        self._now = now
        self._addresses = Addresses()
        self._steps: list[_Step] = []
        self._next_step: dict[str, int] = {}
        self._numbers = itertools.count()
        self._running_since: dict[str, float] = {}
        self._tell = tell
        self._past = past

    def settle(self) -> None:
        """Make the changes whose time has come."""
        while self._steps and self._steps[0].due <= self._now():
            step = heapq.heappop(self._steps)
            if self._next_step.get(step.instance.id) == step.number:
                del self._next_step[step.instance.id]
                self._enter(step.instance, step.state)

    def next_due(self) -> float | None:
        """Return when the next change comes, in seconds since the epoch; None when none does."""
        return self._steps[0].due if self._steps else None

    def status_passed(self, instance: Instance) -> bool:
        """Whether the status checks of a running instance have passed; before, they are `initializing`."""
        return self._running_since.get(instance.id, 0.0) + self._delays().status <= self._now()

    def launch(self, instance: Instance) -> None:
        """Begin the life of an instance that was just made."""
        instance.launch_time = self._moment()
        set_first_launch(instance)
        self._boot(instance)

    def check_startable(self, instance: Instance) -> None:
        """Raise `IncorrectInstanceState` unless the instance may be started (or runs, or is about to)."""
        if instance.state not in ("stopped", "pending", "running"):
            raise _incorrect(f"The instance '{instance.id}' is not in a state from which it can be started.")

    def check_stoppable(self, instance: Instance) -> None:
        """Raise `IncorrectInstanceState` unless the instance may be stopped (or is, or is about to be)."""
        if instance.state not in ("running", "stopping", "stopped"):
            raise _incorrect(f"This instance '{instance.id}' is not in a state from which it can be stopped.")

    def check_rebootable(self, instance: Instance) -> None:
        """Raise `IncorrectInstanceState` unless the instance runs."""
        if instance.state != "running":
            raise _incorrect(f"The instance '{instance.id}' is not in a state from which it can be rebooted.")

    def start(self, instance: Instance) -> None:
        """Start a stopped instance; one that runs, or is about to, is left alone."""
        if instance.state == "stopped":
            # EC2 tells seconds only: a restart is later than the launch before it, however soon it comes.
            instance.launch_time = max(self._moment(), instance.launch_time + timedelta(seconds=1))
            self._boot(instance)

    def stop(self, instance: Instance, why: tuple[str, str] = USER_STOP) -> None:
        """Stop a running instance; one that is stopped, or about to be, is left alone."""
        if instance.state == "running":
            self._change(instance, "stopping", why)
            self._later(instance, "stopped", self._delays().stop)

    def terminate(self, instance: Instance, why: tuple[str, str] = USER_STOP) -> None:
        """End an instance's life; one that is ending, or ended, is left alone. A stopped one ends at once."""
        if instance.state == "stopped":
            self._enter(instance, "terminated")
        elif instance.state not in ("shutting-down", "terminated"):
            self._change(instance, "shutting-down", why)
            self._later(instance, "terminated", self._delays().terminate)

    def end(self) -> None:
        """Tell of every instance that has not ended that it has: the account is about to be emptied."""
        for instance in self._account.instances():
            if instance.state != "terminated":
                self._change(instance, "terminated")

    def _moment(self) -> datetime:
        """Return the time as moto keeps it: UTC, without saying so."""
        return datetime.fromtimestamp(self._now(), UTC).replace(tzinfo=None)

    def _boot(self, instance: Instance) -> None:
        if wants_public_address(instance):
            set_public_address(instance, self._addresses.next())
        self._change(instance, "pending")
        self._later(instance, "running", self._delays().start)

    def _enter(self, instance: Instance, state: str) -> None:
        if state == "running":
            self._running_since[instance.id] = self._now()
        elif state == "stopped" and wants_public_address(instance):
            set_public_address(instance, None)
        elif state == "terminated":
            instance.terminate()
            set_public_address(instance, None)
            self._running_since.pop(instance.id, None)
            self._later(instance, "gone", self._delays().vanish)
        elif state == "gone":
            self._account.forget(instance)
            return
        why = (instance.state_reason.code, instance._reason or "") if state in ("stopped", "terminated") else ("", "")
        self._change(instance, state, why)

    def _change(self, instance: Instance, state: str, why: tuple[str, str] = ("", "")) -> None:
        set_state(instance, state, *why)
        self._past.note(instance)
        self._tell(self.facts(instance))

    def _later(self, instance: Instance, state: str, seconds: float) -> None:
        number = next(self._numbers)
        self._next_step[instance.id] = number
        heapq.heappush(self._steps, _Step(self._now() + seconds, number, instance, state))

    def facts(self, instance: Instance) -> InstanceFacts:
        """Return what the world outside EC2 may know of an instance now."""
        return InstanceFacts(
            instance_id=instance.id,
            state=instance.state,
            region=self._account.region,
            availability_zone=instance.availability_zone or "",
            image_id=instance.image_id,
            instance_type=instance.instance_type,
            private_ip=instance.private_ip,
            public_ip=instance.public_ip,
            tags=dict(self._account.tags(instance.id)),
            user_data=instance.user_data.decode() if instance.user_data else "",
            profile_arn=(instance.iam_instance_profile or {}).get("Arn"),
            shows_tags=instance.metadata_options.instance_metadata_tags == "enabled",
            at=self._now(),
        )


def _incorrect(message: str) -> AwsError:
    return AwsError("IncorrectInstanceState", message)
