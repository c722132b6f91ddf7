"""The secret that the tokens are made with, read once for every copy of the function."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pixel.tokens import MIN_SECRET_BYTES
from pixel.wake.settings import SettingsError

if TYPE_CHECKING:
    from types_boto3_secretsmanager import SecretsManagerClient


class TokenSecret:
    """The token secret in Secrets Manager. A new one ends all sessions' tokens, so change it when none is live."""

    def __init__(self, client: SecretsManagerClient, secret_id: str) -> None:
        self._client = client
        self._secret_id = secret_id
        self._value: bytes | None = None

    def __call__(self) -> bytes:
        """Return the secret.

        Raises:
            SettingsError: it has fewer than 32 bytes.
        """
        if self._value is None:
            answer = self._client.get_secret_value(SecretId=self._secret_id)
            value = answer["SecretString"].encode() if "SecretString" in answer else answer["SecretBinary"]
            if len(value) < MIN_SECRET_BYTES:
                raise SettingsError(
                    f"the secret named in PIXEL_TOKEN_SECRET has {len(value)} bytes: store at least {MIN_SECRET_BYTES}"
                )
            self._value = value
        return self._value
