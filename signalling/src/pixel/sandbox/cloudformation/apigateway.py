"""Stages, answers of its own, keys and usage plans of a REST API in a stack."""

from __future__ import annotations

from typing import Any

from moto.apigateway.models import APIGatewayBackend, apigateway_backends
from moto.core.common_models import CloudFormationModel

from pixel.sandbox.cloudformation.resource import Order, Properties, Resource, lower_names


class ApiKey(Resource, CloudFormationModel):
    """A key of an API; it keeps its id and its value for as long as it is there."""

    @staticmethod
    def cloudformation_type() -> str:
        """The type's name."""
        return "AWS::ApiGateway::ApiKey"

    @staticmethod
    def cloudformation_name_type() -> str:
        """The property that names it."""
        return "Name"

    @classmethod
    def make(cls, order: Order) -> Resource:
        """Make the key."""
        settings = {**_key_settings(order), "value": order.given.get("Value")}
        key = _gateway(order).create_api_key(settings)
        return cls(key.id, order, {"APIKeyId": key.id})

    def change(self, order: Order) -> Resource:
        """Change the key where it is."""
        key = _gateway(self.order).keys[self.physical_resource_id]
        for name, value in _key_settings(order).items():
            setattr(key, name, value)
        return self

    def remove(self) -> None:
        """Delete the key."""
        _gateway(self.order).delete_api_key(self.physical_resource_id)


class GatewayResponse(Resource, CloudFormationModel):
    """What an API answers when it is not the integration that does."""

    @staticmethod
    def cloudformation_type() -> str:
        """The type's name."""
        return "AWS::ApiGateway::GatewayResponse"

    @staticmethod
    def cloudformation_name_type() -> str:
        """It has no name of its own."""
        return ""

    @classmethod
    def make(cls, order: Order) -> Resource:
        """Make the answer."""
        api, kind = order.given["RestApiId"], order.given["ResponseType"]
        _gateway(order).put_gateway_response(
            api,
            kind,
            status_code=order.given.get("StatusCode"),  # type: ignore[arg-type] # None keeps the refusal's own
            response_parameters=order.given.get("ResponseParameters", {}),
            response_templates=order.given.get("ResponseTemplates", {}),
        )
        return cls(f"{api}:{kind}", order, {"Id": f"{api}:{kind}"})

    def remove(self) -> None:
        """Go back to the default answer, unless it went with its API."""
        if self.order.given["RestApiId"] in _gateway(self.order).apis:
            _gateway(self.order).delete_gateway_response(
                self.order.given["RestApiId"], self.order.given["ResponseType"]
            )


class Stage(Resource, CloudFormationModel):
    """A stage of an API, with its settings by method."""

    @staticmethod
    def cloudformation_type() -> str:
        """The type's name."""
        return "AWS::ApiGateway::Stage"

    @staticmethod
    def cloudformation_name_type() -> str:
        """The property that names it."""
        return "StageName"

    @classmethod
    def make(cls, order: Order) -> Resource:
        """Make the stage."""
        given = order.given
        deployment = given["DeploymentId"]
        stage = _gateway(order).create_stage(
            given["RestApiId"],
            order.name,
            # moto gives a deployment itself for a reference to it.
            deployment if isinstance(deployment, str) else deployment.id,
            variables=given.get("Variables"),
            description=given.get("Description", ""),
            tracing_enabled=given.get("TracingEnabled"),
        )
        for settings in given.get("MethodSettings", []):
            path = settings["ResourcePath"].removeprefix("/").replace("/", "~1")
            stage.method_settings[f"{path}/{settings['HttpMethod']}"] = lower_names(
                {key: value for key, value in settings.items() if key not in ("ResourcePath", "HttpMethod")}
            )
        return cls(order.name, order, {})

    def remove(self) -> None:
        """Delete the stage, unless it went with its API."""
        if self.order.given["RestApiId"] in _gateway(self.order).apis:
            _gateway(self.order).delete_stage(self.order.given["RestApiId"], self.physical_resource_id)


class UsagePlan(Resource, CloudFormationModel):
    """How much may be called under the keys that are in it."""

    @staticmethod
    def cloudformation_type() -> str:
        """The type's name."""
        return "AWS::ApiGateway::UsagePlan"

    @staticmethod
    def cloudformation_name_type() -> str:
        """The property that names it."""
        return "UsagePlanName"

    @classmethod
    def make(cls, order: Order) -> Resource:
        """Make the plan."""
        given = order.given
        plan = _gateway(order).create_usage_plan(
            {
                "name": order.name,
                "description": given.get("Description"),
                "apiStages": _stages(given),
                "throttle": lower_names(given.get("Throttle", {})),
                "quota": lower_names(given.get("Quota", {})),
            }
        )
        return cls(plan.id, order, {"Id": plan.id})

    def change(self, order: Order) -> Resource:
        """Change the plan where it is: its keys stay in it."""
        plan, given = _gateway(self.order).usage_plans[self.physical_resource_id], order.given
        plan.name, plan.description, plan.api_stages = order.name, given.get("Description"), _stages(given)
        plan.throttle, plan.quota = lower_names(given.get("Throttle", {})), lower_names(given.get("Quota", {}))
        return self

    def remove(self) -> None:
        """Delete the plan."""
        _gateway(self.order).delete_usage_plan(self.physical_resource_id)


class UsagePlanKey(Resource, CloudFormationModel):
    """A key's being in a usage plan."""

    @staticmethod
    def cloudformation_type() -> str:
        """The type's name."""
        return "AWS::ApiGateway::UsagePlanKey"

    @staticmethod
    def cloudformation_name_type() -> str:
        """It has no name of its own."""
        return ""

    @classmethod
    def make(cls, order: Order) -> Resource:
        """Put the key into the plan."""
        key, plan = order.given["KeyId"], order.given["UsagePlanId"]
        _gateway(order).create_usage_plan_key(plan, {"keyId": key, "keyType": order.given["KeyType"]})
        return cls(f"{key}:{plan}", order, {"Id": f"{key}:{plan}"})

    def remove(self) -> None:
        """Take the key out of the plan."""
        key, _, plan = self.physical_resource_id.partition(":")
        _gateway(self.order).delete_usage_plan_key(plan, key)


def _gateway(order: Order) -> APIGatewayBackend:
    backend: APIGatewayBackend = apigateway_backends[order.account][order.region]
    return backend


def _key_settings(order: Order) -> dict[str, Any]:
    given = order.given
    return {"name": order.name, "description": given.get("Description"), "enabled": bool(given.get("Enabled"))}


def _stages(given: Properties) -> list[dict[str, Any]]:
    return [lower_names(stage) for stage in given.get("ApiStages", [])]
