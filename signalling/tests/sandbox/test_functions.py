"""The wake function as it runs in the sandbox: invoked, behind API Gateway, and reached by events."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx
import psutil
import pytest

from pixel.sandbox.gateway import gateway
from pixel.sandbox.testing import RunningSandbox, eventually, refusal

NAME = "wake"


@dataclass
class Deployed:
    """A sandbox with the wake function behind an API, all made through AWS's own calls."""

    sandbox: RunningSandbox
    arn: str
    api_id: str
    plan: str
    key_id: str
    key: str

    @property
    def url(self) -> str:
        return f"{self.sandbox.endpoint}/_apis/{self.api_id}/v1"

    def invoke(self, event: Any, **more: Any) -> Any:
        payload = json.dumps(event).encode()
        return self.sandbox.client("lambda").invoke(FunctionName=NAME, Payload=payload, **more)

    def get(self, path: str, **headers: str) -> httpx.Response:
        given = {"x-api-key": self.key, **{name.replace("_", "-"): value for name, value in headers.items()}}
        return httpx.get(f"{self.url}{path}", headers=given, timeout=40)

    def workers(self) -> list[psutil.Process]:
        children = psutil.Process().children()
        return [process for process in children if "pixel.sandbox.functions.worker" in process.cmdline()]


def package() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("empty.py", "")
    return content.getvalue()


@pytest.fixture(scope="module")
def deployed(shared_sandbox: RunningSandbox) -> Iterator[Deployed]:
    """The function, deployed once for this module's tests: a copy of it takes a second to load."""
    sandbox = shared_sandbox
    sandbox.reset()
    sandbox.set_delays()
    role = sandbox.client("iam").create_role(RoleName="wake", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    secret = sandbox.client("secretsmanager").create_secret(Name="tokens", SecretString="s" * 40)["ARN"]
    variables = {
        "PIXEL_LEASE_TABLE": sandbox.state.lease_table,
        "PIXEL_ZONE": sandbox.state.zone,
        "PIXEL_ZONE_ID": sandbox.state.zone_id,
        "PIXEL_TOKEN_SECRET": secret,
    }
    functions = sandbox.client("lambda")
    arn = functions.create_function(
        FunctionName=NAME,
        Runtime="python3.13",
        Role=role,
        Handler="pixel.wake.handler.handler",
        Code={"ZipFile": package()},
        Timeout=29,
        Environment={"Variables": variables},
    )["FunctionArn"]
    apis = sandbox.client("apigateway")
    api = apis.create_rest_api(name="wake")
    resource = apis.create_resource(restApiId=api["id"], parentId=api["rootResourceId"], pathPart="{proxy+}")["id"]
    place = {"restApiId": api["id"], "resourceId": resource, "httpMethod": "ANY"}
    apis.put_method(**place, authorizationType="NONE", apiKeyRequired=True)
    uri = f"arn:aws:apigateway:us-east-2:lambda:path/2015-03-31/functions/{arn}/invocations"
    apis.put_integration(**place, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)
    apis.create_deployment(restApiId=api["id"], stageName="v1")
    key = apis.create_api_key(name="student", enabled=True)
    plan = apis.create_usage_plan(name="class", apiStages=[{"apiId": api["id"], "stage": "v1"}])["id"]
    apis.create_usage_plan_key(usagePlanId=plan, keyId=key["id"], keyType="API_KEY")
    functions.add_permission(
        FunctionName=NAME,
        StatementId="gateway",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
        SourceArn=f"arn:aws:execute-api:us-east-2:123456789012:{api['id']}/v1/*",
    )
    yield Deployed(sandbox, arn, api["id"], plan, key["id"], key["value"])
    sandbox.reset()


def test_an_invocation_runs_the_function(deployed: Deployed) -> None:
    answer = deployed.invoke({"detail-type": "Scheduled Event"})
    assert json.loads(answer["Payload"].read())["running"] == 0


def test_a_functions_error_is_told_as_lambda_tells_it(deployed: Deployed) -> None:
    answer = deployed.invoke({"of": "nobody"})
    assert answer["FunctionError"] == "Unhandled"
    told = json.loads(answer["Payload"].read())
    assert (told["errorType"], "does not know this event" in told["errorMessage"]) == ("ValueError", True)


def test_a_copy_is_used_again(deployed: Deployed) -> None:
    deployed.invoke({"detail-type": "Scheduled Event"})
    before = deployed.workers()
    deployed.invoke({"detail-type": "Scheduled Event"})
    assert deployed.workers() == before


def test_events_at_the_same_time_have_copies_of_their_own(deployed: Deployed) -> None:
    deployed.sandbox.set_faults(latency={"seconds": 1, "actions": ["ec2.DescribeInstances"]})
    try:
        with ThreadPoolExecutor(3) as callers:
            answers = list(callers.map(lambda _: deployed.invoke({"detail-type": "Scheduled Event"}), range(3)))
    finally:
        deployed.sandbox.set_faults(latency=None)
    assert not any("FunctionError" in answer for answer in answers)
    assert len(deployed.workers()) >= 2


def test_a_function_that_takes_too_long_is_ended(deployed: Deployed) -> None:
    functions = deployed.sandbox.client("lambda")
    functions.update_function_configuration(FunctionName=NAME, Timeout=1)
    deployed.sandbox.set_faults(latency={"seconds": 3, "actions": ["dynamodb", "ec2"]})
    try:
        answer = deployed.invoke({"detail-type": "Scheduled Event"})
    finally:
        deployed.sandbox.set_faults(latency=None)
        functions.update_function_configuration(FunctionName=NAME, Timeout=29)
    assert json.loads(answer["Payload"].read())["errorMessage"] == "Task timed out after 1.00 seconds"


def test_a_handler_that_is_not_the_projects_is_refused(deployed: Deployed) -> None:
    functions = deployed.sandbox.client("lambda")
    role = functions.get_function_configuration(FunctionName=NAME)["Role"]
    functions.create_function(
        FunctionName="other", Runtime="python3.13", Role=role, Handler="app.handler", Code={"ZipFile": package()}
    )
    assert refusal(functions.invoke, FunctionName="other") == "UnsupportedOperation"


def test_an_unknown_function_is_not_found(deployed: Deployed) -> None:
    functions = deployed.sandbox.client("lambda")
    assert refusal(functions.invoke, FunctionName="nobodys") == "ResourceNotFoundException"


def test_a_call_with_a_key_reaches_the_function(deployed: Deployed) -> None:
    answer = deployed.get("/wake?pool=drone")
    assert (answer.status_code, answer.json()["error"]) == (404, "unknown_pool")


@pytest.mark.parametrize("key", ["", "wrong"])
def test_a_call_without_a_right_key_is_forbidden(deployed: Deployed, key: str) -> None:
    answer = deployed.get("/wake", x_api_key=key)
    assert (answer.status_code, answer.json()) == (403, {"message": "Forbidden"})


def test_a_disabled_key_is_forbidden(deployed: Deployed) -> None:
    apis = deployed.sandbox.client("apigateway")
    enabled = [{"op": "replace", "path": "/enabled", "value": "false"}]
    apis.update_api_key(apiKey=deployed.key_id, patchOperations=enabled)
    try:
        assert deployed.get("/wake").status_code == 403
    finally:
        enabled[0]["value"] = "true"
        apis.update_api_key(apiKey=deployed.key_id, patchOperations=enabled)


def test_a_key_in_no_plan_of_the_stage_is_forbidden(deployed: Deployed) -> None:
    other = deployed.sandbox.client("apigateway").create_api_key(name="other", enabled=True)
    assert deployed.get("/wake", x_api_key=other["value"]).status_code == 403


def test_an_unknown_stage_is_forbidden(deployed: Deployed) -> None:
    answer = httpx.get(deployed.url.replace("/v1", "/v2") + "/wake", headers={"x-api-key": deployed.key})
    assert answer.status_code == 403


def test_a_path_without_a_method_is_told_as_aws_does(deployed: Deployed) -> None:
    answer = httpx.get(deployed.url, headers={"x-api-key": deployed.key})
    assert (answer.status_code, answer.json()) == (403, {"message": "Missing Authentication Token"})


def test_a_plans_throttle_holds(deployed: Deployed) -> None:
    apis = deployed.sandbox.client("apigateway")
    throttle = [
        {"op": "replace", "path": "/throttle/rateLimit", "value": "1"},
        {"op": "replace", "path": "/throttle/burstLimit", "value": "1"},
    ]
    apis.update_usage_plan(usagePlanId=deployed.plan, patchOperations=throttle)
    try:
        answers = [deployed.get("/wake?pool=drone") for _ in range(10)]
    finally:
        throttle[0]["value"] = throttle[1]["value"] = "1000"
        apis.update_usage_plan(usagePlanId=deployed.plan, patchOperations=throttle)
    assert answers[0].status_code == 404
    assert [one.json() for one in answers if one.status_code == 429][:1] == [{"message": "Too Many Requests"}]


def test_a_function_that_does_not_let_the_gateway_in_is_an_error(deployed: Deployed) -> None:
    functions = deployed.sandbox.client("lambda")
    functions.remove_permission(FunctionName=NAME, StatementId="gateway")
    try:
        assert deployed.get("/wake").status_code == 500
    finally:
        functions.add_permission(
            FunctionName=NAME,
            StatementId="gateway",
            Action="lambda:InvokeFunction",
            Principal="apigateway.amazonaws.com",
            SourceArn=f"arn:aws:execute-api:us-east-2:123456789012:{deployed.api_id}/v1/*",
        )


def test_the_gateway_does_not_wait_longer_than_its_limit(deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "LIMIT", 0.5)
    deployed.sandbox.set_faults(latency={"seconds": 2, "actions": ["dynamodb", "ec2"]})
    try:
        answer = deployed.get("/wake?pool=drone")
    finally:
        deployed.sandbox.set_faults(latency=None)
    assert (answer.status_code, answer.json()) == (504, {"message": "Endpoint request timed out"})


@pytest.fixture
def rule(deployed: Deployed) -> Iterator[Callable[..., None]]:
    """Make a rule whose target is the function, with the permission that it needs."""
    events, functions = deployed.sandbox.client("events"), deployed.sandbox.client("lambda")
    made: list[str] = []

    def make(name: str, **what: Any) -> None:
        arn = events.put_rule(Name=name, **what)["RuleArn"]
        events.put_targets(Rule=name, Targets=[{"Id": "wake", "Arn": deployed.arn}])
        functions.add_permission(
            FunctionName=NAME,
            StatementId=name,
            Action="lambda:InvokeFunction",
            Principal="events.amazonaws.com",
            SourceArn=arn,
        )
        made.append(name)

    yield make
    for name in made:
        events.remove_targets(Rule=name, Ids=["wake"])
        events.delete_rule(Name=name)
        functions.remove_permission(FunctionName=NAME, StatementId=name)


def test_a_schedule_can_be_fired_by_the_beginning_of_its_name(deployed: Deployed, rule: Callable[..., None]) -> None:
    rule("ReconcilerRounds-1", ScheduleExpression="rate(1 minute)")
    deployed.sandbox.reset_calls()
    asked = httpx.post(f"{deployed.sandbox.endpoint}/_sandbox/rules", json={"name": "Reconciler"})
    assert asked.status_code == 200
    eventually(lambda: deployed.sandbox.calls().get("ec2.DescribeInstances"))


def test_an_event_may_come_twice(deployed: Deployed, rule: Callable[..., None]) -> None:
    rule("ReconcilerRounds-2", ScheduleExpression="rate(1 minute)")
    deployed.sandbox.set_faults(events={"duplicate": 1, "delay": 0.2})
    deployed.sandbox.reset_calls()
    try:
        deployed.sandbox.sandbox.fire("ReconcilerRounds-2")
        eventually(lambda: deployed.sandbox.calls().get("dynamodb.Scan") == 2)
    finally:
        deployed.sandbox.set_faults(events=None)


def test_a_rule_without_the_functions_permission_reaches_nobody(deployed: Deployed, rule: Callable[..., None]) -> None:
    rule("first", ScheduleExpression="rate(1 minute)")
    rule("second", ScheduleExpression="rate(1 minute)")
    deployed.sandbox.client("lambda").remove_permission(FunctionName=NAME, StatementId="first")
    deployed.sandbox.reset_calls()
    deployed.sandbox.sandbox.fire("first")
    deployed.sandbox.sandbox.fire("second")
    eventually(lambda: deployed.sandbox.calls().get("dynamodb.Scan"))
    assert deployed.sandbox.calls()["dynamodb.Scan"] == 1
    deployed.sandbox.client("lambda").add_permission(
        FunctionName=NAME, StatementId="first", Action="lambda:InvokeFunction", Principal="events.amazonaws.com"
    )


def test_a_schedule_that_is_not_there_cannot_be_fired(deployed: Deployed) -> None:
    asked = httpx.post(f"{deployed.sandbox.endpoint}/_sandbox/rules", json={"name": "Nobodys"})
    assert asked.status_code == 400


def test_a_state_change_reaches_the_function_of_a_matching_rule(deployed: Deployed, rule: Callable[..., None]) -> None:
    pattern = {"source": ["aws.ec2"], "detail": {"state": ["running"]}}
    rule("changes", EventPattern=json.dumps(pattern))
    deployed.sandbox.reset_calls()
    (instance,) = deployed.sandbox.launch(1)
    eventually(lambda: deployed.sandbox.calls().get("dynamodb.GetItem"))
    deployed.sandbox.ec2.terminate_instances(InstanceIds=[instance])


def test_a_reset_ends_all_copies(deployed: Deployed) -> None:
    deployed.invoke({"detail-type": "Scheduled Event"})
    copies = deployed.workers()
    deployed.sandbox.reset()
    assert copies
    assert deployed.workers() == []
