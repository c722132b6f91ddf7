# Copyright: mitlab.pixel maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter mitlab.pixel.class_runs; its documentation is in class_runs.yml."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.mitlab.pixel.plugins.module_utils.class_plan import runs
from ansible_collections.mitlab.pixel.plugins.module_utils.classes import Defaults, read_classes
from ansible_collections.mitlab.pixel.plugins.module_utils.errors import PixelError


def class_runs(
    classes: object, *, pool: str, max_size: int, time_zone: str, lead_minutes: int = 15, grow_minutes: int = 60
) -> list[dict[str, Any]]:
    """Return the weekly moments at which classes begin or cease to ask something of their pools."""
    defaults = Defaults(pool, time_zone, int(max_size), lead=int(lead_minutes), grow=int(grow_minutes))
    try:
        return runs(read_classes(classes, defaults))
    except PixelError as error:
        raise AnsibleFilterError(str(error)) from None


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters of this file by name."""
        return {"class_runs": class_runs}
