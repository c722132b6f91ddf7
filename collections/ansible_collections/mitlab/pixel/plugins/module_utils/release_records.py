# Copyright: mitlab.pixel maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What became of releases, and who did it: one parameter of the Parameter Store for each, with its history.

A parameter holds the last record as JSON, below 4 KB, in the standard tier, which is free. Each record is a version of
it. AWS keeps the newest 100, and drops the oldest by itself as long as it has no label, as none of these has (the SSM
API's description of ParameterMaxVersionLimitExceeded).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from .aws import Client, pages

WHY_LENGTH = 1000
"""Characters of the reason that are kept."""
NAMES = 10
"""Parameters in one call of GetParameters and GetParametersByPath (SSM's limit)."""


@dataclass(frozen=True)
class Record:
    """What became of a release.

    Attributes:
        outcome: `released`, `failed` or `rolled back`.
        at: when, in ISO 8601.
        by: the ARN of who did it.
        image_id, git_commit: what the release was made of, as far as it is known.
        why: why it failed, or what it was rolled back to; empty for a release that went well.
    """

    release: str
    outcome: str
    at: str
    by: str
    image_id: str = ""
    git_commit: str = ""
    why: str = ""

    def says_the_same(self, other: Record | None) -> bool:
        """Whether another record, or none, tells the same, whoever did it and when."""
        mine, others = ((one.outcome, one.image_id, one.git_commit, one.why) if one else None for one in (self, other))
        return mine == others


def path_of(pool: str) -> str:
    """Return the path of a pool's records."""
    return f"/pixel/{pool}/releases/"


def last_records(ssm: Client, pool: str, release: str | None = None) -> dict[str, Record]:
    """Return the last record by release: of all releases, one call for every 10; or of one, one call."""
    if release:
        answer = ssm.get_parameters(Names=[path_of(pool) + release], aws_retry=True)
        found: Iterable[Mapping[str, Any]] = answer["Parameters"]
    else:
        found = pages(ssm.get_parameters_by_path, "Parameters", Path=path_of(pool), MaxResults=NAMES)
    records = [_record_from(parameter) for parameter in found]
    return {record.release: record for record in records}


def history(ssm: Client, pool: str, releases: Iterable[str]) -> list[Record]:
    """Return all records of releases, newest first; one call for every release and 50 records."""
    found = [
        _record_from(version)
        for release in releases
        for version in pages(ssm.get_parameter_history, "Parameters", Name=path_of(pool) + release, MaxResults=50)
    ]
    return sorted(found, key=lambda record: record.at, reverse=True)


def write(ssm: Client, pool: str, record: Record) -> None:
    """Write a record. Written again after a lost answer it is in the history twice, which harms nobody."""
    value = {name: text for name, text in asdict(record).items() if name != "release" and text}
    ssm.put_parameter(
        Name=path_of(pool) + record.release,
        Value=json.dumps(value),
        Type="String",
        Tier="Standard",
        Overwrite=True,
        aws_retry=True,
    )


def caller(sts: Client) -> str:
    """Return the ARN of whoever's credentials these are."""
    arn: str = sts.get_caller_identity(aws_retry=True)["Arn"]
    return arn


def shortened(why: str) -> str:
    """Return a reason in one line, of a length that is kept."""
    line = " ".join(why.split())
    return line if len(line) <= WHY_LENGTH else f"{line[: WHY_LENGTH - 1]}…"


def _record_from(parameter: Mapping[str, Any]) -> Record:
    release = parameter["Name"].rpartition("/")[2]
    known = json.loads(parameter["Value"])
    fields = [name for name in Record.__dataclass_fields__ if name != "release"]
    return Record(release, **{name: str(known.get(name, "")) for name in fields})
