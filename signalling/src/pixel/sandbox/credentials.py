"""Lets in only calls under a key that this sandbox gave out, with the errors that AWS gives for others."""

from __future__ import annotations

from pixel.sandbox.calls import Answer, Call, Handler
from pixel.sandbox.errors import AwsError

_JSON_SERVICES = frozenset({"apigateway", "dynamodb", "events", "lambda", "logs", "scheduler", "secretsmanager", "ssm"})


class CredentialsCheck:
    """The layer that refuses unsigned calls and unknown keys."""

    def __init__(self, inner: Handler, access_key: str) -> None:
        self._inner = inner
        self._access_key = access_key

    def __call__(self, call: Call) -> Answer:
        if call.access_key is None:
            raise AwsError("MissingAuthenticationToken", "Missing Authentication Token", 403)
        if call.access_key != self._access_key:
            raise _unknown_key(call)
        return self._inner(call)


def _unknown_key(call: Call) -> AwsError:
    if call.service == "ec2":
        return AwsError("AuthFailure", "AWS was not able to validate the provided access credentials", 401)
    if call.service == "s3":
        message = "The AWS Access Key Id you provided does not exist in our records."
        return AwsError("InvalidAccessKeyId", message, 403)
    code = "UnrecognizedClientException" if call.service in _JSON_SERVICES else "InvalidClientTokenId"
    return AwsError(code, "The security token included in the request is invalid.", 403)
