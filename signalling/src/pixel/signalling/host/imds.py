"""What EC2 tells a machine about itself: the instance metadata service, version 2.

Source: "Use the Instance Metadata Service to access instance metadata" in the EC2 user guide. Every request carries a
token that a PUT obtains; the service answers 404 for what does not exist, and 401 for a token that has expired.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from http import HTTPStatus
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

DEFAULT_ENDPOINT = "http://169.254.169.254"
ENDPOINT_VARIABLE = "AWS_EC2_METADATA_SERVICE_ENDPOINT"
"""The variable by which every AWS SDK finds the service elsewhere."""
TOKEN_SECONDS = 60
TIMEOUT = 2.0

# The service is on the machine's own link: a proxy would answer with another machine's facts.
_opener = build_opener(ProxyHandler({}))


@dataclass(frozen=True)
class InstanceFacts:
    """What a member knows of itself. `address` is its public IPv4 address; None when it has none (yet)."""

    instance_id: str
    region: str
    address: str | None


class Metadata:
    """The metadata service. Every call blocks, for a few seconds at most.

    Raises:
        OSError: (from every method) the service does not answer, or answers an error.
    """

    def __init__(self, endpoint: str | None = None) -> None:
        chosen = endpoint or os.environ.get(ENDPOINT_VARIABLE) or DEFAULT_ENDPOINT
        self._latest = f"{chosen.rstrip('/')}/latest"

    def facts(self) -> InstanceFacts:
        """Return the instance's facts."""
        token = self._token()
        return InstanceFacts(
            instance_id=self._required("instance-id", token),
            region=self._required("placement/region", token),
            address=self._get("public-ipv4", token),
        )

    def tag(self, name: str) -> str | None:
        """Return one of the instance's tags; None when it has no such tag or does not show its tags."""
        return self._get(f"tags/instance/{name}", self._token())

    def _token(self) -> str:
        return self._send(
            Request(  # noqa: S310 - the scheme is the operator's, http by default
                f"{self._latest}/api/token",
                method="PUT",
                headers={"X-aws-ec2-metadata-token-ttl-seconds": str(TOKEN_SECONDS)},
            )
        )

    def _required(self, path: str, token: str) -> str:
        value = self._get(path, token)
        if value is None:
            raise OSError(f"the metadata service at {self._latest} knows no {path}: is this an EC2 instance?")
        return value

    def _get(self, path: str, token: str) -> str | None:
        url = f"{self._latest}/meta-data/{path}"
        try:
            return self._send(Request(url, headers={"X-aws-ec2-metadata-token": token}))  # noqa: S310 - as above
        except HTTPError as error:
            if error.code == HTTPStatus.NOT_FOUND:
                return None
            raise

    @staticmethod
    def _send(request: Request) -> str:
        with _opener.open(request, timeout=TIMEOUT) as answer:
            body: bytes = answer.read()
        return body.decode()
