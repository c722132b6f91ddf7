"""The lease table: plain items in and out of DynamoDB. No rule about leases is here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from pixel.lease.writes import Delete, Write

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_dynamodb.type_defs import KeysAndAttributesTypeDef, ScanInputPaginateTypeDef, UpdateTypeDef

KEY = "instance_id"
BATCH_GET = 100
"""Keys in one BatchGetItem, by its documentation."""

_serializer = TypeSerializer()
_deserializer = TypeDeserializer()


class ConditionFailed(Exception):  # noqa: N818 - DynamoDB's word
    """A write's condition did not hold.

    `item` is what was there instead (None: nothing, or it was a transaction); `failed` are the places, in a
    transaction, of the writes whose conditions did not hold (none: another write was under way on one of the items).
    """

    def __init__(self, item: Mapping[str, Any] | None = None, failed: Sequence[int] = ()) -> None:
        super().__init__("the condition of the write did not hold")
        self.item = item
        self.failed = tuple(failed)


class Table:
    """A DynamoDB table with the hash key `instance_id`, read with strong consistency."""

    def __init__(self, client: DynamoDBClient, name: str) -> None:
        self.client = client
        self.name = name

    def get(self, key: str) -> dict[str, Any] | None:
        """Return an item, or None."""
        answer = self.client.get_item(TableName=self.name, Key=_key(key), ConsistentRead=True)
        return plain(answer["Item"]) if "Item" in answer else None

    def get_many(self, keys: Iterable[str], attributes: Sequence[str] = ()) -> dict[str, dict[str, Any]]:
        """Return the items that exist, by key: one call for every 100 keys. `attributes` are the only ones wanted."""
        wanted = list(dict.fromkeys(keys))
        asked: KeysAndAttributesTypeDef = {"Keys": [], "ConsistentRead": True}
        if attributes:
            expression = ", ".join(f"#{name}" for name in (KEY, *attributes))
            asked |= {"ProjectionExpression": expression, "ExpressionAttributeNames": _names(expression)}
        found: dict[str, dict[str, Any]] = {}
        while wanted:
            batch, wanted = wanted[:BATCH_GET], wanted[BATCH_GET:]
            answer = self.client.batch_get_item(
                RequestItems={self.name: {**asked, "Keys": [_key(key) for key in batch]}}
            )
            for raw in answer["Responses"].get(self.name, []):
                item = plain(raw)
                found[item[KEY]] = item
            unprocessed = answer["UnprocessedKeys"].get(self.name, {"Keys": []})["Keys"]
            wanted = [_deserializer.deserialize(key[KEY]) for key in unprocessed] + wanted
        return found

    def scan(self, without: str | None = None) -> dict[str, dict[str, Any]]:
        """Return every item whose key does not begin with `without`, by key: one call for every megabyte there is."""
        asked: ScanInputPaginateTypeDef = {"TableName": self.name, "ConsistentRead": True}
        if without is not None:
            asked |= {
                "FilterExpression": f"NOT begins_with({KEY}, :without)",
                "ExpressionAttributeValues": {":without": {"S": without}},
            }
        pages = self.client.get_paginator("scan").paginate(**asked)
        return {item[KEY]: item for page in pages for item in map(plain, page["Items"])}

    def write(self, write: Write) -> dict[str, Any]:
        """Carry out one write and return the whole item after it.

        Raises:
            ConditionFailed: with the item that was there instead.
        """
        try:
            answer = self.client.update_item(**_update(self.name, write), ReturnValues="ALL_NEW")
        except self.client.exceptions.ConditionalCheckFailedException as error:
            raise ConditionFailed(_failed_item(error.response)) from None
        return plain(answer["Attributes"])

    def transact(self, writes: Sequence[Write]) -> None:
        """Carry out all the writes, or none.

        Raises:
            ConditionFailed: a condition did not hold, or another write was under way on one of the items.
        """
        try:
            self.client.transact_write_items(TransactItems=[{"Update": _update(self.name, write)} for write in writes])
        except self.client.exceptions.TransactionCanceledException as error:
            codes = [reason.get("Code", "None") for reason in error.response.get("CancellationReasons", [])]
            if not set(codes) <= {"None", "ConditionalCheckFailed", "TransactionConflict"}:
                raise
            failed = [place for place, code in enumerate(codes) if code == "ConditionalCheckFailed"]
            raise ConditionFailed(failed=failed) from None

    def delete(self, delete: Delete) -> None:
        """Delete an item if the condition holds.

        Raises:
            ConditionFailed: with the item that was there instead.
        """
        try:
            self.client.delete_item(
                TableName=self.name,
                Key=_key(delete.key),
                ConditionExpression=delete.condition,
                ExpressionAttributeNames=_names(delete.condition),
                ExpressionAttributeValues={name: _typed(value) for name, value in delete.values.items()},
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except self.client.exceptions.ConditionalCheckFailedException as error:
            raise ConditionFailed(_failed_item(error.response)) from None


def plain(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return a DynamoDB item as plain Python: numbers become int or float."""
    return {name: _plain(_deserializer.deserialize(value)) for name, value in raw.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    return value


def _typed(value: Any) -> Any:
    """Return a value as DynamoDB's JSON; times are kept to the millisecond."""
    return _serializer.serialize(_decimal(value))


def _decimal(value: Any) -> Any:
    if isinstance(value, float):
        return Decimal(str(round(value, 3)))
    if isinstance(value, Mapping):
        return {name: _decimal(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_decimal(part) for part in value]
    return value


def _key(key: str) -> dict[str, Any]:
    return {KEY: {"S": key}}


def _failed_item(response: Mapping[str, Any]) -> dict[str, Any] | None:
    return plain(response["Item"]) if response.get("Item") else None


def _names(*expressions: str) -> dict[str, str]:
    """Return the aliases used in expressions: DynamoDB reserves words such as `state` and `session`."""
    return {f"#{name}": name for expression in expressions for name in re.findall(r"#(\w+)", expression)}


def _update(table: str, write: Write) -> UpdateTypeDef:
    """Return the parameters of UpdateItem, which are also those of an Update in a transaction."""
    values = dict(write.values)
    clauses = []
    for word, glue, changes in (("SET", " = ", write.set), ("ADD", " ", write.add), ("DELETE", " ", write.delete)):
        if changes:
            clauses.append(f"{word} " + ", ".join(f"#{name}{glue}:{word}_{name}" for name in changes))
            values |= {f":{word}_{name}": value for name, value in changes.items()}
    if write.remove:
        clauses.append("REMOVE " + ", ".join(f"#{name}" for name in write.remove))
    expression = " ".join(clauses)
    update: UpdateTypeDef = {
        "TableName": table,
        "Key": _key(write.key),
        "UpdateExpression": expression,
        "ExpressionAttributeNames": _names(expression, write.condition or ""),
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    if values:
        update["ExpressionAttributeValues"] = {name: _typed(value) for name, value in values.items()}
    if write.condition:
        update["ConditionExpression"] = write.condition
    return update
