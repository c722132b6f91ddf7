"""Launch templates as AWS keeps them."""

from __future__ import annotations

from typing import Any

import pytest

from pixel.sandbox.testing import RunningSandbox, refusal

NAME = "pixel-drone"


def create(sandbox: RunningSandbox, **more: Any) -> str:
    request = {"LaunchTemplateName": NAME, "LaunchTemplateData": {"ImageId": "ami-0123456789abcdef0"}}
    return sandbox.ec2.create_launch_template(**(request | more))["LaunchTemplate"]["LaunchTemplateId"]


def add(sandbox: RunningSandbox, **data: Any) -> Any:
    return sandbox.ec2.create_launch_template_version(
        LaunchTemplateName=NAME, LaunchTemplateData=data or {"KeyName": "k"}
    )["LaunchTemplateVersion"]


def versions(sandbox: RunningSandbox, **request: Any) -> list[Any]:
    answer = sandbox.ec2.describe_launch_template_versions(LaunchTemplateName=NAME, **request)
    return answer["LaunchTemplateVersions"]


def numbers(sandbox: RunningSandbox, **request: Any) -> list[int]:
    return [version["VersionNumber"] for version in versions(sandbox, **request)]


def test_tags_of_a_template_do_not_get_into_its_data(sandbox: RunningSandbox) -> None:
    create(sandbox, TagSpecifications=[{"ResourceType": "launch-template", "Tags": [{"Key": "a", "Value": "b"}]}])
    (template,) = sandbox.ec2.describe_launch_templates(LaunchTemplateNames=[NAME])["LaunchTemplates"]
    assert template["Tags"] == [{"Key": "a", "Value": "b"}]
    assert versions(sandbox)[0]["LaunchTemplateData"] == {"ImageId": "ami-0123456789abcdef0"}


def test_a_new_version_has_what_is_given_over_its_source(sandbox: RunningSandbox) -> None:
    create(sandbox)
    sandbox.ec2.create_launch_template_version(
        LaunchTemplateName=NAME, SourceVersion="1", LaunchTemplateData={"InstanceType": "g4dn.xlarge"}
    )
    expected = {"ImageId": "ami-0123456789abcdef0", "InstanceType": "g4dn.xlarge"}
    assert versions(sandbox, Versions=["2"])[0]["LaunchTemplateData"] == expected


def test_a_new_version_without_a_source_has_only_what_is_given(sandbox: RunningSandbox) -> None:
    create(sandbox)
    assert add(sandbox, InstanceType="g4dn.xlarge")["LaunchTemplateData"] == {"InstanceType": "g4dn.xlarge"}


def test_the_same_token_makes_no_second_version(sandbox: RunningSandbox) -> None:
    create(sandbox)
    for _ in range(2):
        sandbox.ec2.create_launch_template_version(
            LaunchTemplateName=NAME, ClientToken="t", LaunchTemplateData={"InstanceType": "g4dn.xlarge"}
        )
    assert numbers(sandbox) == [2, 1]


def test_the_same_token_makes_no_second_template(sandbox: RunningSandbox) -> None:
    assert create(sandbox, ClientToken="t") == create(sandbox, ClientToken="t")


def test_a_token_is_not_good_for_another_template(sandbox: RunningSandbox) -> None:
    create(sandbox, ClientToken="t")
    assert refusal(create, sandbox, ClientToken="t", VersionDescription="x") == "IdempotentParameterMismatch"


def test_a_name_is_taken_once(sandbox: RunningSandbox) -> None:
    create(sandbox)
    assert refusal(create, sandbox) == "InvalidLaunchTemplateName.AlreadyExistsException"


def test_a_deleted_version_is_gone_and_the_others_keep_their_numbers(sandbox: RunningSandbox) -> None:
    create(sandbox)
    add(sandbox)
    add(sandbox)
    sandbox.ec2.delete_launch_template_versions(LaunchTemplateName=NAME, Versions=["2"])
    assert numbers(sandbox) == [3, 1]
    assert add(sandbox)["VersionNumber"] == 4


def test_the_number_of_a_deleted_last_version_is_not_used_again(sandbox: RunningSandbox) -> None:
    create(sandbox)
    add(sandbox)
    sandbox.ec2.delete_launch_template_versions(LaunchTemplateName=NAME, Versions=["2"])
    assert add(sandbox)["VersionNumber"] == 3


def test_the_default_version_and_unknown_ones_are_not_deleted(sandbox: RunningSandbox) -> None:
    create(sandbox)
    answer = sandbox.ec2.delete_launch_template_versions(LaunchTemplateName=NAME, Versions=["1", "9"])
    codes = [one["ResponseError"]["Code"] for one in answer["UnsuccessfullyDeletedLaunchTemplateVersions"]]
    assert codes == ["unexpectedError", "launchTemplateVersionDoesNotExist"]


def test_the_default_version_moves_when_told(sandbox: RunningSandbox) -> None:
    create(sandbox)
    add(sandbox)
    sandbox.ec2.modify_launch_template(LaunchTemplateName=NAME, DefaultVersion="2")
    assert numbers(sandbox, Versions=["$Default"]) == [2]


def test_versions_come_in_pages(sandbox: RunningSandbox) -> None:
    create(sandbox)
    for _ in range(4):
        add(sandbox)
    pages = sandbox.ec2.get_paginator("describe_launch_template_versions").paginate(
        LaunchTemplateName=NAME, PaginationConfig={"PageSize": 2}
    )
    assert [[one["VersionNumber"] for one in page["LaunchTemplateVersions"]] for page in pages] == [[5, 4], [3, 2], [1]]


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"LaunchTemplateName": "none"}, "InvalidLaunchTemplateName.NotFoundException"),
        ({"LaunchTemplateId": "lt-0123456789abcdef0"}, "InvalidLaunchTemplateId.NotFound"),
        ({"LaunchTemplateName": NAME, "Versions": ["7"]}, "InvalidLaunchTemplateId.VersionNotFound"),
        ({"LaunchTemplateName": NAME, "Filters": [{"Name": "colour", "Values": ["x"]}]}, "InvalidParameterValue"),
    ],
)
def test_what_is_not_there_is_an_error(sandbox: RunningSandbox, request_: dict[str, Any], code: str) -> None:
    create(sandbox)
    assert refusal(sandbox.ec2.describe_launch_template_versions, **request_) == code
