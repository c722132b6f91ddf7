"""Secrets of Secrets Manager in a stack."""

from __future__ import annotations

import json
import uuid

from moto.core.common_models import CloudFormationModel
from moto.secretsmanager.models import secretsmanager_backends

from pixel.sandbox.cloudformation.resource import Order, Resource


class Secret(Resource, CloudFormationModel):
    """A secret, given or generated."""

    @staticmethod
    def cloudformation_type() -> str:
        """The type's name."""
        return "AWS::SecretsManager::Secret"

    @staticmethod
    def cloudformation_name_type() -> str:
        """The property that names it."""
        return "Name"

    @classmethod
    def make(cls, order: Order) -> Resource:
        """Make the secret."""
        given = order.given
        made = secretsmanager_backends[order.account][order.region].create_secret(
            name=order.name,
            secret_string=_generated(order) if "GenerateSecretString" in given else given.get("SecretString"),
            secret_binary=None,
            description=given.get("Description"),
            tags=given.get("Tags"),
            kms_key_id=given.get("KmsKeyId"),
            client_request_token=None,
            replica_regions=[],
            force_overwrite=False,
        )
        arn = str(json.loads(made)["ARN"])
        return cls(arn, order, {"Id": arn})

    def change(self, order: Order) -> Resource:
        """Keep the secret as it is: what it protects would be lost with it. A new text is set."""
        text = order.given.get("SecretString")
        if text is not None:
            secretsmanager_backends[self.order.account][self.order.region].put_secret_value(
                self.physical_resource_id, text, "", str(uuid.uuid4()), ["AWSCURRENT"]
            )
        return self

    def remove(self) -> None:
        """Delete the secret at once."""
        backend = secretsmanager_backends[self.order.account][self.order.region]
        backend.delete_secret(self.physical_resource_id, None, True)


def _generated(order: Order) -> str:
    rule = order.given["GenerateSecretString"]
    answer = secretsmanager_backends[order.account][order.region].get_random_password(
        password_length=int(rule.get("PasswordLength", 32)),
        exclude_characters=rule.get("ExcludeCharacters", ""),
        exclude_numbers=bool(rule.get("ExcludeNumbers")),
        exclude_punctuation=bool(rule.get("ExcludePunctuation")),
        exclude_uppercase=bool(rule.get("ExcludeUppercase")),
        exclude_lowercase=bool(rule.get("ExcludeLowercase")),
        include_space=bool(rule.get("IncludeSpace")),
        require_each_included_type=bool(rule.get("RequireEachIncludedType", True)),
    )
    password = str(json.loads(answer)["RandomPassword"])
    if "GenerateStringKey" not in rule:
        return password
    return json.dumps({**json.loads(rule.get("SecretStringTemplate", "{}")), rule["GenerateStringKey"]: password})
