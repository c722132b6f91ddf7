"""Only the sandbox's own key opens it, and others are refused as AWS refuses them."""

from __future__ import annotations

import httpx
import pytest

from pixel.sandbox.testing import RunningSandbox, refusal

CALLS = {
    "dynamodb": "list_tables",
    "ec2": "describe_vpcs",
    "lambda": "list_functions",
    "route53": "list_hosted_zones",
    "secretsmanager": "list_secrets",
    "sts": "get_caller_identity",
}


@pytest.mark.parametrize("service", CALLS)
def test_the_seeded_key_opens_every_service(sandbox: RunningSandbox, service: str) -> None:
    getattr(sandbox.client(service), CALLS[service])()


@pytest.mark.parametrize(
    ("service", "code"),
    [
        ("dynamodb", "UnrecognizedClientException"),
        ("ec2", "AuthFailure"),
        ("lambda", "UnrecognizedClientException"),
        ("route53", "InvalidClientTokenId"),
        ("sts", "InvalidClientTokenId"),
    ],
)
def test_an_unknown_key_is_refused(sandbox: RunningSandbox, service: str, code: str) -> None:
    stranger = sandbox.client(service, aws_access_key_id="AKIAIOSFODNN7EXAMPLE")
    assert refusal(getattr(stranger, CALLS[service])) == code


@pytest.mark.parametrize(
    ("service", "code"),
    [
        ("dynamodb", "InvalidSignatureException"),
        ("ec2", "AuthFailure"),
        ("route53", "SignatureDoesNotMatch"),
        ("sts", "SignatureDoesNotMatch"),
    ],
)
def test_a_wrong_secret_is_refused(sandbox: RunningSandbox, service: str, code: str) -> None:
    forger = sandbox.client(service, aws_secret_access_key="guessed")
    assert refusal(getattr(forger, CALLS[service])) == code


def test_a_query_is_part_of_the_signature_and_may_hold_anything(sandbox: RunningSandbox) -> None:
    listed = sandbox.route53.list_resource_record_sets(
        HostedZoneId=sandbox.state.zone_id, StartRecordName="*.a b.pixel.test", StartRecordType="A"
    )
    assert listed["IsTruncated"] is False


def test_an_unsigned_call_is_refused(sandbox: RunningSandbox) -> None:
    answer = httpx.post(sandbox.endpoint, data={"Action": "DescribeInstances"}, trust_env=False)
    assert (answer.status_code, "MissingAuthenticationToken" in answer.text) == (403, True)


def test_a_refused_call_does_nothing(sandbox: RunningSandbox) -> None:
    stranger = sandbox.client("ec2", aws_access_key_id="AKIAIOSFODNN7EXAMPLE")
    refusal(stranger.create_launch_template, LaunchTemplateName="theirs", LaunchTemplateData={"KeyName": "k"})
    assert sandbox.ec2.describe_launch_templates()["LaunchTemplates"] == []


def test_a_presigned_address_opens_an_object(sandbox: RunningSandbox) -> None:
    s3 = sandbox.client("s3")
    s3.create_bucket(Bucket="builds", CreateBucketConfiguration={"LocationConstraint": sandbox.state.region})
    s3.put_object(Bucket="builds", Key="1.4.0.zip", Body=b"a build")
    address = s3.generate_presigned_url("get_object", {"Bucket": "builds", "Key": "1.4.0.zip"})
    assert httpx.get(address, trust_env=False).content == b"a build"
