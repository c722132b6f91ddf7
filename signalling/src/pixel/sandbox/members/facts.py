"""What the world outside EC2 is told of instances: enough to run a member for each, or to send events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class InstanceFacts:
    """An instance at one moment.

    Attributes:
        state: one of EC2's states, as `running`.
        public_ip: its address in 127.0.0.0/8 while pending or running; None otherwise.
        user_data: what was given at launch, as text.
        profile_arn: of its instance profile; None when it has none.
        shows_tags: whether its metadata service tells it its tags.
        at: when that was, in seconds since the epoch.
    """

    instance_id: str
    state: str
    region: str
    availability_zone: str
    image_id: str
    instance_type: str
    private_ip: str | None
    public_ip: str | None
    tags: Mapping[str, str]
    user_data: str
    profile_arn: str | None
    shows_tags: bool
    at: float


class InstanceObserver(Protocol):
    """Is told of every change of state of every instance, in order, one at a time, from one thread.

    It may take its time: EC2 answers meanwhile. It may call the sandbox's own API. What it raises is logged.
    """

    def changed(self, facts: InstanceFacts) -> None:
        """An instance has just come into the state in the facts.

        The member's computer runs from `running` until `stopping`, `shutting-down` or, when the sandbox is reset or
        stopped, at once `terminated`.
        """
