"""`pixel report`: what a pool's use has been, and what it has cost."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from pixel.lease.table import Table
from pixel.planning.costs import Machine
from pixel.planning.figures import Scope
from pixel.planning.options import add_acceptance, add_machine, count, currency_of, prices_of
from pixel.planning.prices import PriceError
from pixel.planning.reckoning import figures
from pixel.planning.render import data, page
from pixel.planning.use import read

EXAMPLES = """\
examples:
  The last thirty days of pool drone, which has twelve members, as a page:
    pixel report --table pixel-leases --pool drone=12 --output november.html
  A month of two pools, in Berlin's days and in euros, for a program:
    pixel report --table pixel-leases --pool drone=12 --pool rover --from 2026-11-01 --to 2026-11-30 \\
      --time-zone Europe/Berlin --currency eur --rate 1.16

Credentials and region are found as the AWS CLI finds them. The report needs dynamodb:BatchGetItem on the table, and
apigateway:GET on /apikeys for the names of the classes.
"""
LONGEST = 400
"""Days of a report: what was used before is no longer kept."""
SILENT = 2.0
"""Seconds after which a report that is being read says how far it is."""


class ReportError(Exception):
    """The report cannot be made; the message says why, and the mend."""


def parser() -> argparse.ArgumentParser:
    """Return the command's parser."""
    made = argparse.ArgumentParser(
        prog="pixel report",
        usage="pixel report --table TABLE --pool NAME[=SIZE] [options]",
        description="What a pool's use has been and what it has cost, from what the wake function has kept.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("--table", required=True, help="the lease table")
    made.add_argument(
        "--pool", action="append", required=True, type=_pool, metavar="NAME[=SIZE]",
        help="a pool, and how many members it has; repeatable; without a size: as many as were taken at once",
    )  # fmt: skip
    made.add_argument("--from", dest="first", type=_day, metavar="DAY", help="first day; default: 30 days in all")
    made.add_argument("--to", dest="last", type=_day, metavar="DAY", help="last day, included; default: yesterday")
    made.add_argument("--time-zone", type=_zone, default="UTC", metavar="ZONE", help="whose days; default: UTC")
    made.add_argument(
        "--output", action="append", default=[], type=_output, metavar="FILE",
        help="a file that ends in .html or .json; repeatable; without any, JSON goes to standard output",
    )  # fmt: skip
    made.add_argument(
        "--name", action="append", default=[], type=_name, metavar="ID=NAME", help="an API key's name; repeatable"
    )
    made.add_argument("--region", help="AWS region; default: as the AWS CLI finds it")
    made.add_argument("--endpoint-url", metavar="URL", help="where AWS is, if not at AWS")
    add_acceptance(made.add_argument_group("advice on the size"))
    add_machine(made)
    return made


def main(argv: Sequence[str]) -> int:
    """Make the report that the arguments ask for; return the exit code."""
    arguments = parser().parse_args(argv)
    try:
        made = report(arguments, datetime.now(UTC), Progress())
        text = json.dumps(made, indent=2) + "\n"
        if not arguments.output:
            sys.stdout.write(text)
        for output in arguments.output:
            _write(page(made) if output.suffix == ".html" else text, output)
    except (ReportError, PriceError) as error:
        print(f"pixel report: {error}", file=sys.stderr)
        return 2
    except (BotoCoreError, ClientError) as error:
        print(f"pixel report: {_explained(error, arguments)}", file=sys.stderr)
        return 1
    return 0


class Progress:
    """Says on standard error how far the reading is, once it takes long enough for people to wonder."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._due = clock() + SILENT

    def __call__(self, pool: str, share: float) -> None:
        """Hear what share of a pool has been read."""
        if self._clock() >= self._due:
            self._due = self._clock() + SILENT
            print(f"pixel report: read {share:.0%} of pool {pool}", file=sys.stderr)


def report(arguments: argparse.Namespace, now: datetime, told: Callable[[str, float], None]) -> dict[str, Any]:
    """Return the report's data.

    Raises:
        ReportError, PriceError: an argument is wrong.
        BotoCoreError, ClientError: AWS did not answer, or refused.
    """
    zone: ZoneInfo = arguments.time_zone
    first, last = _period(arguments.first, arguments.last, now.astimezone(zone).date())
    prices = prices_of(arguments, now.date())
    scope = Scope(
        first=first,
        last=last,
        zone=zone,
        sizes=dict(arguments.pool),
        machine=Machine(arguments.instance_type, arguments.volume_gb, arguments.mbit),
        snapshot_gb=arguments.snapshot_gb,
        refusal=arguments.refusal,
        works=arguments.works,
    )
    session = boto3.session.Session(region_name=arguments.region)
    table = Table(session.client("dynamodb", endpoint_url=arguments.endpoint_url), arguments.table)
    use = read(table, scope.sizes, scope.begin, scope.end, told)
    names = {**_key_names(session, arguments.endpoint_url), **dict(arguments.name)}
    return data(figures(scope, use, prices), names, prices, currency_of(arguments, prices))


def _period(first: date | None, last: date | None, today: date) -> tuple[date, date]:
    last = last or max(today - timedelta(days=1), first or date.min)
    first = first or last - timedelta(days=29)
    if first > last:
        raise ReportError(f"--from {first} is later than --to {last}: give the first day first")
    if (last - first).days >= LONGEST:
        raise ReportError(f"--from {first} --to {last} are more than {LONGEST} days: nothing older is kept")
    return first, last


def _key_names(session: boto3.session.Session, endpoint: str | None) -> dict[str, str]:
    """Return the names of the API keys by their ids; none if they may not be read: the report then shows ids."""
    try:
        pages = session.client("apigateway", endpoint_url=endpoint).get_paginator("get_api_keys").paginate()
        return {key["id"]: key["name"] for page in pages for key in page["items"] if key.get("name")}
    except ClientError as error:
        code = error.response["Error"]["Code"]
        print(
            f"pixel report: API keys are shown by their ids: reading their names was refused ({code})", file=sys.stderr
        )
        return {}


def _write(text: str, output: Path) -> None:
    """Write a file: it is there whole, or as it was before, and is left alone if it says the same already."""
    try:
        if output.exists() and output.read_text(encoding="utf-8") == text:
            print(f"{output}: unchanged")
            return
        with tempfile.NamedTemporaryFile("w", dir=output.parent, delete=False, encoding="utf-8") as part:
            part.write(text)
        Path(part.name).chmod(0o644)
        Path(part.name).replace(output)
    except (OSError, UnicodeDecodeError) as error:
        raise ReportError(f"--output {output}: {error}: give a file in a folder that can be written") from None
    print(f"{output}: written")


def _explained(error: Exception, arguments: argparse.Namespace) -> str:
    code = error.response["Error"]["Code"] if isinstance(error, ClientError) else ""
    if code == "ResourceNotFoundException":
        return f"--table {arguments.table}: there is no such table in this region: give the foundation's lease table"
    if code in ("AccessDeniedException", "AccessDenied"):
        return f"--table {arguments.table}: it may not be read: give these credentials dynamodb:BatchGetItem on it"
    return f"AWS could not be asked: {error}"


def _pool(text: str) -> tuple[str, int | None]:
    name, given, size = text.partition("=")
    if not name:
        raise argparse.ArgumentTypeError(f"'{text}' names no pool: give NAME or NAME=SIZE")
    return name, count(0, 100_000, "a size: give a whole number, as in drone=12")(size) if given else None


def _name(text: str) -> tuple[str, str]:
    key, given, name = text.partition("=")
    if not (key and given and name):
        raise argparse.ArgumentTypeError(f"'{text}' is not ID=NAME")
    return key, name


def _output(text: str) -> Path:
    if not text.endswith((".html", ".json")):
        raise argparse.ArgumentTypeError(f"'{text}' ends in neither .html nor .json, which tells the form")
    return Path(text)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a day such as 2026-11-30") from None


def _zone(text: str) -> ZoneInfo:
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise argparse.ArgumentTypeError(f"'{text}' is no time zone: give one such as Europe/Berlin") from None
