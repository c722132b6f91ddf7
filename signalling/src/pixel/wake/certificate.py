"""How long the members' certificate is still good for: what the alarm `CertificateEndsSoon` looks at.

Whoever stores the certificate writes its end into a tag of its secret (`playbooks/certificate.yml`), so that nobody
needs to read the key to know it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from types_boto3_secretsmanager import SecretsManagerClient

END_TAG = "pixel:not-after"
END_FORMAT = "%Y%m%d%H%M%SZ"
"""Of the tag's value, in UTC: `20270131235959Z`."""
DAY = 24 * 3600

logger = Logger(child=True)


class CertificateEnd:
    """When the certificate in a secret ends, by the secret's tag."""

    def __init__(self, client: SecretsManagerClient, secret_id: str, clock: Callable[[], float] = time.time) -> None:
        self._client = client
        self._secret_id = secret_id
        self._clock = clock

    def days_left(self) -> float | None:
        """Return the days until the certificate ends, below zero when it has; None if that cannot be told.

        Never raises: members are woken and stopped whatever becomes of the certificate. The alarm takes silence for
        bad news.
        """
        try:
            tags = self._client.describe_secret(SecretId=self._secret_id).get("Tags", [])
        except (ClientError, BotoCoreError) as error:
            logger.warning("the certificate's secret cannot be seen", secret=self._secret_id, reason=str(error))
            return None
        text = next((tag["Value"] for tag in tags if tag["Key"] == END_TAG), "")
        try:
            end = datetime.strptime(text, END_FORMAT).replace(tzinfo=UTC)
        except ValueError:
            logger.warning(
                f"the certificate's secret has no tag {END_TAG} such as 20270131235959Z: store the certificate with"
                " playbooks/certificate.yml, or set the tag",
                secret=self._secret_id,
                tag=text,
            )
            return None
        return (end.timestamp() - self._clock()) / DAY
