"""EC2's protocol: parameters in, XML out, both by botocore's description of the API."""

from __future__ import annotations

import re
import uuid
from typing import Any

from moto.core.parse import EC2QueryParser
from moto.core.serialize import EC2Serializer
from moto.core.utils import get_service_model
from werkzeug.datastructures import MultiDict

from pixel.sandbox.calls import Answer, Call
from pixel.sandbox.errors import AwsError

NAMESPACE = "http://ec2.amazonaws.com/doc/2016-11-15/"
_VALUE = re.compile(r"\.Value(\.\d+)?$")
_HEADERS = [("Content-Type", "text/xml;charset=UTF-8")]

Parameters = dict[str, Any]
"""A call's parameters in boto3's form: nested, named and typed as in its documentation."""


def parameters(call: Call) -> Parameters:
    """Return the call's parameters. An empty one is none, as in EC2, except a tag's or filter's value.

    Raises:
        AwsError: a required one is missing, or the call is a dry run (the error says that it would have succeeded).
    """
    operation = get_service_model("ec2").operation_model(call.action)
    form = MultiDict({name: value for name, value in call.form.items() if value or _VALUE.search(name)})
    parsed: Parameters = EC2QueryParser(operation).parse({"values": form})  # type: ignore[typeddict-item] # it reads no more
    for name in operation.input_shape.required_members:
        if name not in parsed:
            raise AwsError("MissingParameter", f"The request must contain the parameter {name}")
    return parsed


def refuse_dry_run(given: Parameters) -> None:
    """End a dry run, after everything was checked and before anything is done, with the error that means success."""
    if given.get("DryRun"):
        raise AwsError("DryRunOperation", "Request would have succeeded, but DryRun flag is set.", 412)


def answer(action: str, result: dict[str, Any]) -> Answer:
    """Return a result in boto3's form as the XML of the action's answer."""
    operation = get_service_model("ec2").operation_model(action)
    serialized = EC2Serializer(operation_model=operation, pretty_print=False).serialize(result)
    return Answer(200, str(serialized["body"]).encode(), list(_HEADERS))


def answer_xml(action: str, content: str) -> Answer:
    """Return the action's answer with content that is XML already: for answers too long for `answer`'s pace."""
    text = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<{action}Response xmlns="{NAMESPACE}">'
        f"<requestId>{uuid.uuid4()}</requestId>{content}</{action}Response>"
    )
    return Answer(200, text.encode(), list(_HEADERS))
