"""RunInstances: template and call merged, checked as EC2 checks, placed where there is capacity."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from moto.core.exceptions import ServiceException
from moto.ec2.models.instance_types import INSTANCE_TYPE_OFFERINGS, INSTANCE_TYPES
from moto.ec2.models.instances import Instance, Reservation
from moto.ec2.utils import filter_iam_instance_profiles, parse_user_data

from pixel.sandbox.calls import Answer, Call
from pixel.sandbox.ec2.account import Account
from pixel.sandbox.ec2.describe import Describe
from pixel.sandbox.ec2.lifecycle import Lifecycle
from pixel.sandbox.ec2.protocol import Parameters, answer_xml, parameters, refuse_dry_run
from pixel.sandbox.ec2.templates import Templates, tags_of
from pixel.sandbox.ec2.tokens import ClientTokens
from pixel.sandbox.errors import AwsError
from pixel.sandbox.moto_app import ACCOUNT
from pixel.sandbox.settings import Faults

TEMPLATE_ID_TAG = "aws:ec2launchtemplate:id"
TEMPLATE_VERSION_TAG = "aws:ec2launchtemplate:version"


@dataclass(frozen=True)
class Launch:
    """A checked request: the merged parameters, tags by type of resource, and where the instances go."""

    given: Parameters
    tags: Mapping[str, Mapping[str, str]]
    subnet_id: str | None
    zone: str
    instance_type: str


class Capacity:
    """How many more instances fit: per availability zone, and by the account's vCPU limit."""

    def __init__(self, account: Account, faults: Callable[[], Faults]) -> None:
        self._account = account
        self._faults = faults

    def room(self, zone: str) -> int | None:
        """Return how many more instances may start in the zone; None for any number."""
        limit = self._faults().capacity.get(zone)
        if limit is None:
            return None
        live = sum(1 for one in self._live() if one.availability_zone == zone)
        return max(0, limit - live)

    def check_vcpus(self, more: Mapping[str, int]) -> None:
        """Raise `VcpuLimitExceeded` when so many more instances, by type, exceed the limit."""
        limit = self._faults().vcpus
        if limit is None:
            return
        used = sum(vcpus(one.instance_type) for one in self._live())
        if used + sum(vcpus(name) * count for name, count in more.items()) > limit:
            raise AwsError(
                "VcpuLimitExceeded",
                f"You have requested more vCPU capacity than your current vCPU limit of {limit} allows for the "
                "instance bucket that the specified instance type belongs to. Please visit "
                "http://aws.amazon.com/contact-us/ec2-request to request an adjustment to this limit.",
            )

    def _live(self) -> list[Any]:
        return [one for one in self._account.instances() if one.state in ("pending", "running")]


def vcpus(instance_type: str) -> int:
    """Return an instance type's number of vCPUs."""
    return int(INSTANCE_TYPES[instance_type]["VCpuInfo"]["DefaultVCpus"])


class Run:
    """The call that makes instances."""

    def __init__(
        self,
        account: Account,
        lifecycle: Lifecycle,
        templates: Templates,
        tokens: ClientTokens,
        capacity: Capacity,
        describe: Describe,
    ) -> None:
        self._account = account
        self._lifecycle = lifecycle
        self._templates = templates
        self._tokens = tokens
        self._capacity = capacity
        self._describe = describe

    def run(self, call: Call) -> Answer:
        """Answer RunInstances. A repeated client token gives the same instances as they are now, gone ones too."""
        given = parameters(call)
        reservation, instances = self._tokens.once(call, lambda: self._run(given))
        return answer_xml(call.action, self._describe.rendered(reservation, instances))

    def _run(self, given: Parameters) -> tuple[Reservation, list[Instance]]:
        least, most = given["MinCount"], given["MaxCount"]
        if not 1 <= least <= most:
            message = f"Value ({least}) for parameter minCount is invalid: it must be between 1 and maxCount ({most})"
            raise AwsError("InvalidParameterValue", message)
        launch = self._checked(given)
        room = self._capacity.room(launch.zone)
        if room is not None and room < least:
            raise insufficient(launch.instance_type, launch.zone)
        count = most if room is None else min(most, room)
        self._capacity.check_vcpus({launch.instance_type: least})
        refuse_dry_run(given)
        reservation = self._make(launch, count)
        return reservation, list(reservation.instances)

    def _checked(self, given: Parameters) -> Launch:
        merged, tags = self._merged(given)
        if "ImageId" not in merged:
            raise AwsError("MissingParameter", "The request must contain the parameter ImageId")
        image = self._account.image(merged["ImageId"])
        if image.state != "available":
            raise AwsError("InvalidAMIID.Unavailable", f"The image ID '{image.id}' is not available")
        instance_type = merged.setdefault("InstanceType", "m1.small")
        if instance_type not in INSTANCE_TYPES:
            raise AwsError("InvalidParameterValue", f"Invalid value '{instance_type}' for InstanceType.")
        subnet_id, zone = self._place(merged)
        if not _offered(instance_type, self._account.region, zone):
            message = (
                f"Your requested instance type ({instance_type}) is not supported in your requested Availability "
                f"Zone ({zone}). Please retry your request by choosing another one."
            )
            raise AwsError("Unsupported", message)
        return Launch(merged, tags, subnet_id, zone, instance_type)

    def _merged(self, given: Parameters) -> tuple[Parameters, dict[str, dict[str, str]]]:
        """Return the template's data under the call's parameters, and the tags of both: the call's win by key."""
        tags = tags_of(given)
        if "LaunchTemplate" not in given:
            return dict(given), tags
        template = self._templates.find(given["LaunchTemplate"])
        version = template.get_version(given["LaunchTemplate"].get("Version", "$Default"))
        merged = {**version.data, **{name: value for name, value in given.items() if value is not None}}
        both = tags_of(version.data)
        for kind, own in tags.items():
            both[kind] = {**both.get(kind, {}), **own}
        both["instance"] = {
            **both.get("instance", {}),
            TEMPLATE_ID_TAG: template.id,
            TEMPLATE_VERSION_TAG: str(version.number),
        }
        return merged, both

    def _place(self, merged: Parameters) -> tuple[str | None, str]:
        """Return the subnet and the availability zone: given, or else the first with room."""
        interfaces = merged.get("NetworkInterfaces", [])
        if interfaces and merged.get("SubnetId"):
            message = "Network interfaces and an instance-level subnet ID may not be specified on the same request"
            raise AwsError("InvalidParameterCombination", message)
        subnet_id = merged.get("SubnetId") or next((one["SubnetId"] for one in interfaces if "SubnetId" in one), None)
        zone = merged.get("Placement", {}).get("AvailabilityZone")
        if subnet_id is None:
            subnets = self._account.backend.get_default_subnets()
            if zone is not None and zone not in subnets:
                message = f"Invalid availability zone: [{zone}]"
                raise AwsError("InvalidParameterValue", message)
            zone = zone or next((name for name in sorted(subnets) if self._capacity.room(name) != 0), min(subnets))
            return str(subnets[zone].id), zone
        subnet = self._account.backend.get_subnet(subnet_id)
        if zone is not None and zone != subnet.availability_zone:
            message = f"The specified subnet is in {subnet.availability_zone}, not in the requested zone {zone}"
            raise AwsError("InvalidParameterValue", message)
        return subnet_id, subnet.availability_zone

    def _make(self, launch: Launch, count: int) -> Reservation:
        given, backend = launch.given, self._account.backend
        profile = self._profile(given.get("IamInstanceProfile"))
        reservation = backend.run_instances(
            given["ImageId"],
            count,
            parse_user_data(given.get("UserData")),
            given.get("SecurityGroups", []),
            tags=launch.tags,
            region_name=self._account.region,
            instance_type=launch.instance_type,
            is_instance_type_default=False,
            subnet_id=None if given.get("NetworkInterfaces") else launch.subnet_id,
            security_group_ids=given.get("SecurityGroupIds", []),
            nics=given.get("NetworkInterfaces", []),
            key_name=self._key(given.get("KeyName")),
            private_ip=given.get("PrivateIpAddress"),
            associate_public_ip=None,
            ebs_optimized=bool(given.get("EbsOptimized")),
            disable_api_termination=bool(given.get("DisableApiTermination")),
            disable_api_stop=bool(given.get("DisableApiStop")),
            instance_initiated_shutdown_behavior=given.get("InstanceInitiatedShutdownBehavior"),
            iam_instance_profile=profile,
            monitoring_state="enabled" if given.get("Monitoring", {}).get("Enabled") else "disabled",
            metadata_options=given.get("MetadataOptions", {}),
            client_token=given.get("ClientToken"),
            **_devices(given),
        )
        for instance in reservation.instances:
            self._lifecycle.launch(instance)
        return reservation

    def _key(self, name: str | None) -> str | None:
        if name is not None and name not in self._account.key_names():
            raise AwsError("InvalidKeyPair.NotFound", f"The key pair '{name}' does not exist")
        return name

    def _profile(self, given: Mapping[str, str] | None) -> dict[str, str] | None:
        if not given:
            return None
        try:
            profile = filter_iam_instance_profiles(ACCOUNT, "aws", given.get("Arn"), given.get("Name"))
        except ServiceException:
            profile = None
        if profile is None:
            field, value = ("arn", given["Arn"]) if "Arn" in given else ("name", given.get("Name", ""))
            raise AwsError(
                "InvalidParameterValue",
                f"Value ({value}) for parameter iamInstanceProfile.{field} is invalid. Invalid IAM Instance Profile "
                f"{'ARN' if field == 'arn' else 'name'}",
            )
        return {"Arn": profile.arn, "Id": profile.id}


def insufficient(instance_type: str, zone: str) -> AwsError:
    """Return the error of a zone without capacity for the type. EC2 counts it as its own failure: a 500."""
    return AwsError(
        "InsufficientInstanceCapacity",
        f"We currently do not have sufficient {instance_type} capacity in the Availability Zone you requested "
        f"({zone}). Our system will be working on provisioning additional capacity.",
        500,
    )


def check_start(capacity: Capacity, starting: list[Any]) -> None:
    """Raise the error that StartInstances gives when not all of the stopped instances fit."""
    for zone, count in Counter(one.availability_zone for one in starting).items():
        room = capacity.room(zone)
        if room is not None and room < count:
            raise insufficient(next(one.instance_type for one in starting if one.availability_zone == zone), zone)
    capacity.check_vcpus(Counter(one.instance_type for one in starting))


def _offered(instance_type: str, region: str, zone: str) -> bool:
    offers = INSTANCE_TYPE_OFFERINGS["availability-zone"].get(region, [])
    return any(one["InstanceType"] == instance_type and one["Location"] == zone for one in offers)


def _devices(given: Parameters) -> dict[str, Any]:
    """Return the block devices as moto wants them; nothing when the image's own are to be used."""
    mappings = [
        {**one, "Ebs": {"DeleteOnTermination": True, **one["Ebs"]}}
        for one in given.get("BlockDeviceMappings", [])
        if "Ebs" in one
    ]
    return {"block_device_mappings": mappings} if mappings else {}
