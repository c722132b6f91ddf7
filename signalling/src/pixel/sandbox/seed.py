"""What is in the account from the start: a network, a Windows base image, a DNS zone and the lease table."""

from __future__ import annotations

from dataclasses import dataclass

from moto.dynamodb.models import dynamodb_backends
from moto.ec2.models import ec2_backends
from moto.ec2.models.amis import Ami
from moto.ec2.utils import random_ami_id
from moto.moto_api._internal import mock_random
from moto.moto_api._internal.models import moto_api_backend
from moto.route53.models import HostedZoneIdentifier, route53_backends
from moto.ssm.models import Parameter, ssm_backends
from moto.utilities.id_generator import moto_id_manager

from pixel.sandbox.moto_app import ACCOUNT, without_images

REGION = "us-east-2"
ZONE = "pixel.test"
LEASE_TABLE = "pixel-leases"
BASE_IMAGE_NAME = "Windows_Server-2022-English-Full-Base-2026.10.15"
BASE_IMAGE_OWNER = "801119661308"
"""Amazon's own account for Windows images."""
BASE_IMAGE_PARAMETER = "/aws/service/ami-windows-latest/Windows_Server-2022-English-Full-Base"


@dataclass(frozen=True)
class Seeds:
    """Ids of what was seeded; `subnets` by availability zone."""

    zone_id: str
    vpc_id: str
    subnets: dict[str, str]
    security_group_id: str
    base_image_id: str


def plant(identity: int) -> Seeds:
    """Empty the account, fill it with the seeds and return their ids: the same ones for the same identity."""

    without_images()
    moto_api_backend.reset()
    mock_random.seed(identity)
    ec2_backends[ACCOUNT][REGION].reset()
    vpc_id, subnets, security_group_id = _network()
    _lease_table()
    seeds = Seeds(
        zone_id=_zone(),
        vpc_id=vpc_id,
        subnets=subnets,
        security_group_id=security_group_id,
        base_image_id=_base_image(),
    )
    mock_random.seed()
    return seeds


def _network() -> tuple[str, dict[str, str], str]:

    ec2 = ec2_backends[ACCOUNT][REGION]
    vpc = ec2.get_default_vpc()
    if vpc is None:
        raise AssertionError("moto gives every region a default VPC")
    subnets = {zone: subnet.id for zone, subnet in sorted(ec2.get_default_subnets().items())}
    group = ec2.create_security_group("pixel", "Members of the sandbox", vpc.id)
    return vpc.id, subnets, group.id


def _base_image() -> str:

    ec2 = ec2_backends[ACCOUNT][REGION]
    image = Ami(
        ec2,
        random_ami_id(),
        name=BASE_IMAGE_NAME,
        description="Microsoft Windows Server 2022 Full Locale English AMI provided by Amazon",
        owner_id=BASE_IMAGE_OWNER,
        owner_alias="amazon",
        public=True,
        virtualization_type="hvm",
        architecture="x86_64",
        platform="windows",
        hypervisor="xen",
        root_device_type="ebs",
    )
    ec2.amis[image.id] = image
    ssm = ssm_backends[ACCOUNT][REGION]
    parameter = Parameter(  # type: ignore[abstract] # as moto itself makes it
        account_id=ACCOUNT,
        name=BASE_IMAGE_PARAMETER,
        value=image.id,
        parameter_type="String",
        description="",
        allowed_pattern=None,
        keyid=None,
        last_modified_date=image.creation_date,
        version=1,
        data_type="aws:ec2:image",
    )
    ssm._parameters[BASE_IMAGE_PARAMETER].append(parameter)
    return str(image.id)


def _zone() -> str:

    name = f"{ZONE}."
    zone_id = f"Z{mock_random.get_random_hex(20).upper()}"
    moto_id_manager.set_custom_id(HostedZoneIdentifier(ACCOUNT, name, None), zone_id)
    route53_backends[ACCOUNT]["aws"].create_hosted_zone(name, private_zone=False)
    return zone_id


def _lease_table() -> None:

    dynamodb_backends[ACCOUNT][REGION].create_table(
        LEASE_TABLE,
        schema=[{"AttributeName": "instance_id", "KeyType": "HASH"}],
        attr=[{"AttributeName": "instance_id", "AttributeType": "S"}],
        throughput={"ReadCapacityUnits": 0, "WriteCapacityUnits": 0},
        indexes=[],
        global_indexes=[],
        streams=None,
        billing_mode="PAY_PER_REQUEST",
        sse_specification=None,
        tags=[],
        deletion_protection_enabled=False,
        warm_throughput=None,
    )
