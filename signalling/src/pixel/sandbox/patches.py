"""What must be changed inside moto, because no layer around it can: each with its why."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from moto.apigateway.models import RestAPI, apigateway_backends
from moto.cloudformation import parsing
from moto.cloudformation.exceptions import ValidationError
from moto.core.serialize import JSONSerializer
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import Table
from moto.dynamodb.parsing.validators import ActionCountValidator, OverlappingPathsValidator
from moto.ec2.exceptions import InvalidInstanceIdError
from moto.ec2.models.instances import Instance, InstanceBackend
from moto.logs.models import LogGroup


def apply() -> None:
    """Make the changes. Again is no harm."""
    InstanceBackend.get_instance = _get_instance  # type: ignore[method-assign] # that is what a patch is
    parsing.parse_and_update_resource = _update_resource
    RestAPI.delete_from_cloudformation_json = classmethod(_delete_api)  # type: ignore[assignment,method-assign] # the same
    LogGroup.update_from_cloudformation_json = classmethod(_update_logs)  # type: ignore[assignment,method-assign] # the same
    DynamoDBBackend.transact_write_items = _transact  # type: ignore[method-assign] # that is what a patch is
    ActionCountValidator.traverse = _count_clauses
    OverlappingPathsValidator.traverse = _check_paths
    JSONSerializer._serialize_type_structure = _serialize_structure  # type: ignore[assignment,method-assign] # the same


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


def _delete_api(_: type[RestAPI], api_id: str, __: dict[str, Any], account_id: str, region_name: str) -> None:
    """Delete a stack's REST API.

    Why: moto leaves it behind.
    """
    apigateway_backends[account_id][region_name].delete_rest_api(api_id)


def _update_logs(
    _: type[LogGroup], /, original_resource: LogGroup, cloudformation_json: dict[str, Any], **__: str
) -> LogGroup:
    """Change for how long a stack's log group keeps what is in it.

    Why: moto cannot change log groups.
    """
    original_resource.set_retention_policy(cloudformation_json["Properties"].get("RetentionInDays"))
    return original_resource


_moto_transacts = DynamoDBBackend.transact_write_items


def _transact(self: DynamoDBBackend, transact_items: list[dict[str, Any]]) -> None:
    """Write a transaction's items, all or none.

    Why: moto copies the whole table once for each of them, a second for 300 items of which two are written.
    """
    tables, before = _before(self, transact_items)
    for table in tables:
        table.__deepcopy__ = _itself(table)  # type: ignore[attr-defined] # the copy that moto makes, and puts back
    try:
        _moto_transacts(self, transact_items)
    except BaseException:
        for table, key, content in before:
            if content is None:
                table.items.pop(key, None)
            else:
                table.items[key] = content
        raise
    finally:
        for table in tables:
            del table.__deepcopy__  # type: ignore[attr-defined]


def _before(
    backend: DynamoDBBackend, transact_items: list[dict[str, Any]]
) -> tuple[list[Table], list[tuple[Table, DynamoType, Any]]]:
    """Return a transaction's tables, and copies of what they hold under its items' hash keys."""
    tables: dict[str, Table] = {}
    before = []
    for item in transact_items:
        for operation in item.values():
            table = backend.tables.get(operation.get("TableName"))
            value = operation.get("Key", operation.get("Item", {})).get(table.hash_key_attr) if table else None
            if table is not None and value is not None:
                tables[table.name] = table
                key = DynamoType(value)
                before.append((table, key, copy.deepcopy(table.items[key]) if key in table.items else None))
    return list(tables.values()), before


def _itself(table: Table) -> Callable[[object], Table]:
    return lambda _: table


def _count_clauses(self: ActionCountValidator, node: Any) -> Any:
    """Check that an update expression has each kind of clause once.

    Why: what is checked of the whole holds for its parts, and moto checks every part too: an expression is a part
    within a part for each of its attributes, so that the time grows by the square.
    """
    return self.verify_action_counts(node)


def _check_paths(self: OverlappingPathsValidator, node: Any) -> Any:
    """Check that an update expression changes no attribute twice.

    Why: as above.
    """
    return self.check_for_overlapping_paths(node)


_moto_serializes_structure = JSONSerializer._serialize_type_structure
_AS_THEY_ARE = frozenset({"S", "N", "BOOL", "NULL", "SS", "NS"})
"""DynamoDB's types whose values moto keeps as they go over the wire."""


def _serialize_structure(self: JSONSerializer, serialized: dict[str, Any], value: Any, shape: Any, key: str) -> None:
    """Write a structure of an answer in JSON; a value of DynamoDB as it is, if it needs no change.

    Why: moto asks each value whether it is any of the ten types, under every name that each could have; that is
    almost half of the work of a call.
    """
    if shape.name == "AttributeValue" and isinstance(value, dict) and len(value) == 1 and _AS_THEY_ARE & value.keys():
        serialized[key] = value
    else:
        _moto_serializes_structure(self, serialized, value, shape, key)


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
