"""A member of the pool: what its computer does from boot to shutdown, on the instance's own loopback address."""

from __future__ import annotations

import asyncio
import datetime
import threading
import time
from collections.abc import Callable
from typing import Any

from pixel.lease import Lease, MemberLease
from pixel.sandbox.unreal.streamer import Unreal
from pixel.signalling.service import SignallingService
from pixel.signalling.settings import AccessSettings, HttpSettings, Settings, StreamerSettings, TlsSettings

LOOK_AGAIN = 0.2  # seconds


class Member:
    """Follows one instance: tells the wake function of its changes, and serves while it runs.

    Attributes:
        heard: the commands that its Unreal was given.
    """

    def __init__(
        self,
        instance_id: str,
        tls: TlsSettings,
        describe: Callable[[str], dict[str, Any]],
        lease: MemberLease,
        tell: Callable[[dict[str, Any]], Any],
    ) -> None:
        self.heard: list[str] = []
        self._instance_id = instance_id
        self._tls = tls
        self._describe = describe
        self._lease = lease
        self._tell = tell
        self._gone = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._follow()), daemon=True)

    def __enter__(self) -> Member:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._gone.set()
        self._thread.join()

    async def _follow(self) -> None:
        """Look at the instance until the test is over."""
        known, serving = "stopped", None
        while not self._gone.is_set():
            instance = await asyncio.to_thread(self._describe, self._instance_id)
            state = instance["State"]["Name"]
            if state != known:
                known = state
                await asyncio.to_thread(self._tell, self._event(state))
                if state == "running":
                    serving = asyncio.create_task(self._serve(instance["PublicIpAddress"]))
                elif serving is not None:
                    serving.cancel()
            await asyncio.sleep(LOOK_AGAIN)
        if serving is not None:
            serving.cancel()
            await asyncio.wait([serving])

    def _event(self, state: str) -> dict[str, Any]:
        return {
            "detail-type": "EC2 Instance State-change Notification",
            "time": datetime.datetime.now(datetime.UTC).isoformat(),
            "detail": {"instance-id": self._instance_id, "state": state},
        }

    async def _serve(self, ip: str) -> None:
        """Serve the session that has leased this member, until the computer stops."""
        lease = await self._leased()
        settings = Settings(
            http=HttpSettings(host=ip, redirect_port="off"),
            streamer=StreamerSettings(host=ip, port=0),
            tls=self._tls,
            access=AccessSettings(players=(lease.player_digest,), controllers=(lease.controller_digest,)),
        )
        async with SignallingService(settings) as service:
            unreal = Unreal(f"ws://{ip}:{service.streamer_port}", self._journal)
            streaming = asyncio.create_task(unreal.run())
            try:
                await asyncio.to_thread(self._lease.ready, lease)
                await asyncio.Event().wait()
            finally:
                streaming.cancel()
                await asyncio.wait([streaming])

    async def _leased(self) -> Lease:
        until = time.monotonic() + 30
        while (lease := await asyncio.to_thread(self._lease.current)) is None:
            assert time.monotonic() < until, "the member was started without a lease"
            await asyncio.sleep(LOOK_AGAIN)
        return lease

    def _journal(self, event: dict[str, Any]) -> None:
        if event["event"] == "interaction":
            self.heard.append(event["descriptor"])
