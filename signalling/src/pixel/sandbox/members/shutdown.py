"""What a member's computer runs to power itself off: the sandbox then does what EC2 does with such an instance.

python -m pixel.sandbox.members.shutdown ENDPOINT INSTANCE_ID
"""

from __future__ import annotations

import json
import sys
from urllib.request import ProxyHandler, Request, build_opener

TIMEOUT = 10.0


def main() -> int:
    """Tell the sandbox; return the exit code."""
    endpoint, instance_id = sys.argv[1:]
    request = Request(  # noqa: S310 - the sandbox's own endpoint
        f"{endpoint}/_sandbox/shutdown", method="POST", data=json.dumps({"instance_id": instance_id}).encode()
    )
    with build_opener(ProxyHandler({})).open(request, timeout=TIMEOUT):
        return 0


if __name__ == "__main__":
    sys.exit(main())
