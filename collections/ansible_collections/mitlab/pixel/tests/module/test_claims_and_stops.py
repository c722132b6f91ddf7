"""Whoever claims a member just before it is stopped or terminated keeps it, and nobody claims it afterwards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.mitlab.pixel.plugins.module_utils import ec2 as ec2_api
from ansible_collections.mitlab.pixel.plugins.module_utils import fleet_apply
from ansible_collections.mitlab.pixel.plugins.module_utils.leases import LEAVING, Leases
from ansible_collections.mitlab.pixel.tests.module.conftest import Clock, Modules, Result

from pixel.wake.errors import ApiError
from pixel.wake.function import Wake

POOL = {"pixel:pool": "drone"}


@pytest.fixture
def member(modules: Modules) -> str:
    """The only member of a pool: stopped, and free."""
    modules.publish("1.0.0")
    [created] = modules.fleet(1)["created"]
    return str(created)


def stop(modules: Modules) -> Result:
    return modules.succeed("power", state="stopped", tags=POOL, lease_table=modules.sandbox.state.lease_table)


def retire(modules: Modules) -> Result:
    return modules.fleet(0)


def once_read(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Act when a module has read who uses members, or which there are, and before it writes anything."""
    drain = Leases.drain

    def drained(leases: Leases, members: Any) -> dict[str, str]:
        there = list(members)
        act()
        return drain(leases, there)

    monkeypatch.setattr(Leases, "drain", drained)


def before(monkeypatch: pytest.MonkeyPatch, call: str, act: Callable[[], object]) -> None:
    """Act just before a module stops or terminates something; `call` is the function that does."""
    plain = getattr(ec2_api, call)

    def called(ec2: Any, ids: Any) -> Any:
        act()
        return plain(ec2, ids)

    for user in (ec2_api, fleet_apply):
        monkeypatch.setattr(user, call, called, raising=False)


def test_a_running_member_that_is_claimed_meanwhile_is_not_stopped(
    modules: Modules, wake: Wake, member: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    modules.sandbox.ec2.start_instances(InstanceIds=[member])
    once_read(monkeypatch, lambda: wake.sessions.open("somebody", "key", "drone"))
    result = stop(modules)
    assert (result["stopped"], list(result["kept"])) == ([], [member])
    assert result["kept"][member].startswith("leased by session ")
    assert modules.alive() == {member: "running"}


def test_a_stopped_member_that_is_claimed_meanwhile_is_not_terminated(
    modules: Modules, wake: Wake, member: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    once_read(monkeypatch, lambda: wake.sessions.open("somebody", "key", "drone"))
    result = retire(modules)
    assert (result["terminated"], list(result["kept"])) == ([], [member])
    assert member in modules.alive()


@pytest.mark.parametrize(
    ("started", "change", "call"), [(True, stop, "stop_instances"), (False, retire, "terminate_instances")]
)
def test_a_member_that_is_about_to_go_is_claimed_by_nobody(
    modules: Modules,
    wake: Wake,
    member: str,
    monkeypatch: pytest.MonkeyPatch,
    started: bool,
    change: Callable[[Modules], Result],
    call: str,
) -> None:
    if started:
        modules.sandbox.ec2.start_instances(InstanceIds=[member])
    refusals: list[str] = []

    def claim() -> None:
        wake.reconciler.run()
        with pytest.raises(ApiError) as refused:
            wake.sessions.open("somebody", "key", "drone")
        refusals.append(refused.value.code)

    before(monkeypatch, call, claim)
    change(modules)
    assert refusals == ["pool_empty"]


def test_a_run_that_dies_before_the_stop_leaves_nothing_that_runs(
    modules: Modules, wake: Wake, member: str, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    modules.sandbox.ec2.start_instances(InstanceIds=[member])

    def die() -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as killed, pytest.raises(KeyboardInterrupt):
        before(killed, "stop_instances", die)
        stop(modules)
    assert modules.alive() == {member: "running"}
    assert stop(modules)["stopped"] == [member]
    clock.ahead = LEAVING
    wake.reconciler.run()
    assert wake.sessions.open("somebody", "key", "drone").session.member == member


def test_a_member_on_its_first_boot_is_claimed_by_nobody(modules: Modules, wake: Wake) -> None:
    modules.publish("1.0.0")
    [created] = modules.fleet(1, wait=False)["created"]
    with pytest.raises(ApiError, match="pool drone has no member that could be woken"):
        wake.sessions.open("somebody", "key", "drone")
    assert modules.fleet(1)["stopped"] == [created]
