"""Operators: playbooks on the stage. Their modules run as they are, in the playbooks' order with their options."""

from __future__ import annotations

import importlib
import json
from collections import Counter
from datetime import datetime, tzinfo
from typing import Any

import pytest
from ansible.module_utils import basic
from ansible.module_utils.common import json as ansible_json

from pixel.sandbox.state import SandboxState

from .plan import Errand
from .stage import Actor, Stage

MODULES = "ansible_collections.mitlab.pixel.plugins.modules"
WAIT = 300
MIN_AGE = 120
"""`pixel_dns_min_age`, shorter than in production as all times are."""


class Output:
    """Standard output, for everybody on the stage: what a module prints is its own."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def write(self, text: str) -> int:
        """Print."""
        actor = self._stage.current
        if actor is not None:
            actor.printed.append(text)
        return len(text)

    def flush(self) -> None:
        """Nothing is kept back."""


class Operators:
    """Runs playbooks.

    Args:
        images: image id by release.
    """

    def __init__(self, stage: Stage, state: SandboxState, images: dict[str, str]) -> None:
        self._stage = stage
        self._state = state
        self.images = images
        self.counts: Counter[str] = Counter()

    def run(self, errand: Errand) -> dict[str, Any]:
        """Run a playbook to its end; return what its last module told, with `failed` when one failed."""
        self.counts["playbooks"] += 1
        told: dict[str, Any] = {}
        for module, options in self._tasks(errand):
            told = self._module(module, options)
            self._stage.note(f"{module}: {str({k: told.get(k) for k in ('changes', 'msg', 'kept')})[:400]}")
            if told.get("failed"):
                self.counts["failed playbooks"] += 1
                break
        return told

    def start(self, errand: Errand) -> Actor:
        """Start a playbook, which dies where the errand says."""
        actor = self._stage.spawn(f"playbook {errand.playbook}", lambda: self.run(errand))
        actor.calls_left = errand.killed_after
        actor.dies = errand.killed
        if errand.killed_after is not None:
            self.counts["kills of playbooks"] += 1
        return actor

    def _tasks(self, errand: Errand) -> list[tuple[str, dict[str, Any]]]:
        fleet = {
            "pool": "drone",
            "launch_template": "pixel-drone",
            "size": errand.size,
            "max_size": max(20, errand.size),
            "subnets": list(self._state.subnets.values()),
            "lease_table": self._state.lease_table,
            "wait": True,
            "wait_timeout": WAIT,
        }
        publish = {
            "name": "pixel-drone",
            "pool": "drone",
            "release": errand.release,
            "image_id": self.images[errand.release],
            "instance_type": "g4dn.xlarge",
            "security_group_ids": [self._state.security_group_id],
            "root_volume": {"size": 100, "type": "gp3"},
            "instance_tags": {},
            "keep": 3,
        }
        power = {
            "state": errand.state,
            "tags": {"pixel:pool": "drone"},
            "exempt_tags": {"pixel:keep-running": "true"},
            "lease_table": self._state.lease_table,
            "wait": True,
            "wait_timeout": WAIT,
        }
        playbooks = {
            "release": [("launch_template", publish), ("fleet", {**fleet, "release": errand.release})],
            "fleet": [("fleet", fleet)],
            "power": [("power", power)],
            "image_prune": [("image_prune", {"pool": "drone", "keep": 1, "min_age": 0})],
            "dns_prune": [("dns_prune", {"zone": self._state.zone, "min_age": MIN_AGE})],
        }
        return playbooks[errand.playbook]

    def _module(self, name: str, options: dict[str, Any]) -> dict[str, Any]:
        aws = {
            "region": self._state.region,
            "endpoint_url": self._state.endpoint,
            "access_key": self._state.access_key,
            "secret_key": self._state.secret_key,
        }
        arguments = {"ANSIBLE_MODULE_ARGS": {**aws, **options, "_ansible_check_mode": False, "_ansible_diff": False}}
        encoder = ansible_json.get_module_encoder("legacy", ansible_json.Direction.CONTROLLER_TO_MODULE)
        # Read at once, before the module makes its first call.
        basic._ANSIBLE_ARGS = json.dumps(arguments, cls=encoder).encode()
        basic._ANSIBLE_PROFILE = "legacy"
        actor = self._stage.current
        if actor is None:
            raise RuntimeError("modules run on the stage")
        actor.printed.clear()
        with pytest.raises(SystemExit):
            importlib.import_module(f"{MODULES}.{name}").main()
        return dict(json.loads("".join(actor.printed).strip().splitlines()[-1]))


def stage_datetime(stage: Stage) -> type[datetime]:
    """Return `datetime` with the stage's time as its present."""

    class StageDatetime(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:
            return datetime.fromtimestamp(stage.clock(), tz)

    return StageDatetime
