from __future__ import annotations

import pytest
from ansible_collections.mitlab.pixel.plugins.module_utils.errors import explain
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, NoCredentialsError


def refusal(code: str, message: str = "no") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "RunInstances")


@pytest.mark.parametrize("code", ["AuthFailure", "UnrecognizedClientException", "InvalidClientTokenId"])
def test_refused_credentials_name_the_options_to_set(code: str) -> None:
    said = explain(refusal(code), None, "us-east-2")
    assert said.startswith(f"AWS in region us-east-2 refused the credentials ({code}): set access_key and secret_key")


def test_missing_credentials_name_the_options_to_set() -> None:
    assert "set access_key and secret_key" in explain(NoCredentialsError(), None, "us-east-2")


@pytest.mark.parametrize("kind", [EndpointConnectionError, ConnectTimeoutError])
def test_an_endpoint_that_does_not_answer_is_named(kind: type[Exception]) -> None:
    said = explain(kind(endpoint_url="http://127.0.0.1:9"), "http://127.0.0.1:9", "us-east-2")
    assert said.startswith("no answer from http://127.0.0.1:9")
    assert "check endpoint_url and region" in said


def test_a_missing_permission_is_told_with_what_aws_says() -> None:
    said = explain(refusal("UnauthorizedOperation", "not authorized to perform ec2:RunInstances"), None, "us-east-2")
    assert said.endswith("not authorized to perform ec2:RunInstances")


def test_any_other_refusal_is_aws_own_message_with_its_code() -> None:
    assert explain(refusal("InvalidAMIID.NotFound", "no such image"), None, None) == (
        "no such image (InvalidAMIID.NotFound)"
    )
