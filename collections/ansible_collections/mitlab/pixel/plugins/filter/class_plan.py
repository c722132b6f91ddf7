# Copyright: mitlab.pixel maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter mitlab.pixel.class_plan; its documentation is in class_plan.yml."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from ansible_collections.mitlab.pixel.plugins.module_utils.class_plan import timetable, wanted
from ansible_collections.mitlab.pixel.plugins.module_utils.classes import Defaults, read_classes
from ansible_collections.mitlab.pixel.plugins.module_utils.errors import PixelError


def class_plan(
    classes: object,
    *,
    pool: str,
    size: int,
    max_size: int,
    time_zone: str,
    lead_minutes: int = 15,
    grace_minutes: int = 15,
    grow_minutes: int = 60,
    now: str = "",
) -> dict[str, Any]:
    """Return what classes ask of a pool at a moment; or the `problem`, for the playbook to say in its own words."""
    defaults = Defaults(pool, time_zone, int(max_size), int(lead_minutes), int(grace_minutes), int(grow_minutes))
    try:
        read = read_classes(classes, defaults)
        moment = _moment(now, time_zone)
        asked = wanted(read, pool, int(size), defaults, moment)
    except PixelError as error:
        return {"problem": str(error)}
    return {
        "problem": None,
        "now": moment.astimezone(ZoneInfo(time_zone)).isoformat(timespec="minutes"),
        "size": asked.size,
        "classes": list(asked.classes),
        "holds": [hold.result() for hold in asked.holds],
        "other_pools": sorted({one.pool for one in read} - {pool}),
        "timetable": timetable(read, moment),
    }


def _moment(now: str, time_zone: str) -> datetime:
    if not now:
        return datetime.now(UTC)
    try:
        moment = datetime.fromisoformat(now)
    except ValueError:
        raise PixelError(f"pixel_now is {now!r}: give a moment such as 2026-11-24T09:50 or …T09:50+01:00") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(time_zone))).astimezone(UTC)


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters of this file by name."""
        return {"class_plan": class_plan}
