"""The layer that answers EC2's calls, and leaves to moto those that moto answers well."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from threading import RLock

from moto.core.exceptions import ServiceException

from pixel.sandbox.calls import Answer, Call, Handler
from pixel.sandbox.ec2.account import Account
from pixel.sandbox.ec2.describe import Describe
from pixel.sandbox.ec2.images import Images
from pixel.sandbox.ec2.lifecycle import Lifecycle
from pixel.sandbox.ec2.password import PasswordData
from pixel.sandbox.ec2.past import Past
from pixel.sandbox.ec2.power import Power
from pixel.sandbox.ec2.run import Capacity, Run
from pixel.sandbox.ec2.templates import Templates
from pixel.sandbox.ec2.tokens import ClientTokens
from pixel.sandbox.errors import AwsError
from pixel.sandbox.members.facts import InstanceFacts
from pixel.sandbox.settings import Settings


class Region:
    """EC2 in one region.

    Args:
        now: the time, in seconds since the epoch.
        tell: is told of every change of an instance's state.
    """

    def __init__(
        self,
        name: str,
        settings: Settings,
        administrator_password: str,
        now: Callable[[], float],
        tell: Callable[[InstanceFacts], None],
    ) -> None:
        self.account = Account(name)
        past = Past(lambda: settings.faults.stale, now)
        self.lifecycle = Lifecycle(self.account, lambda: settings.faults.delays, now, tell, past)
        tokens = ClientTokens()
        capacity = Capacity(self.account, lambda: settings.faults)
        describe = Describe(self.account, self.lifecycle, past)
        templates = Templates(self.account, tokens)
        self.power = Power(self.account, self.lifecycle, capacity)
        run = Run(self.account, self.lifecycle, templates, tokens, capacity, describe)
        self.images = Images(self.account, lambda: settings.faults.delays, now)
        password = PasswordData(self.account, administrator_password)
        self.actions: Mapping[str, Handler] = {
            "RunInstances": run.run,
            "StartInstances": self.power.start,
            "StopInstances": self.power.stop,
            "RebootInstances": self.power.reboot,
            "TerminateInstances": self.power.terminate,
            "DescribeInstances": describe.instances,
            "DescribeInstanceStatus": describe.statuses,
            "RegisterImage": self.images.register,
            "CreateImage": self.images.create,
            "DescribeImages": self.images.describe,
            "DeregisterImage": self.images.deregister,
            "GetPasswordData": password.get,
            "CreateLaunchTemplate": templates.create,
            "CreateLaunchTemplateVersion": templates.create_version,
            "ModifyLaunchTemplate": templates.modify,
            "DeleteLaunchTemplateVersions": templates.delete_versions,
            "DescribeLaunchTemplates": templates.describe,
            "DescribeLaunchTemplateVersions": templates.describe_versions,
        }

    def settle(self) -> None:
        """Make the changes whose time has come. Call it before looking at anything."""
        self.lifecycle.settle()
        self.images.settle()


class Ec2:
    """EC2 in all regions. One call at a time, under the lock that moto's calls take too.

    Args:
        inner: what answers the other calls.
        new_region: makes EC2 of a region by name.
        lock: held while a call is answered.
        changed: called after each call, without the lock: an instance's state may have changed, or be about to.
    """

    def __init__(
        self, inner: Handler, new_region: Callable[[str], Region], lock: RLock, changed: Callable[[], None]
    ) -> None:
        self._inner = inner
        self._new_region = new_region
        self._lock = lock
        self._changed = changed
        self._regions: dict[str, Region] = {}

    def __call__(self, call: Call) -> Answer:
        if call.service != "ec2":
            return self._inner(call)
        try:
            with self._lock:
                region = self.region(call.region)
                region.settle()
                return region.actions.get(call.action, self._inner)(call)
        except ServiceException as error:
            raise AwsError(error.code, error.message) from error
        finally:
            self._changed()

    def region(self, name: str) -> Region:
        """Return EC2 of a region. Hold the lock while using it."""
        if name not in self._regions:
            self._regions[name] = self._new_region(name)
        return self._regions[name]

    def regions(self) -> Iterator[Region]:
        """Yield the regions that were used. Hold the lock meanwhile."""
        yield from list(self._regions.values())

    def facts(self, instance_id: str) -> InstanceFacts | None:
        """Return the facts of an instance in any region; None when it is not there."""
        with self._lock:
            for region in self.regions():
                region.settle()
                for one in region.account.instances():
                    if one.id == instance_id:
                        return region.lifecycle.facts(one)
        return None

    def reset(self) -> None:
        """End all instances and forget everything; moto's part is reset apart, after it. Hold the lock."""
        for region in self.regions():
            region.lifecycle.end()
        self._regions.clear()
