"""The wake path beside the original's way, on the same sandbox: how long a person waits, and what it costs in calls."""

from __future__ import annotations

import json
import logging
import statistics
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from botocore.config import Config
from botocore.exceptions import ClientError
from playwright.sync_api import Browser, sync_playwright

from bench import original
from demo.browser import CHROMIUM, FLAGS
from pixel.lease.table import Table
from pixel.sandbox.testing import RunningSandbox, running_sandbox
from pixel.wake.function import Clients, assemble
from pixel.wake.sessions import session_key
from pixel.wake.settings import Settings
from wake_path import POOL, Api, deploy, fill

BOOT, PROPAGATION = 3.0, 1.0
"""Seconds until an instance runs, and until all name servers know a name."""
CLASS = 100
POLL = 2.0
"""Seconds between two polls: `poll_after`."""
POSTS = 20
FRAMES = 5
PATIENCE = 120.0
GAVE_UP = (429, 504)
"""API Gateway's own answers after which a client asks again, with the same key."""
ROUNDS = ("dynamodb.Scan", "route53.ListResourceRecordSets")
"""What only the reconciler's minutely round calls."""


@dataclass
class Wakes:
    """What some people got who called at the same moment.

    Attributes:
        members: whom each of them got.
        refused: why the others got none.
        answered: seconds until each had the first answer.
        named: seconds until each had a machine with a name.
        repeated: who asked again, as often as the gateway had given up.
    """

    members: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    answered: list[float] = field(default_factory=list)
    named: list[float] = field(default_factory=list)
    repeated: list[int] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)

    @property
    def alone(self) -> int:
        """How many have a machine that nobody else has."""
        return sum(1 for count in Counter(self.members).values() if count == 1)

    @property
    def shared(self) -> int:
        """How many have a machine that somebody else has too."""
        return len(self.members) - self.alone

    @property
    def people(self) -> int:
        """How many there were."""
        return len(self.members) + len(self.refused)


class Caller:
    """One person at the wake API."""

    def __init__(self, api: Api, key: str) -> None:
        address = urlsplit(api.address)
        self._path = address.path
        self._connection = HTTPConnection(str(address.hostname), address.port, timeout=60)
        self._headers = {"x-api-key": api.key, "idempotency-key": key, "content-type": "application/json"}

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, dict[str, Any]]:
        """Make one call."""
        content = None if body is None else json.dumps(body)
        self._connection.request(method, f"{self._path}{path}", content, self._headers)
        answer = self._connection.getresponse()
        return answer.status, json.loads(answer.read())

    def open(self) -> tuple[int, dict[str, Any]]:
        """Open a session."""
        return self.call("POST", "/sessions", {"pool": POOL})


def together(people: int, one: Callable[[int], None]) -> None:
    """Have people do something at the same moment."""
    gate = threading.Barrier(people)

    def begin(number: int) -> None:
        gate.wait()
        one(number)

    with ThreadPoolExecutor(people) as everybody:
        list(everybody.map(begin, range(people)))


def ours(sandbox: RunningSandbox, api: Api, people: int, name: str) -> Wakes:
    """Wake by the API, until the name of each one's machine is known everywhere."""
    wakes = Wakes()
    sandbox.reset_calls()

    def one(number: int) -> None:
        began = time.monotonic()
        caller = Caller(api, f"{name}-{number}")
        status, body = caller.open()
        while status in GAVE_UP and time.monotonic() - began < PATIENCE:
            wakes.repeated.append(number)
            status, body = caller.open()
        wakes.answered.append(time.monotonic() - began)
        if status != 202:
            wakes.refused.append(str(body.get("error", body)))
            return
        session = body["session"]
        while body.get("step") != "loading":  # a poll that the gateway gave up on is asked again
            if time.monotonic() - began > PATIENCE:
                raise TimeoutError(f"not named in {PATIENCE:.0f} s: {body}")
            time.sleep(POLL)
            _, body = caller.call("GET", f"/sessions/{session}")
        wakes.named.append(time.monotonic() - began)
        wakes.members.append(session)

    together(people, one)
    wakes.calls = calls(sandbox)
    wakes.members = [sessions_member(sandbox, session) for session in wakes.members]
    return wakes


def sessions_member(sandbox: RunningSandbox, session: str) -> str:
    """Return the member that a session got."""
    item = Table(sandbox.dynamodb, sandbox.state.lease_table).get(session_key(session))
    if item is None:
        raise RuntimeError(f"there is no session {session}")
    return str(item["member"])


def theirs(sandbox: RunningSandbox, people: int) -> Wakes:
    """Wake by the original's way."""
    wakes = Wakes()
    config = Config(max_pool_connections=people)
    ec2 = sandbox.client("ec2", config=config)
    route53 = sandbox.client("route53", config=config)
    sandbox.reset_calls()

    def one(_number: int) -> None:
        began = time.monotonic()
        try:
            wakes.members.append(original.wake(ec2, route53, sandbox.state.zone_id, sandbox.state.zone))
        except ClientError as error:
            wakes.refused.append(error.response["Error"]["Code"])
        except original.NobodyLeftError:
            wakes.refused.append("nobody left")
        else:
            wakes.named.append(time.monotonic() - began)

    together(people, one)
    wakes.answered = wakes.named
    wakes.calls = calls(sandbox)
    return wakes


def calls(sandbox: RunningSandbox) -> Counter[str]:
    """Return the calls to AWS since the last reset, without those of the reconciler's rounds."""
    return Counter({action: count for action, count in sandbox.calls().items() if action not in ROUNDS})


def fresh(sandbox: RunningSandbox, members: int) -> None:
    """Begin anew, with a pool of stopped members and AWS's own limits."""
    sandbox.reset()
    sandbox.set_delays()
    fill(sandbox, members)
    sandbox.set_delays(start=BOOT, dns=PROPAGATION)


def limited(sandbox: RunningSandbox) -> None:
    """Have AWS's token buckets hold, full at first."""
    sandbox.set_faults(buckets=True)


def api_times(sandbox: RunningSandbox) -> list[float]:
    """Return how long `POST /sessions` takes for one caller after the other, of a function that is loaded."""
    fresh(sandbox, POSTS + 1)
    api = deploy(sandbox, sessions_per_key=1000)
    Caller(api, "first").open()
    found = []
    for number in range(POSTS):
        caller = Caller(api, f"one-{number}")
        began = time.monotonic()
        status, body = caller.open()
        found.append(time.monotonic() - began)
        if status != 202:
            raise RuntimeError(f"not opened: {body}")
    return found


def lone(sandbox: RunningSandbox) -> tuple[Wakes, Wakes]:
    """One person's wake, both ways; the function is loaded, and knows the pool."""
    fresh(sandbox, 3)
    api = deploy(sandbox)
    Caller(api, "nobody").call("GET", "/sessions/aaaaaaaaaaaaaaaaaaaaaaaaaa")
    sandbox.client("lambda").invoke(FunctionName="pixel-wake", Payload=b'{"detail-type": "Scheduled Event"}')
    limited(sandbox)
    our = ours(sandbox, api, 1, "lone")
    fresh(sandbox, 3)
    limited(sandbox)
    return our, theirs(sandbox, 1)


def a_class(sandbox: RunningSandbox) -> tuple[Wakes, Wakes]:
    """A class wakes at once on a pool of its size, both ways."""
    fresh(sandbox, CLASS)
    api = deploy(sandbox, sessions_per_key=1000)
    sandbox.client("lambda").invoke(FunctionName="pixel-wake", Payload=b'{"detail-type": "Scheduled Event"}')
    limited(sandbox)
    our = ours(sandbox, api, CLASS, "class")
    fresh(sandbox, CLASS)
    limited(sandbox)
    return our, theirs(sandbox, CLASS)


def first_frames(sandbox: RunningSandbox) -> list[float]:
    """Return the seconds from a ready session to the browser's first picture, in windows that remember nothing."""
    sandbox.reset()
    with sandbox.sandbox.members.of_kind("processes"), sync_playwright() as playwright:
        settings = Settings(sandbox.state.lease_table, sandbox.state.zone, sandbox.state.zone_id, token_secret="")
        wake = assemble(settings, Clients(sandbox.dynamodb, sandbox.ec2, sandbox.route53), lambda: b"s" * 32)
        fill(sandbox, 1)
        session = wake.sessions.open("bench", "key", POOL).session.session
        began = time.monotonic()
        while (body := wake.sessions.show("bench", session).body())["state"] != "ready":
            if time.monotonic() - began > PATIENCE:
                raise TimeoutError(f"not ready in {PATIENCE:.0f} s: {body}")
            time.sleep(0.2)
        port = sandbox.sandbox.members.site.https
        address = f"https://{body['ip']}:{port}/#token={body['tokens']['player']}"
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            return [first_frame(browser, address) for _ in range(FRAMES)]
        finally:
            browser.close()


def first_frame(browser: Browser, address: str) -> float:
    """Return the seconds from following the session's link to the first picture."""
    window = browser.new_context(ignore_https_errors=True)
    page = window.new_page()
    began = time.monotonic()
    page.goto(address)
    page.wait_for_function(
        "() => document.querySelector('video')?.getVideoPlaybackQuality().totalVideoFrames > 0", polling=20
    )
    seconds = time.monotonic() - began
    window.close()
    return seconds


def percentiles(seconds: list[float]) -> str:
    """Return the median and the 99th percentile, for a table."""
    if not seconds:
        return "-"
    p99 = statistics.quantiles(seconds, n=100, method="inclusive")[98] if len(seconds) > 1 else seconds[0]
    return f"{statistics.median(seconds):.2f} / {p99:.2f} s"


def by_service(counted: Mapping[str, int], people: int) -> str:
    """Return the calls for each person, by service."""
    services: Counter[str] = Counter()
    for action, count in counted.items():
        services[action.partition(".")[0]] += count
    shown = {"dynamodb": "DynamoDB", "ec2": "EC2", "route53": "Route 53", "secretsmanager": "Secrets Manager"}
    return ", ".join(f"{services[name] / people:.3g} {title}" for name, title in shown.items() if services[name])


def report() -> Iterator[str]:
    """Measure, and give line after line as it comes."""
    logging.getLogger("pixel.sandbox").setLevel(logging.ERROR)  # not of events whose function is gone with a reset
    yield f"The wake path: a machine boots in {BOOT:.0f} s, a name is known in {PROPAGATION:.0f} s\n"
    with tempfile.TemporaryDirectory() as folder, running_sandbox(Path(folder)) as sandbox:
        yield f"{'POST /sessions, one after the other: p50 / p99':<58} {percentiles(api_times(sandbox)):>17}\n"
        for title, measure in (("one person", lone), (f"{CLASS} people at the same moment", a_class)):
            our, their = measure(sandbox)
            yield f"{title:<58} {'ours':>17} {'the original way':>17}"
            yield f"{'  POST /sessions answered: p50 / p99':<58} {percentiles(our.answered):>17} {'-':>17}"
            named = percentiles(our.named), percentiles(their.named)
            yield f"{'  machine with a name: p50 / p99':<58} {named[0]:>17} {named[1]:>17}"
            yield f"{'  with a machine of their own':<58} {our.alone:>17} {their.alone:>17}"
            yield f"{'  with a machine that others have too':<58} {our.shared:>17} {their.shared:>17}"
            yield f"{'  asked again after the gateway gave up':<58} {len(our.repeated):>17} {'-':>17}"
            yield f"{'  refused':<58} {len(our.refused):>17} {len(their.refused):>17}"
            starts = "ec2.StartInstances"
            yield f"{'  StartInstances calls, in all':<58} {our.calls[starts]:>17} {their.calls[starts]:>17}"
            yield f"    calls for each person, ours:          {by_service(our.calls, our.people)}"
            yield f"    calls for each person, the original:  {by_service(their.calls, their.people)}"
            for whose, wakes in (("ours", our), ("the original", their)):
                if wakes.refused:
                    yield f"    refusals, {whose}: {dict(Counter(wakes.refused))}"
            yield ""
        frames = first_frames(sandbox)
        yield f"{'from ready to the first picture in the browser: p50 / p99':<58} {percentiles(frames):>17}"
