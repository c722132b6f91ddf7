"""Launch templates: versions that can be deleted, overlays on a source version, tags that stay where they belong."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from moto.ec2.models.launch_templates import LaunchTemplate, LaunchTemplateVersion
from moto.ec2.utils import parse_user_data

from pixel.sandbox.calls import Answer, Call
from pixel.sandbox.ec2.account import Account
from pixel.sandbox.ec2.filters import FilterSet
from pixel.sandbox.ec2.protocol import Parameters, answer, parameters, refuse_dry_run
from pixel.sandbox.ec2.tokens import ClientTokens
from pixel.sandbox.errors import AwsError

_NAME = re.compile(r"[a-zA-Z0-9().\-/_]{3,128}")
_DELETE_LIMIT = 200


class Template(LaunchTemplate):
    """A launch template whose versions keep their numbers when others are deleted."""

    def get_version(self, num: Any) -> LaunchTemplateVersion:
        """Return a version by number, `$Latest` or `$Default`.

        Raises:
            AwsError: there is no such version.
        """
        if str(num).lower() == "$latest":
            return self.versions[-1]
        wanted = self.default_version_number if str(num).lower() == "$default" else num
        for version in self.versions:
            if str(version.number) == str(wanted):
                return version
        raise AwsError(
            "InvalidLaunchTemplateId.VersionNotFound",
            f"Could not find the specified version {num} for the launch template with ID {self.id}.",
        )

    def default_version(self) -> LaunchTemplateVersion:
        """Return the version that `$Default` means."""
        return self.get_version("$Default")

    def create_version(self, data: dict[str, Any], description: str) -> LaunchTemplateVersion:
        """Add a version. Numbers are never used again, not even the last one's."""
        self.last_number: int = getattr(self, "last_number", 0) + 1
        version = LaunchTemplateVersion(self, self.last_number, data, description)
        self.versions.append(version)
        return version


class Templates:
    """The calls about launch templates."""

    def __init__(self, account: Account, tokens: ClientTokens) -> None:
        self._account = account
        self._tokens = tokens
        self._filters = FilterSet[LaunchTemplate](
            {
                "create-time": lambda template: template.create_time.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
                "launch-template-name": lambda template: template.name,
            },
            lambda template: account.tags(template.id),
        )
        self._version_filters = FilterSet[LaunchTemplateVersion](
            {
                "image-id": lambda version: version.data.get("ImageId"),
                "instance-type": lambda version: version.data.get("InstanceType"),
                "is-default-version": lambda version: str(version.template.is_default(version)).lower(),
            },
            lambda _: {},
        )

    def find(self, given: Mapping[str, Any]) -> LaunchTemplate:
        """Return the template that `LaunchTemplateId` or `LaunchTemplateName` names.

        Raises:
            AwsError: none or both are given, or there is no such template.
        """
        key, name = given.get("LaunchTemplateId"), given.get("LaunchTemplateName")
        if bool(key) == bool(name):
            message = "Either a launch template ID or a launch template name must be specified, not both."
            raise AwsError("InvalidParameterCombination" if key else "MissingParameter", message)
        if key:
            if not str(key).startswith("lt-"):
                raise AwsError("InvalidLaunchTemplateId.Malformed", f"Invalid id: '{key}'")
            if key not in self._account.backend.launch_templates:
                message = f"The specified launch template, with template ID {key}, does not exist."
                raise AwsError("InvalidLaunchTemplateId.NotFound", message)
        else:
            key = self._account.backend.launch_template_name_to_ids.get(str(name))
            if key is None:
                message = f"The specified launch template, with template name {name}, does not exist."
                raise AwsError("InvalidLaunchTemplateName.NotFoundException", message)
        return self._account.backend.launch_templates[key]

    def create(self, call: Call) -> Answer:
        """Answer CreateLaunchTemplate."""
        given = parameters(call)
        name = given["LaunchTemplateName"]
        if _NAME.fullmatch(name) is None:
            message = f"The launch template name '{name}' is invalid: 3 to 128 letters, digits and ().-/_"
            raise AwsError("InvalidLaunchTemplateName.MalformedException", message)
        return answer(call.action, {"LaunchTemplate": _shown(self._tokens.once(call, lambda: self._create(given)))})

    def _create(self, given: Parameters) -> Template:
        name, backend = given["LaunchTemplateName"], self._account.backend
        if name in backend.launch_template_name_to_ids:
            raise AwsError("InvalidLaunchTemplateName.AlreadyExistsException", "Launch template name already in use.")
        refuse_dry_run(given)
        template = Template(  # type: ignore[abstract] # as moto makes its own
            backend, name, _data(given["LaunchTemplateData"]), given.get("VersionDescription", ""), tags_of(given)
        )
        backend.launch_templates[template.id] = template
        backend.launch_template_name_to_ids[name] = template.id
        return template

    def create_version(self, call: Call) -> Answer:
        """Answer CreateLaunchTemplateVersion: what is given, over the source version's data when one is named."""
        given = parameters(call)
        version = self._tokens.once(call, lambda: self._create_version(given))
        return answer(call.action, {"LaunchTemplateVersion": _shown_version(version)})

    def _create_version(self, given: Parameters) -> LaunchTemplateVersion:
        template = self.find(given)
        source = template.get_version(given["SourceVersion"]).data if "SourceVersion" in given else {}
        refuse_dry_run(given)
        data = {**source, **_data(given["LaunchTemplateData"])}
        return template.create_version(data, given.get("VersionDescription", ""))

    def modify(self, call: Call) -> Answer:
        """Answer ModifyLaunchTemplate: it sets the default version."""
        given = parameters(call)
        template = self.find(given)
        if "DefaultVersion" in given:
            wanted = template.get_version(given["DefaultVersion"])
            refuse_dry_run(given)
            template.default_version_number = wanted.number
        return answer(call.action, {"LaunchTemplate": _shown(template)})

    def delete_versions(self, call: Call) -> Answer:
        """Answer DeleteLaunchTemplateVersions: each version apart; the default one cannot be deleted."""
        given = parameters(call)
        template = self.find(given)
        numbers = given["Versions"]
        if len(numbers) > _DELETE_LIMIT:
            raise AwsError("InvalidParameterValue", f"You can delete at most {_DELETE_LIMIT} versions in a request.")
        refuse_dry_run(given)
        done, failed = [], []
        for number in numbers:
            item = {"LaunchTemplateId": template.id, "LaunchTemplateName": template.name, "VersionNumber": number}
            error = self._delete_version(template, number)
            if error is None:
                done.append(item)
            else:
                failed.append({**item, "ResponseError": error})
        return answer(
            call.action,
            {
                "SuccessfullyDeletedLaunchTemplateVersions": done,
                "UnsuccessfullyDeletedLaunchTemplateVersions": failed,
            },
        )

    def _delete_version(self, template: LaunchTemplate, number: str) -> dict[str, str] | None:
        try:
            version = template.get_version(number)
        except AwsError as error:
            return {"Code": "launchTemplateVersionDoesNotExist", "Message": error.message}
        if template.is_default(version):
            return {"Code": "unexpectedError", "Message": f"Cannot delete the default version {version.number}"}
        template.versions.remove(version)
        return None

    def describe(self, call: Call) -> Answer:
        """Answer DescribeLaunchTemplates."""
        given = parameters(call)
        names, keys = given.get("LaunchTemplateNames", []), given.get("LaunchTemplateIds", [])
        named = [self.find({"LaunchTemplateName": name}) for name in names]
        named += [self.find({"LaunchTemplateId": key}) for key in keys]
        matches = self._filters.matcher(given.get("Filters", ()))
        every = named if names or keys else list(self._account.backend.launch_templates.values())
        page, token = _page([template for template in every if matches(template)], given)
        shown = [{**_shown(template), "Tags": _tag_list(self._account.tags(template.id))} for template in page]
        return answer(call.action, {"LaunchTemplates": shown, "NextToken": token})

    def describe_versions(self, call: Call) -> Answer:
        """Answer DescribeLaunchTemplateVersions; newest first, as EC2 gives them."""
        given = parameters(call)
        wanted = given.get("Versions", [])
        if "LaunchTemplateId" in given or "LaunchTemplateName" in given:
            template = self.find(given)
            found = [template.get_version(one) for one in wanted] if wanted else _between(template, given)
        elif wanted and set(wanted) <= {"$Latest", "$Default"}:
            every = self._account.backend.launch_templates.values()
            found = list(dict.fromkeys(template.get_version(one) for template in every for one in wanted))
        else:
            message = "Name a launch template, or ask for the versions $Latest or $Default of all of them."
            raise AwsError("MissingParameter", message)
        matches = self._version_filters.matcher(given.get("Filters", ()))
        page, token = _page([version for version in found if matches(version)], given)
        shown = [_shown_version(version) for version in page]
        return answer(call.action, {"LaunchTemplateVersions": shown, "NextToken": token})


def _between(template: LaunchTemplate, given: Parameters) -> list[LaunchTemplateVersion]:
    first, last = int(given.get("MinVersion", 1)), int(given.get("MaxVersion", template.versions[-1].number))
    return [version for version in reversed(template.versions) if first <= version.number <= last]


def _data(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return template data as moto keeps it: user data is of a type of its own."""
    data = dict(given)
    if "UserData" in data:
        data["UserData"] = parse_user_data(data["UserData"])
    return data


def tags_of(given: Parameters) -> dict[str, dict[str, str]]:
    """Return the call's TagSpecifications: tags by type of resource."""
    return {
        specification["ResourceType"]: {tag["Key"]: tag.get("Value", "") for tag in specification.get("Tags", [])}
        for specification in given.get("TagSpecifications", [])
    }


def _tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _page(found: list[Any], given: Parameters) -> tuple[list[Any], str | None]:
    start = int(given.get("NextToken", 0))
    size = int(given.get("MaxResults", 200))
    return found[start : start + size], str(start + size) if start + size < len(found) else None


def _shown(template: LaunchTemplate) -> dict[str, Any]:
    return {
        "LaunchTemplateId": template.id,
        "LaunchTemplateName": template.name,
        "CreateTime": template.create_time,
        "CreatedBy": f"arn:aws:iam::{template.ec2_backend.account_id}:root",
        "DefaultVersionNumber": template.default_version_number,
        "LatestVersionNumber": template.latest_version_number,
        "Tags": template.get_tags(),
    }


def _shown_version(version: LaunchTemplateVersion) -> dict[str, Any]:
    template = version.template
    return {
        "LaunchTemplateId": template.id,
        "LaunchTemplateName": template.name,
        "VersionNumber": version.number,
        "VersionDescription": version.description or None,
        "CreateTime": version.create_time,
        "CreatedBy": f"arn:aws:iam::{template.ec2_backend.account_id}:root",
        "DefaultVersion": template.is_default(version),
        "LaunchTemplateData": {**version.data, "UserData": str(version.data["UserData"])}
        if version.data.get("UserData")
        else version.data,
    }
