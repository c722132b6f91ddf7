"""Calls to AWS grow with pages and batches, not with members."""

from __future__ import annotations

import pytest
from ansible_collections.mitlab.pixel.tests.module.conftest import Modules

pytestmark = pytest.mark.slow


def test_a_life_of_five_hundred_members(modules: Modules) -> None:
    modules.publish("1.0.0")
    created = modules.fleet(500)
    assert len(created["stopped"]) == 500
    assert created.number_of_calls <= 20

    converged = modules.fleet(500)
    assert not converged["changed"]
    assert converged.number_of_calls <= 3

    tags = {"pixel:pool": "drone"}
    modules.succeed("power", state="started", tags=tags)
    stopped = modules.succeed("power", state="stopped", tags=tags, lease_table=modules.sandbox.state.lease_table)
    assert len(stopped["stopped"]) == 500
    assert stopped.number_of_calls <= 8

    shrunk = modules.fleet(490)
    assert len(shrunk["terminated"]) == 10
    assert shrunk.number_of_calls <= 5
