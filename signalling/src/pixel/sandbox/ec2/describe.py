"""DescribeInstances and DescribeInstanceStatus: filters, pages counted in instances, XML by hand."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from moto.ec2.models.instances import Instance, Reservation

from pixel.sandbox.calls import Answer, Call
from pixel.sandbox.ec2 import xml
from pixel.sandbox.ec2.account import Account
from pixel.sandbox.ec2.filters import FilterSet, Values
from pixel.sandbox.ec2.lifecycle import Lifecycle
from pixel.sandbox.ec2.past import Past
from pixel.sandbox.ec2.protocol import Parameters, answer_xml, parameters
from pixel.sandbox.errors import AwsError

_Found = tuple[Reservation, Instance]


class Describe:
    """The two calls by which clients look at instances."""

    def __init__(self, account: Account, lifecycle: Lifecycle, past: Past) -> None:
        self._account = account
        self._past = past
        self._lifecycle = lifecycle
        self._filters = FilterSet(_instance_fields(), lambda found: account.tags(found[1].id))
        self._status_filters = FilterSet(self._status_fields(), lambda one: account.tags(one.id))

    def instances(self, call: Call) -> Answer:
        """Answer DescribeInstances."""
        given = parameters(call)
        if "InstanceIds" in given and "MaxResults" in given:
            message = "The parameter instancesSet cannot be used with the parameter maxResults"
            raise AwsError("InvalidParameterCombination", message)
        matches = self._filters.matcher(given.get("Filters", ()))
        named = {one.id for one in self._account.named(given["InstanceIds"])} if "InstanceIds" in given else None
        seen = self._past.view()
        found = [
            (reservation, one)
            for reservation in list(self._account.backend.reservations.values())
            for each in reservation.instances
            if (named is None or each.id in named) and (one := seen(each)) is not None and matches((reservation, one))
        ]
        page, token = _page(found, given, lambda pair: pair[1])
        items = "".join(
            f"<item>{xml.reservation(reservation, self._rendered(pair[1] for pair in group))}</item>"
            for reservation, group in groupby(page, key=lambda pair: pair[0])
        )
        return answer_xml(call.action, f"<reservationSet>{items}</reservationSet>{xml.tag('nextToken', token)}")

    def rendered(self, reservation: Reservation, instances: Iterable[Instance]) -> str:
        """Return a reservation's content with these instances: RunInstances's answer."""
        return xml.reservation(reservation, self._rendered(instances))

    def statuses(self, call: Call) -> Answer:
        """Answer DescribeInstanceStatus: the running instances, or all with IncludeAllInstances."""
        given = parameters(call)
        matches = self._status_filters.matcher(given.get("Filters", ()))
        chosen: Iterable[Instance] = (
            self._account.named(given["InstanceIds"]) if "InstanceIds" in given else self._account.instances()
        )
        every = bool(given.get("IncludeAllInstances"))
        seen = (one for one in map(self._past.view(), chosen) if one is not None)
        found = [one for one in seen if (every or one.state == "running") and matches(one)]
        page, token = _page(found, given, lambda one: one)
        items = "".join(self._status_item(one) for one in page)
        return answer_xml(call.action, f"<instanceStatusSet>{items}</instanceStatusSet>{xml.tag('nextToken', token)}")

    def _rendered(self, instances: Iterable[Instance]) -> list[str]:
        return [xml.instance(one, self._account.tags(one.id)) for one in instances]

    def _checks(self, one: Instance) -> str:
        if one.state != "running":
            return "not-applicable"
        return "ok" if self._lifecycle.status_passed(one) else "initializing"

    def _status_item(self, one: Instance) -> str:
        status = self._checks(one)
        check = {"ok": "passed", "initializing": "initializing"}.get(status)
        details = f"<details><item><name>reachability</name><status>{check}</status></item></details>" if check else ""
        return (
            f"<item><instanceId>{one.id}</instanceId><availabilityZone>{one.availability_zone}</availabilityZone>"
            f"{xml.state('instanceState', one.state, one.state_code)}"
            f"<systemStatus><status>{status}</status>{details}</systemStatus>"
            f"<instanceStatus><status>{status}</status>{details}</instanceStatus></item>"
        )

    def _status_fields(self) -> Mapping[str, Callable[[Instance], Values]]:
        return {
            "availability-zone": lambda one: one.availability_zone,
            "instance-state-code": lambda one: str(one.state_code),
            "instance-state-name": lambda one: one.state,
            "instance-status.reachability": self._reachability,
            "instance-status.status": self._checks,
            "system-status.reachability": self._reachability,
            "system-status.status": self._checks,
        }

    def _reachability(self, one: Instance) -> str | None:
        return {"ok": "passed", "initializing": "initializing"}.get(self._checks(one))


def _instance_fields() -> Mapping[str, Callable[[_Found], Values]]:
    """Return DescribeInstances's documented filters, as far as the sandbox's instances have what they ask for."""
    simple: dict[str, Callable[[Instance], Values]] = {
        "affinity": _nothing,
        "architecture": lambda one: one.architecture,
        "availability-zone": lambda one: one.availability_zone,
        "block-device-mapping.device-name": lambda one: [name for name, _ in one.get_block_device_mapping],
        "block-device-mapping.volume-id": lambda one: [device.volume_id for _, device in one.get_block_device_mapping],
        "client-token": lambda one: one.client_token,
        "dns-name": lambda one: one.public_dns_name,
        "hypervisor": lambda one: one.hypervisor,
        "iam-instance-profile.arn": lambda one: (one.iam_instance_profile or {}).get("Arn"),
        "image-id": lambda one: one.image_id,
        "instance-id": lambda one: one.id,
        "instance-lifecycle": lambda one: one.lifecycle,
        "instance-state-code": lambda one: str(one.state_code),
        "instance-state-name": lambda one: one.state,
        "instance-type": lambda one: one.instance_type,
        "instance.group-id": _group_ids,
        "instance.group-name": _group_names,
        "ip-address": lambda one: one.public_ip,
        "key-name": lambda one: one.key_name,
        "launch-index": lambda one: str(one.ami_launch_index),
        "launch-time": lambda one: xml.timestamp(one.launch_time),
        "metadata-options.http-tokens": lambda one: one.metadata_options.http_tokens,
        "monitoring-state": lambda one: one.monitoring_state,
        "network-interface.addresses.association.public-ip": lambda one: one.public_ip,
        "network-interface.network-interface-id": lambda one: [nic.id for nic in one.nics.values()],
        "network-interface.private-dns-name": lambda one: one.private_dns_name,
        "network-interface.subnet-id": lambda one: one.subnet_id,
        "network-interface.vpc-id": lambda one: one.vpc_id,
        "placement-group-name": _nothing,
        "platform": lambda one: one.platform,
        "private-dns-name": lambda one: one.private_dns_name,
        "private-ip-address": lambda one: one.private_ip,
        "reason": lambda one: one._reason,
        "root-device-name": lambda one: one.root_device_name,
        "root-device-type": lambda one: one.root_device_type,
        "source-dest-check": lambda one: str(one.source_dest_check).lower(),
        "spot-instance-request-id": _nothing,
        "state-reason-code": lambda one: one.state_reason.code or None,
        "state-reason-message": lambda one: one.state_reason.message or None,
        "subnet-id": lambda one: one.subnet_id,
        "tenancy": lambda one: one.placement.tenancy,
        "virtualization-type": lambda one: one.virtualization_type,
        "vpc-id": lambda one: one.vpc_id,
    }
    fields: dict[str, Callable[[_Found], Values]] = {
        "owner-id": lambda found: found[0].owner_id,
        "reservation-id": lambda found: found[0].id,
    }
    return fields | {name: _of_instance(field) for name, field in simple.items()}


def _nothing(_: Instance) -> None:
    return None


def _of_instance(field: Callable[[Instance], Values]) -> Callable[[_Found], Values]:
    return lambda found: field(found[1])


def _group_ids(one: Instance) -> list[str]:
    return [group.id for nic in one.nics.values() for group in nic.group_set]


def _group_names(one: Instance) -> list[str]:
    return [group.name for nic in one.nics.values() for group in nic.group_set]


def _page(found: Sequence[Any], given: Parameters, instance: Callable[[Any], Instance]) -> tuple[list[Any], str | None]:
    """Return one page of what was found, and the token of the next.

    Pages are in the order of ids, so that a token keeps its place while instances come and go.
    """
    size, token = given.get("MaxResults"), given.get("NextToken")
    if size is None and token is None:
        return list(found), None
    if size is not None and not 5 <= size <= 1000:
        limit = "greater than 5" if size < 5 else "less than 1000"
        message = f"Value ( {size} ) for parameter maxResults is invalid. Expecting a value {limit}."
        raise AwsError("InvalidParameterValue", message)
    ordered = sorted(found, key=lambda one: str(instance(one).id))
    if token is not None:
        after = _decoded(token)
        ordered = [one for one in ordered if instance(one).id > after]
    page = ordered[: size or 1000]
    more = len(page) < len(ordered)
    return page, _encoded(instance(page[-1]).id) if more else None


def _encoded(position: str) -> str:
    return base64.urlsafe_b64encode(position.encode()).decode()


def _decoded(token: str) -> str:
    try:
        return base64.urlsafe_b64decode(token.encode()).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise AwsError("InvalidParameterValue", "Unable to parse pagination token") from None
