"""What must be changed inside moto, because no layer around it can: each with its why."""

from __future__ import annotations

from moto.ec2.exceptions import InvalidInstanceIdError
from moto.ec2.models.instances import Instance, InstanceBackend


def apply() -> None:
    """Make the changes. Again is no harm."""
    InstanceBackend.get_instance = _get_instance  # type: ignore[method-assign] # that is what a patch is


def _get_instance(self: InstanceBackend, instance_id: str) -> Instance:
    """Find an instance, newest first.

    Why: moto looks at every instance for each volume that it attaches, so that launching takes time by the square
    (2 s for 500 beside 500).
    """
    for reservation in reversed(list(self.reservations.values())):
        for instance in reversed(reservation.instances):
            if instance.id == instance_id:
                return instance
    raise InvalidInstanceIdError(instance_id)
