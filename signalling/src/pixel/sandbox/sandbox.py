"""One sandbox: its layers put together, its life from start to stop."""

from __future__ import annotations

import os
import secrets
import threading
from typing import Any, TypedDict

from pixel.sandbox import moto_app, seed
from pixel.sandbox.app import Application
from pixel.sandbox.control import Control
from pixel.sandbox.counters import CallCounter
from pixel.sandbox.credentials import CredentialsCheck
from pixel.sandbox.server import Server
from pixel.sandbox.state import SandboxState

_one_at_a_time = threading.Lock()
"""moto keeps its account in module globals, so that a process holds one sandbox at a time."""


class Calls(TypedDict):
    """Calls of AWS's API: all of them, and by name (`ec2.RunInstances`)."""

    total: int
    actions: dict[str, int]


class Sandbox:
    """The embedded AWS of this process.

    Raises:
        RuntimeError: this process already has one.
        OSError: the port is taken or may not be used.
    """

    def __init__(self, port: int = 0) -> None:
        if not _one_at_a_time.acquire(blocking=False):
            raise RuntimeError("this process already runs a sandbox: stop it first, or start another process")
        try:
            self._access_key = f"AKIA{secrets.token_hex(8).upper()}"
            self._secret_key = secrets.token_urlsafe(30)
            self._moto = moto_app.Moto()
            self._counter = CallCounter(CredentialsCheck(self._moto, self._access_key))
            control = Control(
                {
                    ("GET", "status"): lambda _: self.status(),
                    ("GET", "calls"): lambda _: self.calls(),
                    ("DELETE", "calls"): lambda _: self.reset_calls(),
                    ("POST", "reset"): lambda _: self.reset(),
                }
            )
            self._identity = secrets.randbits(64)
            self._seeds = seed.plant(self._identity)
            self._server = Server(Application(self._counter, control), port)
        except BaseException:
            _one_at_a_time.release()
            raise

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
            dns="",
        )

    def start(self) -> None:
        """Answer from now on."""
        self._server.start()

    def stop(self) -> None:
        """Stop answering and forget the account."""
        self._server.stop()
        _one_at_a_time.release()

    def status(self) -> dict[str, Any]:
        """Return what `pixel sandbox status` tells: the process, the instances by state, the number of calls."""
        return {"pid": os.getpid(), "instances": {}, "calls": self.calls()["total"]}

    def calls(self) -> Calls:
        """Return the calls made since the last reset."""
        counts = self._counter.counts()
        return {"total": sum(counts.values()), "actions": counts}

    def reset_calls(self) -> None:
        """Count from zero again."""
        self._counter.reset()

    def reset(self) -> None:
        """Go back to the seeds and to zero calls; ids of the seeds are new."""
        with self._moto.lock:
            self._identity = secrets.randbits(64)
            self._seeds = seed.plant(self._identity)
            self._counter.reset()
