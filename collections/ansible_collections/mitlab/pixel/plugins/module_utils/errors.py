# Copyright: mitlab.pixel maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What went wrong, where it was set, and the mend: one sentence for the operator, never a traceback."""

from __future__ import annotations

from contextlib import suppress

AWS_ERRORS: tuple[type[Exception], ...] = ()
"""Everything that a call to AWS raises."""
NO_ANSWER: tuple[type[Exception], ...] = ()
"""What a call raises when nobody answers."""
NO_CREDENTIALS: tuple[type[Exception], ...] = ()
"""What a call raises when there are no keys to sign it with."""

with suppress(ImportError):  # AnsibleAWSModule says what to install
    from botocore import exceptions

    AWS_ERRORS = (exceptions.BotoCoreError, exceptions.ClientError)
    NO_ANSWER = (exceptions.ConnectTimeoutError, exceptions.EndpointConnectionError, exceptions.HTTPClientError)
    NO_CREDENTIALS = (exceptions.NoCredentialsError, exceptions.PartialCredentialsError)

REFUSED_CREDENTIALS = frozenset(
    {
        "AuthFailure",
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
"""AWS's codes for keys that are unknown, expired, or do not fit the signature, over all services used here."""

DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})
"""AWS's codes for keys that are known but may not do this."""


class PixelError(Exception):
    """A problem to report to the operator in one message, with what was done so far.

    Attributes:
        result: what the module would have returned; part of the failure, so that nothing done goes unreported.
    """

    def __init__(self, message: str, result: dict[str, object] | None = None) -> None:
        super().__init__(message)
        self.result = result or {}


def code_of(error: Exception) -> str:
    """Return AWS's error code, such as `InvalidAMIID.NotFound`; empty when the error is not an answer of AWS."""
    response = getattr(error, "response", None)
    return str(response.get("Error", {}).get("Code", "")) if isinstance(response, dict) else ""


def message_of(error: Exception) -> str:
    """Return AWS's own message, without the words that botocore puts around it."""
    response = getattr(error, "response", None)
    return str(response.get("Error", {}).get("Message") or error) if isinstance(response, dict) else str(error)


def explain(error: Exception, endpoint: str | None, region: str | None) -> str:
    """Say what an error of a call to AWS means, and which option of the module to set.

    Args:
        error: what the call raised, one of `AWS_ERRORS`.
        endpoint: the module's `endpoint_url`, if set.
        region: the region in use, if known.
    """
    code = code_of(error)
    place = endpoint or f"AWS in region {region}"
    if code in REFUSED_CREDENTIALS:
        return (
            f"{place} refused the credentials ({code}): set access_key and secret_key, or profile, "
            f"to keys that are valid there"
        )
    if code in DENIED:
        return f"these credentials may not do this ({code}): {message_of(error)}"
    if isinstance(error, NO_CREDENTIALS):
        return (
            "no complete AWS credentials were found: set access_key and secret_key, or profile, "
            "or the environment variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        )
    if isinstance(error, NO_ANSWER):
        return f"no answer from {place} ({error}): check endpoint_url and region, and that this machine can reach it"
    return f"{message_of(error)} ({code})" if code else str(error)
