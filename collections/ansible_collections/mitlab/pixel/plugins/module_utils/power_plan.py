# Copyright: mitlab.pixel maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Decide which members to start or stop. Pure: nothing here knows boto3 or Ansible."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from .members import Member, TagFilter, Use

Desired = Literal["started", "stopped"]

TARGET: Mapping[Desired, str] = {"started": "running", "stopped": "stopped"}
ON_THE_WAY: Mapping[Desired, str] = {"started": "pending", "stopped": "stopping"}


@dataclass(frozen=True)
class PowerPlan:
    """What `power` will do.

    Attributes:
        start, stop: members to change.
        wait_for: members on the way already, by someone else's doing.
        kept: members left alone although they are not in the desired state, with the reason.
    """

    start: tuple[Member, ...] = ()
    stop: tuple[Member, ...] = ()
    wait_for: tuple[Member, ...] = ()
    kept: Mapping[str, str] = field(default_factory=dict)

    @property
    def changes(self) -> tuple[Member, ...]:
        """The members to change: a plan starts or stops, never both."""
        return self.start or self.stop


def plan_power(
    members: Iterable[Member],
    desired: Desired,
    exempt: TagFilter | None = None,
    leases: Mapping[str, Use] | None = None,
    releases: Collection[str] = (),
) -> PowerPlan:
    """Decide which members to start or stop.

    Members already in the desired state, or on the way to it, need nothing. A member in use is kept: stopping it would
    take the machine from the person who uses it, or from the class that is about to. One that is on the way to the
    opposite state cannot be turned round: it is kept, for the next run.

    Args:
        exempt: members that carry one of these tags are kept.
        leases: live leases and holds by instance id.
        releases: consider members of these releases only; all when empty.
    """
    change: list[Member] = []
    wait_for: list[Member] = []
    kept: dict[str, str] = {}
    changeable = "running" if desired == "stopped" else "stopped"
    for member in members:
        if member.gone or member.state == TARGET[desired] or (releases and member.release not in releases):
            continue
        if member.state == ON_THE_WAY[desired]:
            wait_for.append(member)
        elif exempting := exempt.first_match(member) if exempt else None:
            kept[member.instance_id] = f"exempt by tag {exempting}"
        elif desired == "stopped" and leases and member.instance_id in leases:
            kept[member.instance_id] = leases[member.instance_id].reason
        elif member.state != changeable:
            kept[member.instance_id] = f"still {member.state}"
        else:
            change.append(member)
    if desired == "started":
        return PowerPlan(start=tuple(change), wait_for=tuple(wait_for), kept=kept)
    return PowerPlan(stop=tuple(change), wait_for=tuple(wait_for), kept=kept)
