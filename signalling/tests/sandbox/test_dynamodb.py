"""Transactions, which moto makes slow and careless of what others write meanwhile."""

from __future__ import annotations

from typing import Any

import pytest

from pixel.sandbox.testing import RunningSandbox, refusal


def put(sandbox: RunningSandbox, key: str, state: str) -> dict[str, Any]:
    item = {"instance_id": {"S": key}, "state": {"S": state}}
    return {"Put": {"TableName": sandbox.state.lease_table, "Item": item}}


def states(sandbox: RunningSandbox) -> dict[str, str]:
    items = sandbox.dynamodb.scan(TableName=sandbox.state.lease_table)["Items"]
    return {item["instance_id"]["S"]: item["state"]["S"] for item in items}


def check(sandbox: RunningSandbox, key: str) -> dict[str, Any]:
    return {
        "ConditionCheck": {
            "TableName": sandbox.state.lease_table,
            "Key": {"instance_id": {"S": key}},
            "ConditionExpression": "attribute_exists(instance_id)",
        }
    }


def test_a_transaction_writes_all_its_items(sandbox: RunningSandbox) -> None:
    sandbox.dynamodb.transact_write_items(TransactItems=[put(sandbox, "a", "new"), put(sandbox, "b", "new")])
    assert states(sandbox) == {"a": "new", "b": "new"}


def test_a_transaction_whose_condition_fails_writes_none(sandbox: RunningSandbox) -> None:
    sandbox.dynamodb.transact_write_items(TransactItems=[put(sandbox, "a", "old")])
    items = [put(sandbox, "a", "new"), put(sandbox, "b", "new"), check(sandbox, "lost")]
    code = refusal(sandbox.dynamodb.transact_write_items, TransactItems=items)
    assert (code, states(sandbox)) == ("TransactionCanceledException", {"a": "old"})


def test_an_item_may_be_once_in_a_transaction(sandbox: RunningSandbox) -> None:
    twice = [put(sandbox, "a", "one"), put(sandbox, "a", "two")]
    with pytest.raises(sandbox.dynamodb.exceptions.ClientError):
        sandbox.dynamodb.transact_write_items(TransactItems=twice)
    assert states(sandbox) == {}


def test_values_of_every_type_come_back_as_they_were_written(sandbox: RunningSandbox) -> None:
    values: dict[str, Any] = {
        "s": {"S": "Rød"},
        "n": {"N": "1.5"},
        "b": {"B": b"\x00\xff"},
        "bool": {"BOOL": False},
        "null": {"NULL": True},
        "ns": {"NS": ["1"]},
        "bs": {"BS": [b"\xff"]},
        "l": {"L": [{"N": "1"}, {"B": b"\xff"}]},
        "m": {"M": {"s": {"S": ""}, "ss": {"SS": ["a"]}}},
    }
    table, key = sandbox.state.lease_table, {"instance_id": {"S": "i-1"}}
    sandbox.dynamodb.put_item(TableName=table, Item={**key, **values})
    assert sandbox.dynamodb.get_item(TableName=table, Key=key)["Item"] == {**key, **values}


@pytest.mark.parametrize(
    "update",
    ["SET a = :v, b = :v, a = :v", "SET a = :v REMOVE b, a", "SET a = :v REMOVE b SET c = :v", "SET a.b = :v, a = :v"],
)
def test_an_update_that_says_something_twice_is_refused(sandbox: RunningSandbox, update: str) -> None:
    code = refusal(
        sandbox.dynamodb.update_item,
        TableName=sandbox.state.lease_table,
        Key={"instance_id": {"S": "i-1"}},
        UpdateExpression=update,
        ExpressionAttributeValues={":v": {"S": "v"}},
    )
    assert code == "ValidationException"
