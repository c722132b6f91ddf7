"""Writes what was measured as a page: the machine, the day, the figures, and what the limits are made of."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from jinja2 import Template

from bench.collection import LATENCY, Row

PACKAGES = ("ansible-core", "boto3", "moto", "websockets")


def machine() -> str:
    """Return what ran the benchmarks, in a sentence."""
    names = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return (
        f"{os.cpu_count()} cores of an {names[0] if names else platform.machine()}, {memory:.0f} GB, "
        f"{platform.system()}, Python {platform.python_version()}, {versions}"
    )


def spread(values: Sequence[float]) -> str:
    """Return the median, and between what the values lie when there are several."""
    if len(values) == 1:
        return f"{values[0]:.1f} s"
    return f"{statistics.median(values):.1f} s ({min(values):.1f} to {max(values):.1f})"


def table(rows: Sequence[Row]) -> list[str]:
    """Return the collection's rows as a table; rounds of the same work become one line."""
    lines = [
        "| work | our calls | the peer's | fewest possible | our time | the peer's |",
        "|---|---|---|---|---|---|",
    ]
    for work in dict.fromkeys(row.work for row in rows):
        rounds = [row for row in rows if row.work == work]
        calls = [sorted({getattr(row, side).calls for row in rounds}) for side in ("ours", "peer")]
        shown = [f"{counts[0]:,}" if len(counts) == 1 else f"{counts[0]:,} to {counts[-1]:,}" for counts in calls]
        times = [spread([getattr(row, side).seconds for row in rounds]) for side in ("ours", "peer")]
        note = f" ({rounds[0].note})" if rounds[0].note else ""
        lines.append(f"| {work}{note} | {shown[0]} | {shown[1]} | {rounds[0].fewest} | {times[0]} | {times[1]} |")
    return lines


def page(signalling: Sequence[str], wake: Sequence[str], rows: Sequence[Row]) -> str:
    """Return the page in Markdown."""
    template = Template(Path(__file__).with_name("performance.md.j2").read_text(), keep_trailing_newline=True)
    return template.render(
        day=f"{datetime.now(UTC):%Y-%m-%d}",
        machine=machine(),
        latency=f"{LATENCY * 1000:.0f}",
        table="\n".join(table(rows)),
        wake="\n".join(line.rstrip() for line in wake).strip(),
        signalling="\n".join(line.rstrip() for line in signalling),
    )
