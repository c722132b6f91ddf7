"""The layer that refuses templates with resources that nothing here can make: moto would leave them out silently."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from threading import RLock
from typing import Any
from urllib.parse import urlparse

import yaml
from moto.cloudformation.models import Stack, cloudformation_backends
from moto.cloudformation.parsing import NULL_MODELS, get_model_map
from moto.s3.models import s3_backends

from pixel.sandbox.calls import Answer, Call, Handler
from pixel.sandbox.cloudformation import alarm, apigateway, secret
from pixel.sandbox.errors import AwsError
from pixel.sandbox.moto_app import ACCOUNT

MADE_HERE = (
    alarm.Alarm,
    apigateway.ApiKey,
    apigateway.GatewayResponse,
    apigateway.Stage,
    apigateway.UsagePlan,
    apigateway.UsagePlanKey,
    secret.Secret,
)
"""What moto's CloudFormation finds beside its own resources, once their modules are loaded."""
_NAMESPACE = "http://cloudformation.amazonaws.com/doc/2010-05-15/"
_ACTIONS = frozenset({"CreateStack", "UpdateStack", "CreateChangeSet", "ValidateTemplate"})


class _Loader(yaml.SafeLoader):
    """Reads CloudFormation's YAML; what its short functions (`!Ref`) give does not matter here."""


_Loader.add_multi_constructor("!", lambda *_: None)


class CloudFormation:
    """Checks a stack's template before moto makes the stack.

    Args:
        inner: what answers the calls.
        lock: held while moto's storage is read.
    """

    def __init__(self, inner: Handler, lock: RLock) -> None:
        self._inner = inner
        self._lock = lock

    def __call__(self, call: Call) -> Answer:
        if call.service == "cloudformation" and call.action in _ACTIONS:
            template = self._template(call)
            unknown = unmakeable(template) if template is not None else []
            if unknown:
                message = f"Template format error: Unrecognized resource types: [{', '.join(unknown)}]"
                raise AwsError("ValidationError", f"{message} (the sandbox cannot make them)")
            if call.action == "UpdateStack" and self._changes_nothing(call, template):
                raise AwsError("ValidationError", "No updates are to be performed.")
        answer = self._inner(call)
        if call.service != "cloudformation" or answer.succeeded or answer.body.lstrip().startswith(b"<ErrorResponse"):
            return answer
        # The error of a service that moto used for the stack, as that service gives it.
        return self._failed(call, _message(answer))

    def _failed(self, call: Call, reason: str) -> Answer:
        """Answer a call over which a resource failed: a new stack is rolled back, as on AWS, which is no error."""
        with self._lock:
            stack = self._stack(call)
            if call.action != "CreateStack" or stack is None:
                raise AwsError("ValidationError", reason)
            stack._add_stack_event("ROLLBACK_IN_PROGRESS", resource_status_reason=reason)
            with contextlib.suppress(Exception):  # what cannot be deleted stays, as on AWS, and was told above
                stack.resource_map.delete()
            stack.status = "ROLLBACK_COMPLETE"
            stack._add_stack_event("ROLLBACK_COMPLETE", resource_status_reason=reason)
            made = f"<CreateStackResult><StackId>{stack.stack_id}</StackId></CreateStackResult>"
        root = f'<CreateStackResponse xmlns="{_NAMESPACE}">{made}</CreateStackResponse>'
        return Answer(200, root.encode(), [("Content-Type", "text/xml")])

    def _stack(self, call: Call) -> Stack | None:
        stacks = cloudformation_backends[ACCOUNT][call.region].stacks.values()
        wanted = call.form.get("StackName")
        live = (one for one in stacks if "DELETE" not in one.status)
        return next((one for one in live if wanted in (one.name, one.stack_id)), None)

    def _changes_nothing(self, call: Call, template: str | None) -> bool:
        with self._lock:
            stack = self._stack(call)
            return (
                stack is not None
                and (template is None or stack.has_template(template))
                and stack.has_parameters(_parameters(call, stack.parameters))
                and (not any(key.startswith("Tags.") for key in call.form) or _tags(call) == stack.tags)
            )

    def _template(self, call: Call) -> str | None:
        """Return the template's text; None when the call uses the previous one, or names one that is not there."""
        if "TemplateBody" in call.form:
            return call.form["TemplateBody"]
        if "TemplateURL" not in call.form:
            return None
        bucket, _, key = urlparse(call.form["TemplateURL"]).path.lstrip("/").partition("/")
        with self._lock:
            found = s3_backends[ACCOUNT]["aws"].get_object(bucket, key)
            return found.value.decode() if found is not None else None


def _message(answer: Answer) -> str:
    """Return the words of any service's error."""
    try:
        return str(json.loads(answer.body)["message"])
    except (ValueError, KeyError):
        return answer.body.decode(errors="replace")


def _parameters(call: Call, current: Mapping[str, Any]) -> dict[str, Any]:
    """Return a call's parameters, with those of the stack where it says that the previous ones are to be used."""
    found, number = {}, 1
    while (name := call.form.get(f"Parameters.member.{number}.ParameterKey")) is not None:
        previous = call.form.get(f"Parameters.member.{number}.UsePreviousValue") == "true"
        value = call.form.get(f"Parameters.member.{number}.ParameterValue")
        found[name] = current.get(name) if previous else value
        number += 1
    return found


def _tags(call: Call) -> dict[str, str]:
    found, number = {}, 1
    while (key := call.form.get(f"Tags.member.{number}.Key")) is not None:
        found[key] = call.form.get(f"Tags.member.{number}.Value", "")
        number += 1
    return found


def unmakeable(template: str) -> list[str]:
    """Return the types of a template's resources that the sandbox cannot make, sorted.

    Raises:
        AwsError: the template is no YAML or JSON, or has no resources.
    """
    try:
        content: Any = yaml.load(template, _Loader)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as error:
        raise AwsError("ValidationError", f"Template format error: unsupported structure. {error}") from None
    resources = content.get("Resources") if isinstance(content, dict) else None
    if not isinstance(resources, dict) or not resources:
        message = "Template format error: At least one Resources member must be defined."
        raise AwsError("ValidationError", message)
    types = {str(resource.get("Type")) for resource in resources.values() if isinstance(resource, dict)}
    return sorted(kind for kind in types if not _makeable(kind))


def _makeable(kind: str) -> bool:
    return kind.startswith("Custom::") or (kind in get_model_map() and kind not in NULL_MODELS)
