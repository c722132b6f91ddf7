"""StartInstances, StopInstances, RebootInstances, TerminateInstances: all of the named instances, or none."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from moto.ec2.models.instances import Instance

from pixel.sandbox.calls import Answer, Call
from pixel.sandbox.ec2 import xml
from pixel.sandbox.ec2.account import STATE_CODES, Account
from pixel.sandbox.ec2.lifecycle import OWN_STOP, Lifecycle
from pixel.sandbox.ec2.protocol import Parameters, answer_xml, parameters, refuse_dry_run
from pixel.sandbox.ec2.run import Capacity, check_start
from pixel.sandbox.errors import AwsError


class Power:
    """The calls that change instances' states."""

    def __init__(self, account: Account, lifecycle: Lifecycle, capacity: Capacity) -> None:
        self._account = account
        self._lifecycle = lifecycle
        self._capacity = capacity

    def start(self, call: Call) -> Answer:
        """Answer StartInstances."""
        given, named = self._named(call)
        for one in named:
            self._lifecycle.check_startable(one)
        check_start(self._capacity, [one for one in named if one.state == "stopped"])
        refuse_dry_run(given)
        return _changes(call, named, self._lifecycle.start)

    def stop(self, call: Call) -> Answer:
        """Answer StopInstances."""
        given, named = self._named(call)
        for one in named:
            self._lifecycle.check_stoppable(one)
            if one.disable_api_stop:
                message = f"The instance '{one.id}' may not be stopped. Modify its 'disableApiStop' instance attribute."
                raise AwsError("OperationNotPermitted", message)
        refuse_dry_run(given)
        return _changes(call, named, self._lifecycle.stop)

    def terminate(self, call: Call) -> Answer:
        """Answer TerminateInstances."""
        given, named = self._named(call)
        for one in named:
            if str(one.disable_api_termination).lower() == "true":
                message = (
                    f"The instance '{one.id}' may not be terminated. "
                    "Modify its 'disableApiTermination' instance attribute and try again."
                )
                raise AwsError("OperationNotPermitted", message)
        refuse_dry_run(given)
        return _changes(call, named, self._lifecycle.terminate)

    def reboot(self, call: Call) -> Answer:
        """Answer RebootInstances: a running instance goes on running."""
        given, named = self._named(call)
        for one in named:
            self._lifecycle.check_rebootable(one)
        refuse_dry_run(given)
        return answer_xml(call.action, "<return>true</return>")

    def shut_down(self, instance_id: str) -> None:
        """Stop, or terminate, an instance as its operating system's shutdown does, by its own setting.

        Raises:
            AwsError: there is no such instance, or it does not run.
        """
        (one,) = self._account.named([instance_id])
        self._lifecycle.check_stoppable(one)
        if one.instance_initiated_shutdown_behavior == "terminate":
            self._lifecycle.terminate(one, OWN_STOP)
        else:
            self._lifecycle.stop(one, OWN_STOP)

    def _named(self, call: Call) -> tuple[Parameters, list[Instance]]:
        given = parameters(call)
        return given, self._account.named(given["InstanceIds"])


def _changes(call: Call, named: Iterable[Instance], change: Callable[[Instance], None]) -> Answer:
    items = []
    for one in named:
        before = one.state
        change(one)
        items.append(
            f"<item><instanceId>{one.id}</instanceId>{xml.state('currentState', one.state, one.state_code)}"
            f"{xml.state('previousState', before, STATE_CODES[before])}</item>"
        )
    return answer_xml(call.action, f"<instancesSet>{''.join(items)}</instancesSet>")
