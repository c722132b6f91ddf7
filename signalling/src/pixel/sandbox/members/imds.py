"""The instance metadata service, version 2, of every instance: each at a base address of its own.

Source: "Use the Instance Metadata Service to access instance metadata" in the EC2 user guide. A PUT obtains a token,
every GET needs one; what does not exist is a 404. Version 1, without a token, is refused always.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from pixel.sandbox.calls import Answer, Environ
from pixel.sandbox.members.facts import InstanceFacts
from pixel.sandbox.moto_app import ACCOUNT

PREFIX = "/_imds/"
"""The service of an instance answers under `<endpoint>/_imds/<instance id>`."""
MAX_TOKEN_SECONDS = 21600
CREDENTIAL_HOURS = 6
_ON = ("pending", "running", "stopping", "shutting-down")
_TTL = "X-Aws-Ec2-Metadata-Token-Ttl-Seconds"


class Imds:
    """Answers as the metadata service of the instance in the path.

    Args:
        facts: gives an instance's facts now; None for an instance that is not there.
        role: gives the name of the role in an instance profile; None when it has none.
        credentials: access key and secret key of every instance with a role.
        now: the time, in seconds since the epoch.
    """

    def __init__(
        self,
        facts: Callable[[str], InstanceFacts | None],
        role: Callable[[str], str | None],
        credentials: tuple[str, str],
        now: Callable[[], float] = time.time,
    ) -> None:
        self._facts = facts
        self._role = role
        self._credentials = credentials
        self._now = now
        self._lock = threading.Lock()
        self._tokens: dict[tuple[str, str], float] = {}

    def __call__(self, environ: Environ) -> Answer:
        """Answer one request."""
        instance_id, _, path = environ["PATH_INFO"].removeprefix(PREFIX).partition("/")
        facts = self._facts(instance_id)
        if facts is None or facts.state not in _ON:
            return _text(404, f"{instance_id} is not there, or does not run")
        if environ["REQUEST_METHOD"] == "PUT" and path == "latest/api/token":
            return self._token(instance_id, environ)
        if environ["REQUEST_METHOD"] != "GET":
            return _text(405, "Method Not Allowed")
        if not self._is_token(instance_id, environ.get("HTTP_X_AWS_EC2_METADATA_TOKEN", "")):
            return _text(401, "Unauthorized")
        return self._get(path, facts)

    def _token(self, instance_id: str, environ: Environ) -> Answer:
        """Answer a PUT for a token. What comes through a proxy is refused, as the guide says."""
        if "HTTP_X_FORWARDED_FOR" in environ:
            return _text(403, "Forbidden")
        seconds = environ.get("HTTP_X_AWS_EC2_METADATA_TOKEN_TTL_SECONDS", "")
        if not seconds.isdecimal() or not 1 <= int(seconds) <= MAX_TOKEN_SECONDS:
            return _text(400, "Bad Request")
        token = secrets.token_urlsafe(40)
        with self._lock:
            now = self._now()
            self._tokens = {key: until for key, until in self._tokens.items() if until > now}
            self._tokens[instance_id, token] = now + int(seconds)
        return _text(200, token, (_TTL, seconds))

    def _is_token(self, instance_id: str, token: str) -> bool:
        with self._lock:
            return self._tokens.get((instance_id, token), 0.0) > self._now()

    def _get(self, path: str, facts: InstanceFacts) -> Answer:
        tree = self._tree(facts)
        if path in tree:
            return _text(200, tree[path])
        below = path.rstrip("/") + "/"
        inside = {name.removeprefix(below).partition("/") for name in tree if name.startswith(below)}
        if not inside:
            return _text(404, "Not Found")
        return _text(200, "\n".join(sorted({name + slash for name, slash, _ in inside})))

    def _tree(self, facts: InstanceFacts) -> Mapping[str, str]:
        zone, region = facts.availability_zone, facts.region
        about: dict[str, str | None] = {
            "ami-id": facts.image_id,
            "instance-id": facts.instance_id,
            "instance-type": facts.instance_type,
            "local-ipv4": facts.private_ip,
            "placement/availability-zone": zone,
            "placement/region": region,
            "public-ipv4": facts.public_ip,
            "public-hostname": facts.public_ip
            and f"ec2-{facts.public_ip.replace('.', '-')}.{region}.compute.amazonaws.com",
            "services/domain": "amazonaws.com",
            "services/partition": "aws",
        }
        if facts.shows_tags:
            about |= {f"tags/instance/{name}": value for name, value in facts.tags.items()}
        role = self._role(facts.profile_arn) if facts.profile_arn else None
        if role is not None:
            about["iam/info"] = _json(Code="Success", InstanceProfileArn=facts.profile_arn)
            about[f"iam/security-credentials/{role}"] = self._role_credentials()
        tree = {f"latest/meta-data/{name}": value for name, value in about.items() if value is not None}
        if facts.user_data:
            tree["latest/user-data"] = facts.user_data
        tree["latest/dynamic/instance-identity/document"] = _json(
            accountId=ACCOUNT,
            architecture="x86_64",
            availabilityZone=zone,
            imageId=facts.image_id,
            instanceId=facts.instance_id,
            instanceType=facts.instance_type,
            privateIp=facts.private_ip,
            region=region,
            version="2017-09-30",
        )
        return tree

    def _role_credentials(self) -> str:
        now = datetime.fromtimestamp(self._now(), UTC)
        access_key, secret_key = self._credentials
        return _json(
            Code="Success",
            Type="AWS-HMAC",
            AccessKeyId=access_key,
            SecretAccessKey=secret_key,
            Token=secrets.token_urlsafe(40),
            LastUpdated=_moment(now),
            Expiration=_moment(now + timedelta(hours=CREDENTIAL_HOURS)),
        )


def _moment(when: datetime) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def _json(**content: str | None) -> str:
    return json.dumps(content, indent=2)


def _text(status: int, text: str, *headers: tuple[str, str]) -> Answer:
    return Answer(status, text.encode(), [("Content-Type", "text/plain"), *headers])
