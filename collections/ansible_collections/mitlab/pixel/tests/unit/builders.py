"""Members, leases and hypothesis strategies for the tests of the planners."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from ansible_collections.mitlab.pixel.plugins.module_utils.members import (
    CANARY_TAG,
    CHECKING,
    FIRST_BOOT_TAG,
    POOL_TAG,
    RELEASE_TAG,
    Lease,
    Member,
)
from hypothesis import strategies as st

LAUNCHED = datetime(2026, 11, 24, 8, tzinfo=UTC)
ZONES = {"subnet-a": "us-east-2a", "subnet-b": "us-east-2b", "subnet-c": "us-east-2c"}
SUBNETS = {zone: subnet for subnet, zone in ZONES.items()}
STATES = ("pending", "running", "stopping", "stopped", "shutting-down", "terminated")


def member(
    instance_id: str = "i-1",
    state: str = "stopped",
    *,
    release: str = "1.0.0",
    zone: str = "us-east-2a",
    tags: dict[str, str] | None = None,
    **more: Any,
) -> Member:
    """Return a member of pool drone that was started again after its first boot, unless told otherwise."""
    facts: dict[str, Any] = {
        "subnet_id": SUBNETS[zone],
        "launched": LAUNCHED,
        "created": LAUNCHED - timedelta(days=1),
        **more,
    }
    return Member(instance_id, state, zone, {POOL_TAG: "drone", RELEASE_TAG: release, **(tags or {})}, **facts)


def on_first_boot(instance_id: str = "i-1", state: str = "running", **more: Any) -> Member:
    """Return a member that was launched to be stopped, and was never started again."""
    return member(instance_id, state, tags={FIRST_BOOT_TAG: "stop"}, created=LAUNCHED, **more)


def canary(instance_id: str = "i-1", state: str = "stopped", **more: Any) -> Member:
    """Return a canary that has not passed."""
    return member(instance_id, state, tags={CANARY_TAG: CHECKING}, **more)


def lease(instance_id: str = "i-1", session: str = "s-1") -> Lease:
    """Return a live lease."""
    return Lease(instance_id, session, until=2_000_000_000.0)


@st.composite
def pools(draw: st.DrawFn, releases: tuple[str, ...] = ("1.0.0", "1.1.0")) -> list[Member]:
    """Pools of up to a dozen members, in any state, release and zone."""
    size = draw(st.integers(0, 12))
    return [
        draw(st.sampled_from((member, on_first_boot)))(
            f"i-{number}",
            draw(st.sampled_from(STATES)),
            release=draw(st.sampled_from(releases)),
            zone=draw(st.sampled_from(list(SUBNETS))),
        )
        for number in range(size)
    ]


@st.composite
def pools_with_leases(draw: st.DrawFn) -> tuple[list[Member], dict[str, Lease]]:
    """Pools, and live leases of any of their members."""
    members = draw(pools())
    leased = draw(st.sets(st.sampled_from([m.instance_id for m in members]))) if members else set()
    return members, {one: lease(one) for one in leased}
