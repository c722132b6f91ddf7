"""EventBridge's default bus: what happens, and the rules by which functions learn of it."""

from __future__ import annotations

import random
import re
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any

from moto.events.models import EventsBackend, Rule, events_backends

from pixel.sandbox.events.timetable import Timetable
from pixel.sandbox.functions.layer import Functions
from pixel.sandbox.members.facts import InstanceFacts
from pixel.sandbox.moto_app import ACCOUNT
from pixel.sandbox.settings import EventFault, Faults, Settings

STATE_CHANGE = "EC2 Instance State-change Notification"
LOOK = 1.0
"""Seconds between two looks at which rules have a schedule that is due."""
_RATE = re.compile(r"rate\((?P<number>\d+) (?P<unit>minute|hour|day)s?\)")
_SECONDS = {"minute": 60, "hour": 3600, "day": 86400}

Event = dict[str, Any]


class Bus:
    """Observes instances and the clock, and hands events to the functions that are targets of matching rules.

    Delivery is at least once: a function that fails is tried again, and the fault `events` makes events late or double.

    Args:
        lock: held while moto's storage is read.
        now: the time, in seconds since the epoch.
    """

    def __init__(
        self, functions: Functions, settings: Settings, lock: threading.RLock, now: Callable[[], float] = time.time
    ) -> None:
        self._functions = functions
        self._lock = lock
        self._now = now
        self._timetable = Timetable(now)
        self._due: dict[tuple[str, str, str], float] = {}
        self._fault = EventFault()
        self._random = random.Random()  # noqa: S311 - repeatable is what it has to be
        settings.watch(self._set)

    def _set(self, faults: Faults) -> None:
        if faults.events != self._fault:
            self._fault = faults.events
            self._random.seed(faults.events.seed)

    def start(self) -> None:
        """Look at the clock from now on."""
        self._timetable.start()
        self._timetable.after(LOOK, self._look)

    def stop(self) -> None:
        """Hand out no more events."""
        self._timetable.stop()

    def changed(self, facts: InstanceFacts) -> None:
        """Tell of a change of an instance's state."""
        arn = f"arn:aws:ec2:{facts.region}:{ACCOUNT}:instance/{facts.instance_id}"
        detail = {"instance-id": facts.instance_id, "state": facts.state}
        event = _event(STATE_CHANGE, "aws.ec2", facts.region, facts.at, [arn], detail)
        with self._lock:
            rules = [
                rule
                for rule in _rules(_backend(facts.region))
                if rule.event_pattern.get_pattern() and rule.event_pattern.matches_event(event)  # type: ignore[arg-type] # moto's type of events lacks some keys
            ]
        for rule in rules:
            self._deliver(rule, event)

    def rules(self) -> list[dict[str, Any]]:
        """Return the rules of all regions that events may follow now."""
        with self._lock:
            return [
                {"name": rule.name, "schedule": rule.scheduled_expression, "targets": _targets(rule)}
                for _, rule in self._all_rules()
            ]

    def fire(self, name: str) -> None:
        """Hand out a schedule's event now, whenever its time is; `name` may be the beginning of the rule's.

        Raises:
            ValueError: no rule with a schedule has such a name.
        """
        with self._lock:
            named = [
                (region, rule)
                for region, rule in self._all_rules()
                if rule.scheduled_expression and rule.name.startswith(name)
            ]
        if not named:
            raise ValueError(f"no enabled rule with a schedule has a name that begins with '{name}'")
        for region, rule in named:
            self._scheduled(region, rule)

    def _look(self) -> None:
        """Hand out the events of schedules whose time has come; a new one's first is after its interval."""
        self._timetable.after(LOOK, self._look)
        now = self._now()
        with self._lock:
            scheduled = {
                (region, rule.name, str(rule.scheduled_expression)): (region, rule, interval)
                for region, rule in self._all_rules()
                if (interval := _interval(rule)) is not None
            }
        self._due = {key: self._due.get(key, now + scheduled[key][2]) for key in scheduled}
        for key, (region, rule, interval) in scheduled.items():
            if self._due[key] <= now:
                self._due[key] += interval
                self._scheduled(region, rule)

    def _scheduled(self, region: str, rule: Rule) -> None:
        self._deliver(rule, _event("Scheduled Event", "aws.events", region, self._now(), [rule.arn], {}))

    def _deliver(self, rule: Rule, event: Event) -> None:
        """Hand an event to the functions among a rule's targets, as far as they let EventBridge invoke them."""
        for function in _targets(rule):
            if self._functions.may_invoke(function, "events.amazonaws.com", rule.arn):
                if self._random.random() < self._fault.lost:
                    continue
                copies = 2 if self._random.random() < self._fault.duplicate else 1
                for _ in range(copies):
                    wait = self._random.uniform(0, self._fault.delay)
                    self._timetable.after(wait, partial(self._functions.invoke_later, function, event))

    def _all_rules(self) -> Iterator[tuple[str, Rule]]:
        """Yield each enabled rule, with its region. Hold the lock."""
        for region, backend in list(events_backends[ACCOUNT].items()):
            for rule in _rules(backend):
                yield region, rule


def _backend(region: str) -> EventsBackend:
    backend: EventsBackend = events_backends[ACCOUNT][region]
    return backend


def _rules(backend: EventsBackend) -> list[Rule]:
    return [rule for rule in backend.event_buses["default"].rules.values() if rule.state == "ENABLED"]


def _targets(rule: Rule) -> list[str]:
    """Return the functions among a rule's targets."""
    return [target["Arn"] for target in rule.targets if target["Arn"].split(":")[2] == "lambda"]


def _interval(rule: Rule) -> float | None:
    """Return the seconds between two events of a rule's schedule; None when it has none, or not a rate."""
    found = _RATE.fullmatch(rule.scheduled_expression or "")
    return None if found is None else float(int(found["number"]) * _SECONDS[found["unit"]])


def _event(kind: str, source: str, region: str, at: float, resources: list[str], detail: dict[str, Any]) -> Event:
    """Return an event as "AWS service event metadata" in EventBridge's user guide describes it."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": kind,
        "source": source,
        "account": ACCOUNT,
        "time": datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": region,
        "resources": resources,
        "detail": detail,
    }
