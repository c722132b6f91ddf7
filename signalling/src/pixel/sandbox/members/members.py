"""Which instances have a member's computer, and of which kind."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal, Protocol, get_args

from pixel.sandbox.members.facts import InstanceFacts
from pixel.sandbox.members.light import LightMembers
from pixel.sandbox.members.processes import ProcessMembers
from pixel.sandbox.members.site import SectionSettings, Site

POOL_TAG = "pixel:pool"
"""Instances with this tag are members; others, as Packer's, have no computer."""
CANARY_TAG, CHECKING = "pixel:canary", "checking"
"""The tag of a release's canary while it is tried, and its value."""

Kind = Literal["none", "light", "canaries", "processes"]
KINDS: tuple[Kind, ...] = get_args(Kind)
DEFAULT_KIND: Kind = "canaries"


class Runner(Protocol):
    """Runs the computers of members of one kind. Calls come one at a time, from one thread."""

    def boot(self, facts: InstanceFacts) -> None:
        """The instance runs: its computer boots."""

    def halt(self, instance_id: str) -> None:
        """The instance stops: its computer shuts down."""

    def cut(self, instance_id: str) -> None:
        """The instance has stopped: nothing of its computer may be left."""

    def report(self, instance_id: str) -> dict[str, Any]:
        """Return what there is to know of the instance's computer."""


class Members:
    """Observes instances, and gives those of a pool a computer for as long as they run."""

    def __init__(self, site: Site, kind: Kind) -> None:
        self.site = site
        self.kind: Kind = kind
        """The kind of members that boot from now on."""
        self._settings: SectionSettings = {}
        self._legacy = False
        self._lock = threading.Lock()
        self._on: dict[str, tuple[InstanceFacts, Runner]] = {}
        self._light = LightMembers(site, lambda: self._settings)
        self._runners: dict[Kind, Runner] = {
            "light": self._light,
            "processes": ProcessMembers(site, lambda: self._settings, lambda: self._legacy),
        }

    def _runner(self, tags: Mapping[str, str]) -> Runner | None:
        """Return what runs the computer of an instance that boots now."""
        if POOL_TAG not in tags:
            return None
        if self.kind == "canaries":
            return self._runners["processes"] if tags.get(CANARY_TAG) == CHECKING else None
        return self._runners.get(self.kind)

    @contextmanager
    def of_kind(self, kind: Kind) -> Iterator[None]:
        """Let members that boot meanwhile be of a kind."""
        before, self.kind = self.kind, kind
        try:
            yield
        finally:
            self.kind = before

    def changed(self, facts: InstanceFacts) -> None:
        """Follow a change of an instance's state."""
        if facts.state == "running":
            self._boot(facts)
        elif facts.state in ("stopping", "shutting-down"):
            with self._lock:
                found = self._on.get(facts.instance_id)
            if found is not None:
                found[1].halt(facts.instance_id)
        elif facts.state in ("stopped", "terminated"):
            with self._lock:
                found = self._on.pop(facts.instance_id, None)
            if found is not None:
                found[1].cut(facts.instance_id)

    def _boot(self, facts: InstanceFacts) -> None:
        runner = self._runner(facts.tags)
        if runner is None:
            return
        runner.boot(facts)
        with self._lock:
            self._on[facts.instance_id] = (facts, runner)

    def set_players(self, instance_id: str, players: Any) -> None:
        """Have players of a light member come or go, until there are so many.

        Raises:
            ValueError: the instance has no light member that is on, or `players` is no number of them.
        """
        if not isinstance(players, int) or players < 0:
            raise ValueError(f"players is {players!r}: give how many players the member has, 0 or more")
        if not self._light.set_players(instance_id, players):
            raise ValueError(f"{instance_id} is no light member that is on: GET members lists those")

    def stop(self) -> None:
        """End what runs beside the members' computers, when all instances have ended."""
        self._light.stop()

    def set_settings(self, settings: Mapping[str, Any] | None) -> None:
        """Set the settings of members that boot from now on, over the sandbox's own; None: no more than those.

        Beside the sections of the signalling service there may be `{"unreal": {"legacy": true}}`: the synthetic Unreal
        of members that are processes is 4.27 then.

        Raises:
            ValueError: the signalling service would refuse them; the text names the setting.
        """
        given = dict(settings or {})
        if not all(isinstance(section, Mapping) for section in given.values()):
            raise ValueError('settings come in sections, as {"lifecycle": {"grace": 10}}')
        unreal = given.pop("unreal", {})
        if not (set(unreal) <= {"legacy"} and isinstance(unreal.get("legacy", False), bool)):
            raise ValueError(f'unreal is {dict(unreal)}: it has one setting, as {{"legacy": true}}')
        self.site.check(given)
        self._settings = given
        self._legacy = unreal.get("legacy", False)

    def set_kind(self, kind: str) -> None:
        """Set the kind of members that boot from now on.

        Raises:
            ValueError: there is no such kind.
        """
        if kind not in KINDS:
            raise ValueError(f"kind is '{kind}': it is one of {', '.join(KINDS)}")
        self.kind = kind

    def report(self) -> dict[str, Any]:
        """Return the kind and the settings, and every member whose computer is on."""
        with self._lock:
            on = list(self._on.values())
        return {
            "kind": self.kind,
            "settings": self._settings,
            "unreal": {"legacy": self._legacy},
            "members": [
                {"instance_id": facts.instance_id, "address": facts.public_ip, **runner.report(facts.instance_id)}
                for facts, runner in on
            ],
        }
