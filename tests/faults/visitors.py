"""Callers of the deployed API, in real time: through HTTP, and as players of light or real members."""

from __future__ import annotations

import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import httpx
from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from pixel.sandbox.testing import RunningSandbox

from .plan import Visit

PATIENCE = 60.0
"""Seconds after which a caller gives up."""

_lock = threading.Lock()
_players: Counter[str] = Counter()


class Visitor:
    """One person with one notebook. `pace`: real seconds for a second of the plan."""

    def __init__(
        self,
        sandbox: RunningSandbox,
        api: str,
        key: str,
        visit: Visit,
        pace: float,
        name: str,
        note: Callable[[str], None],
    ) -> None:
        self._sandbox = sandbox
        self._api = api
        self._key = key
        self._visit = visit
        self._pace = pace
        self._name = name
        self._note = note

    def act(self) -> None:
        """Do what one does."""
        time.sleep(self._visit.at * self._pace)  # people come when they come
        with httpx.Client(base_url=self._api, headers={"x-api-key": self._key}, timeout=35, trust_env=False) as http:
            session = self._open(http)
            if session is None or self._visit.vanishes == "opened":
                return
            ready = self._wait_ready(http, session)
            if ready is None or self._visit.vanishes == "ready":
                return
            for _ in range(self._visit.reloads + 1):
                if not self._play(ready):
                    break
            if self._visit.closes and self._visit.vanishes is None:
                self._until(lambda: self._call(http, "DELETE", f"/sessions/{session}")[0] == 200)

    def _call(self, http: httpx.Client, method: str, path: str, **more: Any) -> tuple[int, dict[str, Any]]:
        try:
            answer = http.request(method, path, **more)
            told = answer.json()
        except (httpx.TransportError, ValueError) as error:
            self._note(f"{method} {path}: {error!r}")
            return 0, {}
        self._note(f"{method} {path}: {answer.status_code} {str(told)[:160]}")
        return answer.status_code, told

    def _until(self, holds: Callable[[], Any]) -> Any:
        """Try until something holds, and return it; give up when patience ends."""
        until = time.monotonic() + PATIENCE
        pause = 0.5
        while time.monotonic() < until:
            if found := holds():
                return found
            time.sleep(pause)
            pause = min(2.0, pause * 1.3)
        return None

    def _open(self, http: httpx.Client) -> str | None:
        attempts = 0

        def opened() -> str | None:
            nonlocal attempts
            headers = {"Idempotency-Key": f"{self._name}-{attempts}"}
            status, told = self._call(http, "POST", "/sessions", json={"pool": "drone"}, headers=headers)
            if status == 202 and told["state"] == "ended":
                attempts += 1
            return told["session"] if status == 202 and told["state"] != "ended" else None

        return self._until(opened)  # type: ignore[no-any-return] # what `opened` returns

    def _wait_ready(self, http: httpx.Client, session: str) -> dict[str, Any] | None:
        told: dict[str, Any] = {}

        def decided() -> bool:
            nonlocal told
            status, told = self._call(http, "GET", f"/sessions/{session}")
            return status == 200 and told["state"] != "starting"

        self._until(decided)
        return told if told.get("state") == "ready" else None

    def _play(self, ready: dict[str, Any]) -> bool:
        """Be a player for a while; return whether one could be."""
        members = self._sandbox.sandbox.members.report()["members"]
        found = next((one for one in members if one["address"] == ready["ip"]), None)
        if found is None:
            return False
        stays = self._visit.stays * self._pace
        if "players" in found:
            return self._play_lightly(found["instance_id"], stays)
        socket = self._connected(f"wss://{ready['ip']}:{found['port']}/?token={ready['tokens']['player']}")
        if socket is None:
            return False
        with socket, suppress(TimeoutError, WebSocketException):
            until = time.monotonic() + stays
            while (left := until - time.monotonic()) > 0:
                socket.recv(timeout=left)
        return True

    def _connected(self, address: str) -> ClientConnection | None:
        trusting = ssl.create_default_context()
        trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE

        def attempt() -> ClientConnection | None:
            try:
                return connect(address, ssl=trusting, proxy=None, open_timeout=5)
            except (OSError, WebSocketException):
                return None

        for _ in range(5):
            if (socket := attempt()) is not None:
                return socket
            time.sleep(1)
        return None

    def _play_lightly(self, instance_id: str, stays: float) -> bool:
        if not self._change(instance_id, 1):
            return False
        time.sleep(stays)  # what a player does: watch
        self._change(instance_id, -1)
        return True

    def _change(self, instance_id: str, by: int) -> bool:
        with _lock:
            _players[instance_id] = max(0, _players[instance_id] + by)
            try:
                self._sandbox.sandbox.members.set_players(instance_id, _players[instance_id])
            except ValueError:
                _players[instance_id] = 0
                return False
        return True
