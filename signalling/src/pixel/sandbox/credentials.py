"""Lets in only calls under the key that this sandbox gave out, with the errors that AWS gives for others."""

from __future__ import annotations

from pixel.sandbox import signature
from pixel.sandbox.calls import Answer, Call, Handler
from pixel.sandbox.errors import AwsError

_JSON_SERVICES = frozenset({"apigateway", "dynamodb", "events", "lambda", "logs", "scheduler", "secretsmanager", "ssm"})


class CredentialsCheck:
    """The layer that refuses unsigned calls, unknown keys and wrong signatures.

    S3's calls, and presigned ones, need the right access key only: their signatures have rules of their own.
    """

    def __init__(self, inner: Handler, access_key: str, secret_key: str) -> None:
        self._inner = inner
        self._access_key = access_key
        self._secret_key = secret_key

    def __call__(self, call: Call) -> Answer:
        if call.access_key is None:
            raise AwsError("MissingAuthenticationToken", "Missing Authentication Token", 403)
        if call.access_key != self._access_key:
            raise _unknown_key(call)
        simple = call.service != "s3" and "HTTP_AUTHORIZATION" in call.environ
        if simple and not signature.is_right(call, self._secret_key):
            raise _wrong_signature(call)
        return self._inner(call)


def _unknown_key(call: Call) -> AwsError:
    if call.service == "ec2":
        return _not_validated()
    if call.service == "s3":
        message = "The AWS Access Key Id you provided does not exist in our records."
        return AwsError("InvalidAccessKeyId", message, 403)
    code = "UnrecognizedClientException" if call.service in _JSON_SERVICES else "InvalidClientTokenId"
    return AwsError(code, "The security token included in the request is invalid.", 403)


def _wrong_signature(call: Call) -> AwsError:
    if call.service == "ec2":
        return _not_validated()
    code = "InvalidSignatureException" if call.service in _JSON_SERVICES else "SignatureDoesNotMatch"
    message = (
        "The request signature we calculated does not match the signature you provided. "
        "Check your AWS Secret Access Key and signing method."
    )
    return AwsError(code, message, 403)


def _not_validated() -> AwsError:
    return AwsError("AuthFailure", "AWS was not able to validate the provided access credentials", 401)
