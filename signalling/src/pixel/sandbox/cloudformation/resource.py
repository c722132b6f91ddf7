"""What the resources have in common that moto's CloudFormation does not know, and that are made by its own services.

Properties are those of "AWS resource and property types reference" in CloudFormation's user guide.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Properties = Mapping[str, Any]


@dataclass(frozen=True)
class Order:
    """What a stack wants made.

    Attributes:
        name: the name among its properties, or else one made of the stack's.
        given: its properties, with all references resolved.
    """

    name: str
    given: Properties
    account: str
    region: str


class Resource:
    """The words of moto's interface for resources of stacks, in terms of `make`, `change` and `remove`.

    moto finds those classes that derive from its `CloudFormationModel` directly, so that this one is mixed in.

    Attributes:
        physical_resource_id: what `Ref` gives.
        attributes: what `Fn::GetAtt` gives.
        order: what it was made from.
    """

    def __init__(self, physical_resource_id: str, order: Order, attributes: Mapping[str, str]) -> None:
        self.physical_resource_id = physical_resource_id
        self.order = order
        self.attributes = attributes

    @classmethod
    @abstractmethod
    def make(cls, order: Order) -> Resource:
        """Make the resource."""

    @abstractmethod
    def remove(self) -> None:
        """Delete the resource."""

    def change(self, order: Order) -> Resource:
        """Change the resource: make it anew in the place of the old one, unless a type knows better."""
        self.remove()
        return self.make(order)

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: dict[str, Any], account_id: str, region_name: str, **_: Any
    ) -> Resource:
        """Make the resource of a new stack."""
        return cls.make(Order(resource_name, cloudformation_json["Properties"], account_id, region_name))

    @classmethod
    def update_from_cloudformation_json(
        cls,
        original_resource: Resource,
        new_resource_name: str,
        cloudformation_json: dict[str, Any],
        account_id: str,
        region_name: str,
    ) -> Resource:
        """Change the resource of a stack that is updated."""
        order = Order(new_resource_name, cloudformation_json["Properties"], account_id, region_name)
        return original_resource.change(order)

    def delete(self, account_id: str, region_name: str) -> None:
        """Delete the resource of a stack that is deleted, or that does not want it any more."""
        del account_id, region_name  # those it was made in
        self.remove()

    @staticmethod
    def has_cfn_attr(_: str) -> bool:
        """Let `get_cfn_attribute` judge."""
        return True

    def get_cfn_attribute(self, attribute_name: str) -> str:
        """Return an attribute of the resource.

        Raises:
            KeyError: it has no such attribute.
        """
        return self.attributes[attribute_name]

    def is_created(self) -> bool:
        """Whether it is there: at once."""
        return True


def lower_names(given: Properties) -> dict[str, Any]:
    """Return properties under the names that the service's own API has: a small first letter."""
    return {key[0].lower() + key[1:]: value for key, value in given.items()}
