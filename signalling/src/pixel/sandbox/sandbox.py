"""One sandbox: its layers put together, its life from start to stop."""

from __future__ import annotations

import os
import secrets
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypedDict

from moto.iam.models import iam_backends

from pixel.sandbox import authority, control, moto_app, patches, seed
from pixel.sandbox.app import Application, Door
from pixel.sandbox.buckets import TokenBuckets
from pixel.sandbox.clock import SYSTEM, Clock
from pixel.sandbox.cloudformation.layer import CloudFormation
from pixel.sandbox.control import Control
from pixel.sandbox.counters import CallCounter
from pixel.sandbox.credentials import CredentialsCheck
from pixel.sandbox.ec2.layer import Ec2, Region
from pixel.sandbox.ec2.ticker import Ticker
from pixel.sandbox.errors import AwsError
from pixel.sandbox.events.bus import Bus
from pixel.sandbox.faults import FaultInjection
from pixel.sandbox.functions.layer import Functions
from pixel.sandbox.gateway import gateway
from pixel.sandbox.gateway.gateway import Gateway
from pixel.sandbox.hold import HoldPoint
from pixel.sandbox.members import imds
from pixel.sandbox.members.facts import InstanceObserver
from pixel.sandbox.members.members import Kind, Members
from pixel.sandbox.members.site import Site, https_port
from pixel.sandbox.route53.dns import DnsServer
from pixel.sandbox.route53.layer import Route53
from pixel.sandbox.server import Server
from pixel.sandbox.settings import Settings
from pixel.sandbox.state import SandboxState
from pixel.sandbox.witness import Scene, Witness

_one_at_a_time = threading.Lock()
"""moto keeps its account in module globals, so that a process holds one sandbox at a time."""


class Calls(TypedDict):
    """Calls of AWS's API: all of them, and by name (`ec2.RunInstances`)."""

    total: int
    actions: dict[str, int]


class Sandbox:
    """The embedded AWS of this process.

    Args:
        folder: where members write, and certificates are kept.
        port: of loopback; 0 takes any free one.
        members: what runs for an instance of a pool.
        clock: its time. With one that is not the system's, do not `start` it: `step` lets due changes happen, and
            `application` answers calls.

    Raises:
        RuntimeError: this process already has one.
        OSError: the port is taken or may not be used.
    """

    def __init__(self, folder: Path, port: int = 0, members: Kind = "none", clock: Clock = SYSTEM) -> None:
        if not _one_at_a_time.acquire(blocking=False):
            raise RuntimeError("this process already runs a sandbox: stop it first, or start another process")
        try:
            patches.apply()
            self._clock = clock
            self._access_key = f"AKIA{secrets.token_hex(8).upper()}"
            self._secret_key = secrets.token_urlsafe(30)
            self._identity = secrets.randbits(64)
            self._seeds = seed.plant(self._identity)
            self._settings = Settings()
            self._lock = threading.RLock()
            moto = moto_app.Moto(self._lock)
            stacks = CloudFormation(moto, self._lock)
            self._functions = Functions(stacks, self._lock, lambda: self.state().environment(), folder / "functions")
            self._gateway = Gateway(self._functions, self._lock)
            self._route53 = Route53(self._functions, self._settings, self._lock, clock.now)
            self._dns = DnsServer(self._route53.published)
            self._administrator_password = secrets.token_urlsafe(16)
            self._https_port = https_port()
            self._ec2 = Ec2(self._route53, self._new_region, self._lock, lambda: self._ticker.wake())
            self._ticker = Ticker(self._ec2, self._lock, clock.now)
            self._scene = Scene(self._ec2, self._lock)
            self._hold = HoldPoint(self._scene, self._settings)
            buckets = TokenBuckets(self._hold, self._settings, clock.monotonic)
            faults = FaultInjection(buckets, self._settings, clock.sleep)
            self._counter = CallCounter(CredentialsCheck(faults, self._access_key, self._secret_key))
            doors: dict[str, Door] = {
                control.PREFIX: Control(control.routes(self)),
                gateway.PREFIX: self._gateway,
                imds.PREFIX: imds.Imds(self._ec2.facts, self._role, (self._access_key, self._secret_key)),
            }
            self.application = Application(self._counter, doors)
            """Answers requests: WSGI."""
            self._server = Server(self.application, port)
            self._certificate = authority.issue(seed.ZONE, folder / "tls")
            self.members = Members(self._site(folder), members)
            self._bus = Bus(self._functions, self._settings, self._lock, clock.now)
            self._ticker.observe(self.members)
            self._ticker.observe(self._bus)
        except BaseException:
            _one_at_a_time.release()
            raise

    def _new_region(self, name: str) -> Region:
        return Region(name, self._settings, self._administrator_password, self._clock.now, self._ticker.happened)

    def state(self) -> SandboxState:
        """Return what the outside needs to use this sandbox."""
        return SandboxState(
            endpoint=self._server.endpoint,
            pid=os.getpid(),
            region=seed.REGION,
            access_key=self._access_key,
            secret_key=self._secret_key,
            zone=seed.ZONE,
            zone_id=self._seeds.zone_id,
            vpc_id=self._seeds.vpc_id,
            subnets=self._seeds.subnets,
            security_group_id=self._seeds.security_group_id,
            base_image_id=self._seeds.base_image_id,
            lease_table=seed.LEASE_TABLE,
            dns=self._dns.address,
            administrator_password=self._administrator_password,
            ca_file=str(self._certificate.ca_file),
            https_port=self._https_port,
        )

    def _site(self, folder: Path) -> Site:
        state = self.state()
        return Site(
            endpoint=state.endpoint,
            environment=state.environment(),
            zone=state.zone,
            zone_id=state.zone_id,
            lease_table=state.lease_table,
            certificate=self._certificate,
            folder=folder / "members",
            https=state.https_port,
        )

    def start(self) -> None:
        """Answer from now on."""
        self._ticker.start()
        self._bus.start()
        self._dns.start()
        self._server.start()

    def step(self) -> float | None:
        """Make the changes of instances whose time has come; return when the next is due, None when none is."""
        return self._ticker.step()

    def stop(self) -> None:
        """Stop answering, end all instances and forget the account."""
        self._server.stop()
        self._gateway.stop()
        self._bus.stop()
        self._functions.stop()
        with self._lock:
            self._ec2.reset()
        self._ticker.stop()
        self.members.stop()
        self._dns.stop()
        _one_at_a_time.release()

    def status(self) -> dict[str, Any]:
        """Return what `pixel sandbox status` tells: the process, instances by state, the number of calls, APIs."""
        with self._lock:
            states = Counter(one.state for region in self._ec2.regions() for one in region.account.instances())
        apis = [{**one, "url": self._server.endpoint + one["path"]} for one in self._gateway.apis()]
        return {"pid": os.getpid(), "instances": dict(states), "calls": self.calls()["total"], "apis": apis}

    def calls(self) -> Calls:
        """Return the calls made since the last reset."""
        counts = self._counter.counts()
        return {"total": sum(counts.values()), "actions": counts}

    def reset_calls(self) -> None:
        """Count from zero again."""
        self._counter.reset()

    def faults(self) -> dict[str, Any]:
        """Return the settings in force, as JSON has them, and `held`: whether a call is held now."""
        return {**self._settings.faults.model_dump(mode="json"), "held": self._hold.held}

    def set_faults(self, changes: dict[str, Any]) -> dict[str, Any]:
        """Replace the settings that are named, and return all (see `settings.Faults`).

        Raises:
            ValueError: an unknown setting, or a value that is none.
        """
        self._settings.change(changes)
        return self.faults()

    def reset_faults(self) -> dict[str, Any]:
        """Set all faults and delays back to their defaults, and return them."""
        self._settings.reset()
        return self.faults()

    def shut_down(self, instance_id: str) -> None:
        """Stop an instance as its own operating system would.

        Raises:
            ValueError: there is no such instance, or it does not run.
        """
        with self._region() as region:
            region.power.shut_down(instance_id)

    def rules(self) -> list[dict[str, Any]]:
        """Return the rules of EventBridge that events may follow now."""
        return self._bus.rules()

    def fire(self, rule: str) -> None:
        """Hand out the event of a scheduled rule of EventBridge now; the beginning of its name is enough.

        Raises:
            ValueError: there is no such rule.
        """
        self._bus.fire(rule)

    def set_image_state(self, image_id: str, state: str) -> None:
        """Put an image into a state, as `failed`, for good.

        Raises:
            ValueError: there is no such image or state.
        """
        with self._region() as region:
            region.images.set_state(image_id, state)

    @contextmanager
    def _region(self) -> Iterator[Region]:
        try:
            with self._lock:
                region = self._ec2.region(seed.REGION)
                region.settle()
                yield region
        except AwsError as error:
            raise ValueError(error.message) from error
        self._ticker.wake()

    def _role(self, profile_arn: str) -> str | None:
        """Return the name of the role in an instance profile."""
        with self._lock:
            profiles = iam_backends[moto_app.ACCOUNT]["aws"].get_instance_profiles()
            roles = [role.name for profile in profiles if profile.arn == profile_arn for role in profile.roles]
        return roles[0] if roles else None

    def observe(self, observer: InstanceObserver) -> None:
        """Tell the observer of every change of state of every instance from now on."""
        self._ticker.observe(observer)

    def unobserve(self, observer: InstanceObserver) -> None:
        """Tell the observer no more."""
        self._ticker.unobserve(observer)

    @contextmanager
    def still(self) -> Iterator[None]:
        """Keep everything as it is: no call is carried out meanwhile, and nothing changes by itself."""
        with self._lock:
            yield

    @contextmanager
    def witnessed(self, witness: Witness) -> Iterator[None]:
        """Show the witness every call to DynamoDB, EC2 and Route 53 that is carried out meanwhile."""
        self._scene.witnesses.append(witness)
        try:
            yield
        finally:
            self._scene.witnesses.remove(witness)

    def reset(self) -> None:
        """Go back to the seeds, which keep their ids, to no faults and to zero calls."""
        self._functions.reset()
        self._gateway.reset()
        with self._lock:
            self._ec2.reset()
            self._route53.reset()
            self._settings.reset()
            self.members.set_settings(None)
            self._seeds = seed.plant(self._identity)
            self._counter.reset()
        self._ticker.wake()
