from __future__ import annotations

import copy
import random
from typing import Any

import pytest
from ansible_collections.mitlab.pixel.plugins.module_utils.template_data import (
    MemberTemplate,
    RootVolume,
    differences,
)
from hypothesis import given
from hypothesis import strategies as st

CONTENTS = MemberTemplate(
    pool="drone",
    release="1.0.0",
    image_id="ami-1",
    instance_type="g4dn.xlarge",
    security_group_ids=("sg-2", "sg-1"),
    iam_instance_profile="pixel-member",
    key_name="lab",
    root_volume=RootVolume(size=100, type="gp3"),
    user_data="<powershell>Start-Service pixel</powershell>",
    tags={"cost-centre": "media-lab", "a": "b"},
)


def shuffled(value: Any, chance: random.Random) -> Any:
    """Return the same data with its lists and mappings in another order."""
    if isinstance(value, dict):
        keys = list(value)
        chance.shuffle(keys)
        return {key: shuffled(value[key], chance) for key in keys}
    if isinstance(value, list):
        return chance.sample([shuffled(one, chance) for one in value], len(value))
    return value


@given(st.randoms(use_true_random=False))
def test_the_order_of_anything_makes_no_difference(chance: random.Random) -> None:
    data = CONTENTS.data("/dev/sda1")
    assert differences(shuffled(copy.deepcopy(data), chance), data) == []


def test_what_ec2_adds_when_it_stores_a_version_makes_no_difference() -> None:
    stored = CONTENTS.data("/dev/sda1")
    stored["MetadataOptions"]["State"] = "pending"
    stored["NetworkInterfaces"] = []
    assert differences(stored, CONTENTS.data("/dev/sda1")) == []


def test_the_name_of_the_root_device_makes_no_difference() -> None:
    assert differences(CONTENTS.data("/dev/sda1"), CONTENTS.data("")) == []


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("ImageId", "ami-2", "image_id is ami-2, not ami-1"),
        ("InstanceType", "g5.xlarge", "instance_type is g5.xlarge, not g4dn.xlarge"),
        ("SecurityGroupIds", ["sg-1"], "security_group_ids is [sg-1], not [sg-1, sg-2]"),
        ("KeyName", None, "key_name is unset, not lab"),
        ("EbsOptimized", True, "EbsOptimized is True, not unset"),
        ("IamInstanceProfile", {"Name": "other"}, "iam_instance_profile is other, not pixel-member"),
    ],
)
def test_a_difference_is_told_by_field(field: str, value: Any, said: str) -> None:
    assert differences({**CONTENTS.data("/dev/sda1"), field: value}, CONTENTS.data("/dev/sda1")) == [said]


def test_a_different_root_volume_is_told() -> None:
    published = CONTENTS.data("/dev/sda1")
    published["BlockDeviceMappings"][0]["Ebs"]["VolumeSize"] = 50
    assert differences(published, CONTENTS.data("/dev/sda1")) == ["root_volume.size is 50, not 100"]


def test_a_profile_by_arn_is_the_profile_by_name() -> None:
    published = {**CONTENTS.data(""), "IamInstanceProfile": {"Arn": "arn:aws:iam::1:instance-profile/pixel-member"}}
    assert differences(published, CONTENTS.data("")) == []


def test_members_and_volumes_are_tagged_with_their_pool_and_release() -> None:
    by_kind = {one["ResourceType"]: one["Tags"] for one in CONTENTS.data("")["TagSpecifications"]}
    assert set(by_kind) == {"instance", "volume"}
    assert {"Key": "pixel:pool", "Value": "drone"} in by_kind["instance"]
    assert {"Key": "pixel:release", "Value": "1.0.0"} in by_kind["volume"]


def test_given_tags_cannot_hide_whose_a_member_is() -> None:
    stolen = MemberTemplate("drone", "1.0.0", "ami-1", "g4dn.xlarge", tags={"pixel:pool": "other"})
    assert stolen.member_tags()["pixel:pool"] == "drone"


def test_members_use_imdsv2_only_and_stop_when_they_shut_down() -> None:
    data = CONTENTS.data("")
    assert data["MetadataOptions"]["HttpTokens"] == "required"
    assert data["InstanceInitiatedShutdownBehavior"] == "stop"
