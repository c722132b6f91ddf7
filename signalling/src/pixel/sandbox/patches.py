"""What must be changed inside moto, because no layer around it can: each with its why."""

from __future__ import annotations

from typing import Any

from moto.cloudformation import parsing
from moto.cloudformation.exceptions import ValidationError
from moto.ec2.exceptions import InvalidInstanceIdError
from moto.ec2.models.instances import Instance, InstanceBackend


def apply() -> None:
    """Make the changes. Again is no harm."""
    InstanceBackend.get_instance = _get_instance  # type: ignore[method-assign] # that is what a patch is
    parsing.parse_and_update_resource = _update_resource


_moto_updates_resource = parsing.parse_and_update_resource


def _update_resource(logical_id: str, resource_json: dict[str, Any], *rest: Any, **more: Any) -> Any:
    """Update a stack's resource, or say that it cannot be updated.

    Why: moto reports an update that it has no code for as done, and forgets the resource.
    """
    kind = resource_json["Type"]
    model = parsing.resource_class_from_type(kind)
    if hasattr(model.update_from_cloudformation_json, "__isabstractmethod__"):
        message = f"the sandbox cannot update {logical_id} ({kind}): delete the stack and create it again"
        raise ValidationError(message=message)
    return _moto_updates_resource(logical_id, resource_json, *rest, **more)


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
