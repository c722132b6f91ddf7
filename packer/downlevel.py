"""Writes the templates in the form that Packer 1.6 understands (Debian's): the same, less what it does not know.

The rule: plugins.pkr.hcl is left out, and in the others the lines between `# [packer>=1.7` and
`# packer>=1.7]` are. What is between them is checked against the plugin's documentation by tests/packer.

    python packer/downlevel.py TARGET_FOLDER
"""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
FENCE = re.compile(r"^[ \t]*# \[packer>=1\.7\n.*?^[ \t]*# packer>=1\.7\]\n", re.MULTILINE | re.DOTALL)
LEFT_OUT = "plugins.pkr.hcl"


def downlevel(template: str) -> str:
    """Return a template without its fenced parts.

    Raises:
        ValueError: a fence is opened or closed only.
    """
    kept = FENCE.sub("", template)
    if "packer>=1.7" in kept:
        raise ValueError("a fence of the templates is opened or closed only: look for 'packer>=1.7'")
    return kept


def write(target: Path) -> None:
    """Write the down-levelled templates and the files beside them; the folder is emptied first."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for path in sorted(HERE.iterdir()):
        if path.is_file() and path.suffix != ".py" and path.name != LEFT_OUT:
            text = path.read_text()
            (target / path.name).write_text(downlevel(text) if path.name.endswith(".pkr.hcl") else text)


def main() -> None:
    """Write to the folder named on the command line."""
    if len(sys.argv) != 2:
        sys.exit("usage: downlevel.py TARGET_FOLDER")
    write(Path(sys.argv[1]))


if __name__ == "__main__":
    main()
