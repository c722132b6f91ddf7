# Copyright: mitlab.pixel maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A canary's life: one instance of a release, launched to be tried, and then a member, or gone.

A run that dies leaves a canary with the tag `pixel:canary=checking`, which nobody claims and whose lease ends. The next
run of whichever release terminates it and begins anew: what a dead run has found out is not known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from . import ec2 as ec2_api
from .aws import Client
from .errors import PixelError
from .first_boot import FirstBoot
from .fleet_launch import launch, launch_request
from .fleet_plan import spread
from .launch_template_plan import Template
from .leases import Leases
from .members import CANARY_TAG, CHECKING, GONE, PASSED, POOL_TAG, Member
from .waiting import Deadline


@dataclass(frozen=True)
class Trial:
    """What is tried.

    Attributes:
        release: the release whose template version the canary is launched from.
        zones: availability zone by subnet, those to launch in.
    """

    pool: str
    release: str
    template: Template
    zones: Mapping[str, str]


def pool_members(ec2: Client, pool: str) -> list[Member]:
    """Return the pool's instances, canaries among them."""
    return ec2_api.describe_members(ec2, ec2_api.tag_filters({POOL_TAG: pool}))


def on_trial(members: Iterable[Member]) -> list[Member]:
    """Return the canaries that have not passed and still exist."""
    return [member for member in members if member.on_trial and not member.gone]


def launch_canary(ec2: Client, trial: Trial, members: Sequence[Member]) -> Member:
    """Launch the canary, where there is capacity, and return it. Replayable by the launch's ClientToken.

    Raises:
        PixelError: no availability zone has capacity.
    """
    version = trial.template.version_for(trial.release)
    request = launch_request(trial.template, version, trial.pool, {CANARY_TAG: CHECKING})
    there = [member for member in members if not member.gone]
    wanted = spread(1, there, trial.zones)
    launched = launch(partial(ec2_api.run_instances, ec2), request, wanted, trial.zones, members, trial.release)
    if not launched.members:
        raise PixelError(launched.shortage())
    return launched.members[0]


def until_running(ec2: Client, pool: str, canary: Member, deadline: Deadline) -> Member:
    """Wait until the canary runs, and return it with its address.

    Raises:
        PixelError: it does not come to run.
    """
    boot = FirstBoot(ec2, pool, deadline, status_checks=False, stop=False, leases=Leases())
    boots = boot.see_through([canary.instance_id])
    if boots.problem:
        raise PixelError(boots.problem)
    return next(member for member in boots.members if member.instance_id == canary.instance_id)


def make_member(ec2: Client, pool: str, canaries: Sequence[Member], deadline: Deadline) -> None:
    """Stop the canaries that have passed, and make them members, once nobody can find them running.

    Raises:
        PixelError: one does not stop in time.
    """
    ids = [canary.instance_id for canary in canaries]
    ec2_api.stop_instances(ec2, ids)
    states: dict[str, str] = {}
    for _poll in deadline.polls():
        states = {member.instance_id: member.state for member in pool_members(ec2, pool)}
        if all(states.get(one) in GONE | {"stopped"} for one in ids):
            break
    else:
        late = ", ".join(f"{one} is {states.get(one, 'unknown')}" for one in ids)
        raise PixelError(
            f"the canary has passed and does not stop within wait_timeout ({deadline.timeout:g} s): {late}: "
            f"run again, or raise wait_timeout"
        )
    ec2_api.tag_instances(ec2, ids, {CANARY_TAG: PASSED})
