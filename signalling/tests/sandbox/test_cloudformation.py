"""Stacks: made for real, or refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pixel.sandbox.testing import RunningSandbox, refusal

TABLE = {
    "Type": "AWS::DynamoDB::Table",
    "Properties": {
        "TableName": "made",
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "k", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}],
    },
}
API = {"Type": "AWS::ApiGatewayV2::Api", "Properties": {"Name": "a", "ProtocolType": "HTTP"}}


def create(sandbox: RunningSandbox, **resources: Any) -> Any:
    body = json.dumps({"Resources": resources})
    return sandbox.client("cloudformation").create_stack(StackName="s", TemplateBody=body)


def test_a_stack_makes_its_resources(sandbox: RunningSandbox) -> None:
    create(sandbox, Table=TABLE)
    assert "made" in sandbox.dynamodb.list_tables()["TableNames"]


def test_a_stack_with_a_resource_that_cannot_be_made_is_refused_by_name(sandbox: RunningSandbox) -> None:
    cloudformation = sandbox.client("cloudformation")
    with pytest.raises(cloudformation.exceptions.ClientError, match="AWS::ApiGatewayV2::Api"):
        create(sandbox, Table=TABLE, Api=API)


def test_a_refused_stack_makes_nothing(sandbox: RunningSandbox) -> None:
    refusal(create, sandbox, Table=TABLE, Api=API)
    assert sandbox.dynamodb.list_tables()["TableNames"] == [sandbox.state.lease_table]


def test_a_template_in_short_yaml_is_read(sandbox: RunningSandbox) -> None:
    body = "Resources: {Schedule: {Type: AWS::Scheduler::Schedule, Properties: {Name: !Sub '${AWS::StackName}'}}}"
    cloudformation = sandbox.client("cloudformation")
    with pytest.raises(cloudformation.exceptions.ClientError, match="AWS::Scheduler::Schedule"):
        cloudformation.create_stack(StackName="s", TemplateBody=body)


def test_a_template_in_a_bucket_is_read(sandbox: RunningSandbox) -> None:
    s3, cloudformation = sandbox.client("s3"), sandbox.client("cloudformation")
    s3.create_bucket(Bucket="templates", CreateBucketConfiguration={"LocationConstraint": sandbox.state.region})
    s3.put_object(Bucket="templates", Key="a/t.json", Body=json.dumps({"Resources": {"Api": API}}).encode())
    url = f"{sandbox.endpoint}/templates/a/t.json"
    assert refusal(cloudformation.create_stack, StackName="s", TemplateURL=url) == "ValidationError"


@pytest.mark.parametrize("body", ["{", "{}", "Resources: 3"])
def test_a_template_that_is_none_is_refused(sandbox: RunningSandbox, body: str) -> None:
    create_stack = sandbox.client("cloudformation").create_stack
    assert refusal(create_stack, StackName="s", TemplateBody=body) == "ValidationError"
