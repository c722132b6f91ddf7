"""The wake function on the stage: copies that serve one event at a time, killed where the schedule says."""

from __future__ import annotations

import json
import random
import uuid
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from aws_lambda_powertools import Metrics

from pixel.sandbox.members.facts import InstanceFacts
from pixel.wake.api import build
from pixel.wake.function import Clients, Wake, assemble
from pixel.wake.settings import Settings

from .stage import Actor, Stage

TIMEOUT = 30.0
"""Seconds that an invocation may take: the function's timeout."""
GATEWAY = 29.0
"""Seconds after which API Gateway gives up."""
TRIES, RETRIES = 3, (60.0, 120.0)
"""How often Lambda gives an event to a function that fails, and how long it waits between."""
SECRET = b"0123456789abcdef0123456789abcdef"
POOL_TAG = "pixel:pool"


class _Copy:
    """One copy of the function: what is loaded once, and serves one event at a time."""

    def __init__(self, stage: Stage, settings: Settings, clients: Clients, chance: random.Random) -> None:
        # A copy's clock is its own, whoever it serves.
        self.wake: Wake = assemble(settings, clients, lambda: SECRET, stage.clock, stage.sleep, chance)
        self.app = build(self.wake, Metrics(namespace="faults", service="wake"))

    def handle(self, event: Mapping[str, Any], context: Any) -> Any:
        """Serve one event, as `pixel.wake.handler` does."""
        if "httpMethod" in event:
            return self.app.resolve(dict(event), context)
        if event["detail-type"] == "Scheduled Event":
            return self.wake.reconciler.run()
        return self.wake.state_changes.handle(event)


class _Context:
    """What Lambda tells about an invocation."""

    aws_request_id = str(uuid.UUID(int=0))
    function_name = "pixel-wake"
    memory_limit_in_mb = 256
    invoked_function_arn = "arn:aws:lambda:us-east-2:123456789012:function:pixel-wake"

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._until = stage.now + TIMEOUT

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self._until - self._stage.now) * 1000))


class Function:
    """The function, and the services that invoke it: API Gateway and EventBridge.

    Args:
        dies: the probability that an invocation is killed somewhere.
        event: how events travel: `delay`, `lost`, `duplicate`.
    """

    def __init__(
        self,
        stage: Stage,
        settings: Settings,
        clients: Clients,
        chance: random.Random,
        dies: float,
        event: Mapping[str, float],
    ) -> None:
        self._stage = stage
        self._settings = settings
        self._clients = clients
        self._chance = chance
        self.dies = dies
        self.event = event
        self._idle: list[_Copy] = []
        self.offset = 0.0
        self.counts: Counter[str] = Counter()
        self.errors: list[str] = []

    def _invoke(self, what: str, event: Mapping[str, Any], timeout: float) -> Actor:
        """Have a copy work on an event; return how that went."""
        copy = self._idle.pop() if self._idle else _Copy(self._stage, self._settings, self._clients, self._chance)
        self.counts["invocations"] += 1
        work = self._stage.spawn(what, lambda: copy.handle(event, _Context(self._stage)), offset=lambda: self.offset)
        if self._chance.random() < self.dies:
            self.counts["kills of the function"] += 1
            work.calls_left = self._chance.randint(1, 12)
            work.dies = self._chance.choice(("before", "after"))
        self._stage.spawn(f"{what}'s end", lambda: self._end(work, copy))
        self._stage.join(work, timeout)
        return work

    def _end(self, work: Actor, copy: _Copy) -> None:
        """Keep the copy when it has answered; kill it when its time is over."""
        if self._stage.join(work, TIMEOUT):
            work.calls_left = None
            self._idle.append(copy)
        elif work.alive:
            self.counts["timeouts of the function"] += 1
            self._stage.kill(work)

    def call(
        self,
        method: str,
        path: str,
        key: str,
        patience: float,
        body: Any = None,
        idempotency_key: str | None = None,
    ) -> tuple[int, dict[str, Any]]:
        """Make a call of the API; return status and body, as API Gateway answers. 0: the caller waited no longer."""
        self._stage.sleep(self._chance.uniform(0.01, 0.05))
        headers = {"content-type": "application/json"}
        if idempotency_key:
            headers["Idempotency-Key"] = idempotency_key
        event = {
            "resource": "/{proxy+}",
            "path": path,
            "httpMethod": method,
            "headers": headers,
            "multiValueHeaders": {name: [value] for name, value in headers.items()},
            "queryStringParameters": None,
            "multiValueQueryStringParameters": None,
            "pathParameters": None,
            "requestContext": {
                "stage": "v1",
                "path": f"/v1{path}",
                "httpMethod": method,
                "requestId": "r",
                "identity": {"apiKeyId": key, "sourceIp": "203.0.113.9"},
            },
            "body": None if body is None else json.dumps(body),
            "isBase64Encoded": False,
        }
        work = self._invoke(f"{method} {path[:20]}", event, min(patience, GATEWAY))
        if not work.done:
            impatient = 0 if patience < GATEWAY else 504
            return (impatient if work.alive else 502), {}
        if work.error is not None:
            return 502, {}
        if work.result["statusCode"] == 500:
            self.counts["answers 500"] += 1
        return work.result["statusCode"], json.loads(work.result["body"])

    def _event(self, what: str, event: Mapping[str, Any]) -> None:
        """Give an event to the function, and again when it fails."""
        for number in range(TRIES):
            work = self._invoke(what, event, TIMEOUT)
            if work.done and work.error is None:
                return
            if number < len(RETRIES):
                self._stage.sleep(RETRIES[number])

    def reconcile(self) -> None:
        """The schedule's event."""
        self._event("reconcile", {"detail-type": "Scheduled Event"})

    def changed(self, facts: InstanceFacts) -> None:
        """EC2 tells of a change of state: EventBridge takes the event to the function, sooner or later."""
        if POOL_TAG not in facts.tags or facts.state not in ("running", "stopped", "terminated"):
            return
        event = {
            "detail-type": "EC2 Instance State-change Notification",
            "time": datetime.fromtimestamp(facts.at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "detail": {"instance-id": facts.instance_id, "state": facts.state},
        }
        if self._chance.random() < self.event["lost"]:
            self.counts["lost events"] += 1
            return
        copies = 2 if self._chance.random() < self.event["duplicate"] else 1
        self.counts["duplicated events"] += copies - 1
        for _ in range(copies):
            wait = self._chance.uniform(0, self.event["delay"])
            self.counts["late events"] += wait > 2
            name = f"event {facts.instance_id[-6:]} {facts.state}"
            self._stage.spawn(name, partial(self._event, name, event), after=wait, offset=lambda: 0.0)
