"""GetPasswordData: the Administrator's password, which only the holder of the key pair's private half can read."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_ssh_public_key

from pixel.sandbox.calls import Answer, Call
from pixel.sandbox.ec2.account import Account
from pixel.sandbox.ec2.protocol import answer, parameters, refuse_dry_run


class PasswordData:
    """The call that gives a Windows instance's first password.

    Args:
        password: the password in the clear, the same for every instance.
    """

    def __init__(self, account: Account, password: str) -> None:
        self._account = account
        self._password = password

    def get(self, call: Call) -> Answer:
        """Answer GetPasswordData: encrypted as EC2 does (RSA, PKCS #1 v1.5, base64); empty before the first boot."""
        given = parameters(call)
        (instance,) = self._account.named([given["InstanceId"]])
        refuse_dry_run(given)
        key = self._account.public_key(instance.key_name) if instance.key_name else None
        data = ""
        if key is not None and instance.state in ("running", "stopping", "stopped"):
            public = load_ssh_public_key(key.encode())
            if isinstance(public, RSAPublicKey):
                data = base64.b64encode(public.encrypt(self._password.encode(), PKCS1v15())).decode()
        return answer(call.action, {"InstanceId": instance.id, "Timestamp": datetime.now(UTC), "PasswordData": data})
