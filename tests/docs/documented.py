"""Reads the commands out of the documentation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = (
    "ansible",
    "ansible-builder",
    "ansible-doc",
    "ansible-galaxy",
    "ansible-inventory",
    "ansible-playbook",
    "aws",
    "cp",
    "curl",
    "export",
    "git",
    "make",
    "npm",
    "packer",
    "pip",
    "pixel",
    "pytest",
    "python",
    "sysctl",
)
_PROGRAM = "|".join(map(re.escape, PROGRAMS))
_SHELL_LINE = re.compile(rf"^\s*(?:\$ )?(?:[\d*/]+ [\d*/]+ [\d*/]+ [\d*/]+ [\d*/]+\s+)?((?:{_PROGRAM})(?: .*)?)$")
_INLINE = re.compile(rf"`((?:{_PROGRAM}) [^`]+)`")


@dataclass(frozen=True)
class Command:
    """A command that a page tells people to run: its text in one line, and where it stands."""

    text: str
    page: str
    line: int

    def __str__(self) -> str:
        return f"{self.page}:{self.line}: {self.text}"


def pages() -> list[Path]:
    """Return every page that people read."""
    tree = [ROOT / name for name in ("README.md", "CONTRIBUTING.md")]
    tree += sorted((ROOT / "docs").glob("*.md"))
    for part in ("collections/ansible_collections/mitlab/pixel", "signalling", "packer", "examples"):
        tree += sorted(
            path for path in (ROOT / part).rglob("*.md") if not {"node_modules", "changelogs"} & set(path.parts)
        )
    return tree


def commands(page: Path) -> Iterator[Command]:
    """Yield the commands of a page: lines of its blocks, and what stands between back-ticks in its text.

    In a block, a line that goes on with a backslash is one command, and what follows two spaces is explanation.
    """
    name = str(page.relative_to(ROOT))
    language: str | None = None
    lines = iter(enumerate(page.read_text().splitlines(), 1))
    for number, line in lines:
        fence = re.match(r"^\s*```(\w*)", line)
        if fence:
            language = (fence[1] or "console") if language is None else None
            continue
        if language is None:
            yield from (Command(_one_line(found), name, number) for found in _INLINE.findall(line))
        elif language in ("console", "sh", "shell", "bash"):
            found = _SHELL_LINE.match(line)
            if found is None:
                continue
            text = found[1]
            while text.endswith("\\"):
                text = text[:-1].rstrip() + " " + next(lines)[1].strip()
            yield Command(_one_line(re.split(r"\s{2,}", text)[0]), name, number)


def _one_line(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"\s+# .*$", "", text)).strip()
