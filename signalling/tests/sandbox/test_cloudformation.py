"""Stacks: made for real, or refused."""

from __future__ import annotations

import json
from typing import Any

import httpx
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


def test_a_stack_whose_resource_fails_is_rolled_back_with_the_reason(sandbox: RunningSandbox) -> None:
    taken = {**TABLE, "Properties": {**TABLE["Properties"], "TableName": sandbox.state.lease_table}}
    group = {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "made"}}
    create(sandbox, Group=group, Table=taken)
    (stack,) = sandbox.client("cloudformation").describe_stacks(StackName="s")["Stacks"]
    events = sandbox.client("cloudformation").describe_stack_events(StackName="s")["StackEvents"]
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert any("Table already exists" in event.get("ResourceStatusReason", "") for event in events)
    assert sandbox.client("logs").describe_log_groups()["logGroups"] == []


METHOD = {
    "RestApiId": {"Ref": "Api"},
    "ResourceId": {"Fn::GetAtt": ["Api", "RootResourceId"]},
    "HttpMethod": "GET",
    "AuthorizationType": "NONE",
    "ApiKeyRequired": True,
    "Integration": {"Type": "MOCK", "IntegrationHttpMethod": "POST", "Uri": "x"},
}
GATEWAY = {
    "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "wake"}},
    "Method": {"Type": "AWS::ApiGateway::Method", "Properties": METHOD},
    "Deployment": {
        "Type": "AWS::ApiGateway::Deployment",
        "DependsOn": "Method",
        "Properties": {"RestApiId": {"Ref": "Api"}},
    },
    "Stage": {
        "Type": "AWS::ApiGateway::Stage",
        "Properties": {
            "RestApiId": {"Ref": "Api"},
            "DeploymentId": {"Ref": "Deployment"},
            "StageName": "v1",
            "MethodSettings": [{"HttpMethod": "*", "ResourcePath": "/*", "ThrottlingRateLimit": 10}],
        },
    },
    "Plan": {
        "Type": "AWS::ApiGateway::UsagePlan",
        "Properties": {
            "UsagePlanName": "class",
            "ApiStages": [{"ApiId": {"Ref": "Api"}, "Stage": {"Ref": "Stage"}}],
            "Throttle": {"RateLimit": 10, "BurstLimit": 20},
        },
    },
    "Key": {"Type": "AWS::ApiGateway::ApiKey", "Properties": {"Name": "teacher", "Enabled": True}},
    "KeyInPlan": {
        "Type": "AWS::ApiGateway::UsagePlanKey",
        "Properties": {"KeyId": {"Ref": "Key"}, "KeyType": "API_KEY", "UsagePlanId": {"Ref": "Plan"}},
    },
}


def test_a_gateway_has_its_stage_its_plan_and_its_key_for_real(sandbox: RunningSandbox) -> None:
    create(sandbox, **GATEWAY)
    gateway = sandbox.client("apigateway")
    (api,) = gateway.get_rest_apis()["items"]
    (stage,) = gateway.get_stages(restApiId=api["id"])["item"]
    (plan,) = gateway.get_usage_plans()["items"]
    (key,) = gateway.get_usage_plan_keys(usagePlanId=plan["id"])["items"]
    assert stage["methodSettings"]["*/*"]["throttlingRateLimit"] == 10
    assert plan["apiStages"] == [{"apiId": api["id"], "stage": "v1"}]
    assert key["name"] == "teacher"


def test_a_deleted_stack_leaves_nothing_of_its_gateway_behind(sandbox: RunningSandbox) -> None:
    create(sandbox, **GATEWAY)
    sandbox.client("cloudformation").delete_stack(StackName="s")
    gateway = sandbox.client("apigateway")
    left = [gateway.get_api_keys(), gateway.get_usage_plans(), gateway.get_rest_apis()]
    assert [one["items"] for one in left] == [[], [], []]


def test_an_api_has_the_answers_of_its_own_that_the_stack_gives_it(sandbox: RunningSandbox) -> None:
    answer = {
        "Type": "AWS::ApiGateway::GatewayResponse",
        "Properties": {
            "RestApiId": {"Ref": "Api"},
            "ResponseType": "DEFAULT_4XX",
            "ResponseParameters": {"gatewayresponse.header.Access-Control-Allow-Origin": "'*'"},
        },
    }
    create(sandbox, **GATEWAY, Refusal=answer)
    (api,) = sandbox.sandbox.status()["apis"]
    refused = httpx.get(f"{api['url']}/nothing")
    assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (403, "*")


def test_a_log_groups_retention_is_updated(sandbox: RunningSandbox) -> None:
    group = {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "made", "RetentionInDays": 30}}
    create(sandbox, Group=group)
    update(sandbox, Group={**group, "Properties": {"LogGroupName": "made", "RetentionInDays": 7}})
    (made,) = sandbox.client("logs").describe_log_groups()["logGroups"]
    assert made["retentionInDays"] == 7


def test_a_key_keeps_its_value_when_its_stack_is_updated(sandbox: RunningSandbox) -> None:
    create(sandbox, **GATEWAY)
    gateway = sandbox.client("apigateway")
    (before,) = gateway.get_api_keys(includeValues=True)["items"]
    changed = {**GATEWAY, "Key": {**GATEWAY["Key"], "Properties": {"Name": "teacher", "Enabled": False}}}
    update(sandbox, **changed)
    (after,) = gateway.get_api_keys(includeValues=True)["items"]
    assert (after["id"], after["value"], after["enabled"]) == (before["id"], before["value"], False)


def test_an_alarm_and_a_generated_secret_are_made(sandbox: RunningSandbox) -> None:
    alarm = {"MetricName": "Errors", "Namespace": "AWS/Lambda", "EvaluationPeriods": 1, "Threshold": 3}
    create(
        sandbox,
        Alarm={
            "Type": "AWS::CloudWatch::Alarm",
            "Properties": {"AlarmName": "failing", **alarm, "ComparisonOperator": "GreaterThanThreshold"},
        },
        Secret={
            "Type": "AWS::SecretsManager::Secret",
            "Properties": {"Name": "key", "GenerateSecretString": {"PasswordLength": 64, "ExcludePunctuation": True}},
        },
    )
    (made,) = sandbox.client("cloudwatch").describe_alarms()["MetricAlarms"]
    secret = sandbox.client("secretsmanager").get_secret_value(SecretId="key")["SecretString"]
    assert (made["AlarmName"], len(secret)) == ("failing", 64)


def update(sandbox: RunningSandbox, **resources: Any) -> Any:
    body = json.dumps({"Resources": resources})
    return sandbox.client("cloudformation").update_stack(StackName="s", TemplateBody=body)


def test_an_update_that_changes_nothing_is_refused(sandbox: RunningSandbox) -> None:
    create(sandbox, Table=TABLE)
    cloudformation = sandbox.client("cloudformation")
    with pytest.raises(cloudformation.exceptions.ClientError, match="No updates are to be performed"):
        update(sandbox, Table=TABLE)


def test_an_update_that_cannot_be_made_is_not_claimed(sandbox: RunningSandbox) -> None:
    create(sandbox, Table=TABLE)
    changed = {**TABLE, "Properties": {**TABLE["Properties"], "TableName": "other"}}
    cloudformation = sandbox.client("cloudformation")
    with pytest.raises(cloudformation.exceptions.ClientError, match="cannot update Table"):
        update(sandbox, Table=changed)
