"""What has to be so when everything has come to rest; looked up in the sandbox's storage, past all faults."""

from __future__ import annotations

from typing import get_args

from moto.route53.models import route53_backends

from pixel.lease.model import EndReason
from pixel.sandbox.moto_app import ACCOUNT

from .journal import instances, items_in_table

REASONS = frozenset(get_args(EndReason))


def records(zone_id: str) -> list[str]:
    """Return the names of members in the zone, with a final dot."""
    zone = route53_backends[ACCOUNT]["aws"].zones[zone_id]
    return [record.name for record in zone.rrsets if record.name.startswith("drone-")]


def unsettled(zone_id: str) -> list[str]:
    """Return what has not come to rest: machines, names, sessions, counts, and work that waits to be done."""
    found = [f"instance {one} is {state}" for one, state, _ in instances() if state != "stopped"]
    found += [f"record {name} is there" for name in records(zone_id)]
    for key, item in items_in_table("session#").items():
        if item["state"] != "ended":
            found.append(f"{key} is {item['state']} on {item['member']}")
    for key, item in items_in_table("owner#").items():
        if item.get("sessions"):
            found.append(f"{key} still counts {item['sessions']}")
    for key, item in items_in_table("pool#").items():
        found += [f"{key} has {item[name]} {name}" for name in ("pending", "open", "closing") if item.get(name)]
    known = {one for one, _, _ in instances()}
    for key, item in items_in_table("i-").items():
        if item.get("state", "free") != "free" or key not in known:
            found.append(f"the item of {key} is {item.get('state')}")
    return found


def without_reason() -> list[str]:
    """Return the sessions that ended, and nobody can tell why."""
    sessions = items_in_table("session#").values()
    return [
        f"session {one['session']} ended without a reason: {one}"
        for one in sessions
        if one.get("reason") not in REASONS
    ]


def pool_is_not(size: int, release: str) -> list[str]:
    """Return what is not as the last release should have left it: so many members of it, tagged, and nothing else."""
    alive = [(one, tags) for one, state, tags in instances() if state != "shutting-down"]
    wrong = [
        f"instance {one} is left, with tags {tags}"
        for one, tags in alive
        if tags.get("pixel:release") != release or tags.get("pixel:pool") != "drone" or not tags.get("Name")
    ]
    if len(alive) != size:
        wrong.append(f"the pool has {len(alive)} members instead of {size}")
    return wrong
