"""Writes the reference of the collection as HTML, from the documentation in modules and roles, by antsibull-docs."""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from docutils.core import publish_file

ROOT = Path(__file__).resolve().parents[1]


def generate(folder: Path) -> None:
    """Write one reStructuredText page for each module and role, and an index, into `folder`.

    Raises:
        subprocess.CalledProcessError: a documentation cannot be parsed; antsibull-docs has said which.
    """
    command = [
        *("antsibull-docs", "collection", "--use-current", "--fail-on-error", "--squash-hierarchy"),
        *("--output-format", "simplified-rst", "--no-add-antsibull-docs-version", "--dest-dir", str(folder)),
        "mitlab.pixel",
    ]
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections")}
    subprocess.run(command, env=environment, check=True)


def to_html(page: Path, folder: Path) -> None:
    """Write a page of reStructuredText as HTML; links between pages follow."""
    written = folder / page.with_suffix(".html").name
    publish_file(
        source_path=str(page),
        destination_path=str(written),
        writer="html5",
        settings_overrides={"report_level": 3, "halt_level": 3, "_disable_config": True},
    )
    written.write_text(re.sub(r'(href="[\w.-]+)\.rst', r"\1.html", written.read_text()))


def main(argv: list[str]) -> int:
    """Write the reference into the folder named on the command line."""
    parser = argparse.ArgumentParser(description="Write the reference of the collection as HTML.")
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args(argv).folder
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as pages:
        generate(Path(pages))
        for page in Path(pages).glob("*.rst"):
            to_html(page, folder)
    sys.stdout.write(f"{folder / 'index.html'}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
