"""What the reconciler decides. Pure: everything that was seen goes in, what is to be done comes out.

It looks both ways: at machines that run without a lease, and at leases without a running machine. Nothing is done on
one look. What the table itself says with strong consistency (a deadline passed, a drain) is confirmed by the
conditional write that precedes every stop. What only EC2 or Route 53 says, whose answers may be old, is marked as a
doubt first, and acted on when a later look still finds it.

A member that is held for a class runs without a lease and is left alone; its bound begins when the hold has passed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from pixel.lease.model import EndReason, Item, end_reason, is_leaving, is_live, is_waiting
from pixel.wake.aws import Machine, Record
from pixel.wake.endings import is_free, settled
from pixel.wake.pools import Pool
from pixel.wake.settings import Settings

Doubt = Literal["running", "stopped"]


@dataclass
class Repairs:
    """What is to be done, by kind; members are given as their items were read.

    Attributes:
        doubt: mark a member, with what is doubted.
        trust: take the mark away.
        reap: end an expired lease, with the reason, and stop its machine.
        take: drain a member that runs without a lease, and stop it.
        stop: stop a member that was drained and has not stopped itself.
        end: end a live lease whose machine has stopped.
        free: free a member that has stopped.
        forget: free a member that is gone.
        start: ask for a start that got lost.
        watch: ask for a publication that got lost.
        republish: publish a record again that got lost.
        hold: have claims try a held member first, and its name published.
        unhold: have claims try a member first no longer.
        suspect_records: names of records whose addresses nothing has, with the epoch second of the first look.
        withdraw: delete those that nothing had at an earlier look either.
    """

    doubt: list[tuple[Item, Doubt]] = field(default_factory=list)
    trust: list[Item] = field(default_factory=list)
    reap: list[tuple[Item, EndReason]] = field(default_factory=list)
    take: list[Item] = field(default_factory=list)
    stop: list[Item] = field(default_factory=list)
    end: list[Item] = field(default_factory=list)
    free: list[Item] = field(default_factory=list)
    forget: list[Item] = field(default_factory=list)
    start: list[Item] = field(default_factory=list)
    watch: list[Item] = field(default_factory=list)
    republish: list[Item] = field(default_factory=list)
    hold: list[Item] = field(default_factory=list)
    unhold: list[Item] = field(default_factory=list)
    suspect_records: dict[str, float] = field(default_factory=dict)
    withdraw: list[Record] = field(default_factory=list)


def plan(
    machines: Mapping[str, Machine],
    members: Mapping[str, Item],
    records: Iterable[Record] | None,
    suspects: Mapping[str, float],
    pools: Mapping[str, Pool],
    settings: Settings,
    now: float,
) -> Repairs:
    """Decide what to repair.

    Args:
        machines: all pools' instances, by id.
        members: the members' items, by id.
        records: the members' records in the zone; None when nobody knows: nothing about them is repaired then.
        suspects: names of records that nothing had at an earlier look, with the epoch second of the first one.
        pools: the pools' items, by name.
        settings: how long what may take.
        now: epoch seconds.
    """
    repairs = Repairs()
    seen = machines.values() if records is None else records
    published = {one.address for one in seen if one.address}
    for name, machine in machines.items():
        item: Item = {"instance_id": name, "pool": machine.pool, **members.get(name, {})}
        if machine.running:
            if is_waiting(item, now):
                _waiting(repairs, machine, item, published, pools)
            else:
                _running(repairs, machine, item, settings, now)
            if is_live(item, now):
                _named(repairs, machine, item, published, pools)
        elif not machine.gone and machine.state == "stopped":
            _stopped(repairs, item, settings, now)
    for name, item in members.items():
        if name not in machines or machines[name].gone:
            _missing(repairs, item, settings, now)
    for pool in pools.values():
        repairs.unhold += [
            members[name] for name in pool.held if name in members and not is_waiting(members[name], now)
        ]
    if records is None:
        repairs.suspect_records = dict(suspects)
    else:
        _records(repairs, machines.values(), records, suspects, settings, now)
    return repairs


def _waiting(repairs: Repairs, machine: Machine, item: Item, published: set[str], pools: Mapping[str, Pool]) -> None:
    pool = pools.get(item["pool"], Pool(item["pool"]))
    known = item["instance_id"] in pool.held
    if "suspect" in item:
        repairs.trust.append(item)
    if not known or ("published_at" not in item and item["instance_id"] not in pool.open):
        repairs.hold.append(item)
    elif "published_at" in item and (item["address"] != machine.address or item["address"] not in published):
        repairs.republish.append(item)


def _named(repairs: Repairs, machine: Machine, item: Item, published: set[str], pools: Mapping[str, Pool]) -> None:
    # Another address than the one that was published: somebody stopped the machine, and started it, under the lease.
    moved = machine.address is not None and item.get("address") != machine.address
    if "published_at" in item and (moved or item["address"] not in published):
        repairs.republish.append(item)
    elif "published_at" not in item and item["instance_id"] not in pools.get(item["pool"], Pool(item["pool"])).open:
        repairs.watch.append(item)


def _running(repairs: Repairs, machine: Machine, item: Item, settings: Settings, now: float) -> None:
    if is_live(item, now):
        if "suspect" in item:
            repairs.trust.append(item)
    elif item.get("state") in ("claimed", "ready", "in_use"):
        repairs.reap.append((item, expiry_reason(item, now)))
    elif item.get("state") == "draining":
        if now - max(float(item["drained_at"]), machine.launched_at) > settings.stopping:
            repairs.stop.append(item)
    elif now - max(machine.launched_at, float(item.get("hold_until", 0))) > settings.unleased:
        if _confirmed(item, "running", settings, now):
            repairs.take.append(item)
        elif item.get("suspect") != "running":
            repairs.doubt.append((item, "running"))


def _stopped(repairs: Repairs, item: Item, settings: Settings, now: float) -> None:
    if is_live(item, now):
        if item["state"] == "claimed" and "address" not in item:
            if settled(item, now):
                repairs.start.append(item)
        elif _confirmed(item, "stopped", settings, now):
            repairs.end.append(item)
        elif item.get("suspect") != "stopped":
            repairs.doubt.append((item, "stopped"))
    elif not is_free(item) and settled(item, now) and not is_leaving(item, now):
        repairs.free.append(item)
    elif item.get("suspect") == "running":
        repairs.trust.append(item)


def _missing(repairs: Repairs, item: Item, settings: Settings, now: float) -> None:
    if "pool" not in item:
        # All that a machine has written which gave itself up, and was never anybody's.
        repairs.forget.append(item)
    elif not _confirmed(item, "stopped", settings, now):
        if item.get("suspect") != "stopped":
            repairs.doubt.append((item, "stopped"))
    elif is_live(item, now):
        repairs.end.append(item)
    else:
        repairs.forget.append(item)


def _records(
    repairs: Repairs,
    machines: Iterable[Machine],
    records: Iterable[Record],
    suspects: Mapping[str, float],
    settings: Settings,
    now: float,
) -> None:
    held = {machine.address for machine in machines if machine.address}
    for record in records:
        if record.address in held:
            continue
        since = suspects.get(record.name, now)
        if now - since >= settings.confirm:
            repairs.withdraw.append(record)
        repairs.suspect_records[record.name] = since


def expiry_reason(member: Item, now: float) -> EndReason:
    """Return why an expired lease has ended: one in use, before its cap, has lost its member."""
    return "lost" if member["state"] == "in_use" and float(member["cap_until"]) > now else end_reason(member, now)


def _confirmed(item: Item, doubt: Doubt, settings: Settings, now: float) -> bool:
    """Whether a doubt has stood long enough, and the member has said nothing since."""
    if item.get("suspect") != doubt:
        return False
    since = float(item["suspect_at"])
    return now - since >= settings.confirm and float(item.get("seen_at", 0)) <= since
