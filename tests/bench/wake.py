"""The wake path beside the original's way, on the same sandbox: how long a person waits, and what it costs in calls."""

from __future__ import annotations

import logging
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from bench.first_picture import first_frames
from bench.wakes import Caller, Wakes, ours, theirs
from pixel.sandbox.testing import RunningSandbox, running_sandbox
from wake_path import deploy, fill

BOOT, PROPAGATION = 3.0, 1.0
"""Seconds until an instance runs, and until all name servers know a name."""
CLASS = 100
POSTS = 20


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
