"""moto's EC2 of one region, through which all our EC2 code goes: moto's internals are touched here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from moto.ec2.models import EC2Backend, ec2_backends
from moto.ec2.models.amis import Ami
from moto.ec2.models.instances import Instance, StateReason

from pixel.sandbox.errors import AwsError
from pixel.sandbox.moto_app import ACCOUNT

STATE_CODES = {"pending": 0, "running": 16, "shutting-down": 32, "terminated": 48, "stopping": 64, "stopped": 80}
_INSTANCE_ID = re.compile(r"i-(?:[0-9a-f]{8}|[0-9a-f]{17})")
_IMAGE_ID = re.compile(r"ami-(?:[0-9a-f]{8}|[0-9a-f]{17})")


class Account:
    """The instances and images of one region."""

    def __init__(self, region: str) -> None:
        self.region = region

    @property
    def backend(self) -> EC2Backend:
        """moto's backend. Always asked for anew: a reset replaces it."""
        return ec2_backends[ACCOUNT][self.region]

    def instances(self) -> Iterator[Instance]:
        """Yield every instance there is, terminated ones too, in the order of launch."""
        for reservation in list(self.backend.reservations.values()):
            yield from reservation.instances

    def named(self, ids: Iterable[str]) -> list[Instance]:
        """Return the instances with these ids, in their order, each once.

        Raises:
            AwsError: an id that is none, or an instance that is not there.
        """
        wanted = list(dict.fromkeys(ids))
        for name in wanted:
            if _INSTANCE_ID.fullmatch(name) is None:
                raise AwsError("InvalidInstanceID.Malformed", f'Invalid id: "{name}"')
        there = {instance.id: instance for instance in self.instances()}
        missing = [name for name in wanted if name not in there]
        if missing:
            what, do = ("ID", "does") if len(missing) == 1 else ("IDs", "do")
            raise AwsError("InvalidInstanceID.NotFound", f"The instance {what} '{', '.join(missing)}' {do} not exist")
        return [there[name] for name in wanted]

    def key_names(self) -> set[str]:
        """Return the names of the key pairs."""
        return {pair.key_name for pair in self.backend.key_pairs.values()}

    def public_key(self, name: str) -> str | None:
        """Return the public half of a key pair, in OpenSSH's form; None when it is not there any more."""
        pair = next((pair for pair in self.backend.key_pairs.values() if pair.key_name == name), None)
        return pair.material_public.decode().strip() if pair else None

    def tags(self, resource_id: str) -> Mapping[str, str]:
        """Return a resource's tags."""
        return self.backend.tags.get(resource_id, {})

    def add_tags(self, resource_id: str, tags: Mapping[str, str]) -> None:
        """Add tags to a resource, or change them."""
        if tags:
            self.backend.create_tags([resource_id], dict(tags))

    def image(self, image_id: str) -> Ami:
        """Return an image that is there, in whatever state.

        Raises:
            AwsError: an id that is none, or an image that is not there (any more).
        """
        if _IMAGE_ID.fullmatch(image_id) is None:
            raise AwsError("InvalidAMIID.Malformed", f'Invalid id: "{image_id}"')
        image = self.backend.amis.get(image_id)
        if image is None:
            if image_id in self.backend.deleted_amis:
                raise AwsError("InvalidAMIID.Unavailable", f"The image ID '{image_id}' is no longer available")
            raise AwsError("InvalidAMIID.NotFound", f"The image id '[{image_id}]' does not exist")
        return image

    def forget(self, instance: Instance) -> None:
        """Remove a terminated instance, as AWS does an hour after its end."""
        for reservation in list(self.backend.reservations.values()):
            if instance in reservation.instances:
                reservation.instances.remove(instance)
                if not reservation.instances:
                    del self.backend.reservations[reservation.id]
        self.backend.tags.pop(instance.id, None)


def set_state(instance: Instance, state: str, reason: str = "", message: str = "") -> None:
    """Set an instance's state; `reason` is AWS's code, as `Client.UserInitiatedShutdown`, and `message` its words."""
    instance._state.name = state
    instance._state.code = STATE_CODES[state]
    instance._reason = message
    instance.state_reason = StateReason(f"{reason}: {message}" if reason else "", reason)


def set_first_launch(instance: Instance) -> None:
    """Make the attachment of the network interfaces, which EC2 documents as the first launch, as old as the launch."""
    for nic in instance.nics.values():
        nic.attach_time = instance.launch_time


def set_public_address(instance: Instance, address: str | None) -> None:
    """Give the instance a public address, or take it."""
    instance.nics[0].public_ip = address


def wants_public_address(instance: Instance) -> bool:
    """Whether AWS gives the instance a public address at every start."""
    return bool(instance.nics) and str(instance.nics[0].public_ip_auto_assign).lower() == "true"
