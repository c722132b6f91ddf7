# Copyright: mitlab.pixel maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""See new members through their first boot: wait until they have booted, stop them, wait until they are stopped."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from .aws import Client
from .ec2 import describe_members, passed_status_checks, stop_instances, tag_filters
from .leases import Leases
from .members import GONE, OFF, POOL_TAG, Member, counted
from .waiting import Deadline


@dataclass
class Boots:
    """What came of first boots.

    Attributes:
        members: the pool as last seen.
        stopped: members that this run stopped.
        kept: members left running, with the reason.
        problem: what is not as it should be, for the operator; None when all is well.
    """

    members: list[Member] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    kept: dict[str, str] = field(default_factory=dict)
    problem: str | None = None


@dataclass
class FirstBoot:
    """Sees new members of one pool through their first boot.

    Attributes:
        status_checks: whether a member has booted when EC2's status checks pass, or already when it runs.
        stop: whether it is stopped then.
        leases: tells who uses members, just before they are stopped.
    """

    ec2: Client
    pool: str
    deadline: Deadline
    status_checks: bool
    stop: bool
    leases: Leases

    def see_through(self, ids: Iterable[str]) -> Boots:
        """Wait until the members have booted, stop those that are not in use, and wait until they are stopped."""
        waiting = set(ids)
        boots = Boots()
        self._until_running(waiting, boots)
        if boots.problem is None and self.status_checks:
            self._until_checked(waiting, boots)
        if boots.problem is None and self.stop and waiting:
            # The wake function gives nobody a member on its first boot: so there is no claim to be afraid of.
            in_use = self.leases.in_use()
            boots.kept |= {one: in_use[one].reason for one in waiting & in_use.keys()}
            boots.kept |= stop_instances(self.ec2, sorted(waiting - boots.kept.keys()))
            boots.stopped = sorted(waiting - boots.kept.keys())
            self._until_stopped(set(boots.stopped), boots)
        return boots

    def _look(self, boots: Boots) -> dict[str, str]:
        boots.members = describe_members(self.ec2, tag_filters({POOL_TAG: self.pool}))
        return {member.instance_id: member.state for member in boots.members}

    def _until_running(self, waiting: set[str], boots: Boots) -> None:
        """Wait until none is pending; those that run stay in `waiting`."""
        states: dict[str, str] = {}
        for _poll in self.deadline.polls():
            states = self._look(boots)
            if all(states.get(one, "pending") != "pending" for one in waiting):
                break
        pending = sorted(one for one in waiting if states.get(one, "pending") == "pending")
        failed = sorted(one for one in waiting if states.get(one) in GONE)
        waiting -= {one for one in waiting if states.get(one) in GONE | OFF}
        if failed:
            boots.problem = (
                f"{counted(len(failed), 'new member')} ended during the first boot ({', '.join(failed)}): "
                f"EC2 says why in the instance's state reason; mend the image or the template's volume and key"
            )
        elif pending:
            boots.problem = self._late(pending, "running")

    def _until_checked(self, waiting: set[str], boots: Boots) -> None:
        """Wait until all pass EC2's status checks."""
        unchecked = set(waiting)
        for _poll in self.deadline.polls() if unchecked else ():
            unchecked -= passed_status_checks(self.ec2)
            if not unchecked:
                return
        if unchecked:
            boots.problem = self._late(sorted(unchecked), "through EC2's status checks")

    def _until_stopped(self, waiting: set[str], boots: Boots) -> None:
        left = set(waiting)
        for _poll in self.deadline.polls() if left else ():
            states = self._look(boots)
            left = {one for one in left if states.get(one) not in GONE | {"stopped"}}
            if not left:
                return
        if left:
            boots.problem = self._late(sorted(left), "stopped")

    def _late(self, ids: list[str], state: str) -> str:
        shown = ", ".join(ids[:5]) + (" …" if len(ids) > 5 else "")
        return (
            f"{counted(len(ids), 'new member')} not {state} after wait_timeout ({self.deadline.timeout:g} s): {shown}: "
            f"run again to go on, or raise wait_timeout"
        )
