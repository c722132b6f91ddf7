"""Which of a pool's machines may be claimed at all."""

from __future__ import annotations

from pixel.wake.aws import Machine
from pixel.wake.rosters import parse_roster, roster_write


def machine(
    instance_id: str, state: str = "stopped", *, on_trial: bool = False, on_first_boot: bool = False
) -> Machine:
    return Machine(instance_id, "drone", "us-east-2a", "1.1.0", state, None, 0.0, "", on_trial, on_first_boot)


def claimable(*machines: Machine) -> list[str]:
    return [member.instance_id for member in parse_roster(roster_write("drone", machines, 1.0).set)]


def test_a_canary_that_has_not_passed_is_nobodys_to_claim() -> None:
    assert claimable(machine("i-1"), machine("i-2", "running", on_trial=True)) == ["i-1"]


def test_a_member_on_its_first_boot_is_nobodys_to_claim() -> None:
    assert claimable(machine("i-1", "running", on_first_boot=True), machine("i-2")) == ["i-2"]


def test_a_terminated_machine_is_nobodys_to_claim() -> None:
    assert claimable(machine("i-1", "terminated")) == []
