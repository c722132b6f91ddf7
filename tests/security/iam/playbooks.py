"""Which policies each playbook's job needs (docs/security.md has the same table), and which calls they allow."""

from __future__ import annotations

from collections.abc import Iterable

from .template import actions

POLICIES: dict[str, tuple[str, ...]] = {
    "release": ("FleetPolicy", "ReleasePolicy"),
    "rollback": ("FleetPolicy", "ReleasePolicy"),
    "releases": ("FleetPolicy", "ReleasePolicy"),
    "schedule": ("FleetPolicy", "SchedulePolicy"),
    "report": ("ReportPolicy",),
    "fleet": ("FleetPolicy",),
    "power": ("FleetPolicy",),
    "dns_prune": ("DnsPolicy",),
    "image": ("ImagePolicy",),
    "image_prune": ("ImagePrunePolicy",),
    "certificate": ("CertificatePolicy",),
}
"""`site.yml` makes roles and the stack, for an administrator; `awx.yml` calls nothing of AWS."""


def beyond(playbook: str, calls: Iterable[str]) -> set[str]:
    """Return those of a playbook's calls, such as `ec2.RunInstances`, that its policies do not allow."""
    allowed = actions(*POLICIES[playbook])
    return {call for call in calls if call.replace(".", ":", 1) not in allowed}
