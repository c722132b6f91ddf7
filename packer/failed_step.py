"""Says which step of a build failed, and why, from what Packer printed.

python packer/failed_step.py < OUTPUT
"""

from __future__ import annotations

import re
import sys

_PREFIX = re.compile(r"^ *(?:==> |--> )?pixel\.amazon-ebs\.member: ?", re.MULTILINE)
_TASK = re.compile(r"^TASK \[(?:[^\]:]+ : )?(?P<name>.+?)\] \*+$", re.MULTILINE)
_FAILED = re.compile(r"^(?:fatal|failed): \[", re.MULTILINE)
_MESSAGE = re.compile(r"^ +msg: (?P<text>.*?)(?=^ +\w+:|^\S|^$|\Z)", re.MULTILINE | re.DOTALL)


def failed_step(output: str) -> str:
    """Return the failing task's name and message, or else what Packer itself says of the build's end."""
    text = _PREFIX.sub("", output)
    for task in _TASK.finditer(text):
        following = _TASK.search(text, task.end())
        said = text[task.end() : following.start() if following else len(text)]
        failure = _FAILED.search(said)
        if failure:
            message = _MESSAGE.search(said, failure.end())
            reason = " ".join(message["text"].strip(" '\n").split()) if message else "Ansible gave no reason"
            return f"step '{task['name']}' failed: {reason}"
    errors = re.findall(r"^(?:Build '.*?' errored.*?: |\* |Error: )(.+)$", text, re.MULTILINE)
    return f"step 'packer build' failed: {'; '.join(dict.fromkeys(errors)) or text.strip()[-500:]}"


if __name__ == "__main__":
    sys.stdout.write(failed_step(sys.stdin.read()))
