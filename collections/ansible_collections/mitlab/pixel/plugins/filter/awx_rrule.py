# Copyright: mitlab.pixel maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter mitlab.pixel.awx_rrule; its documentation is in awx_rrule.yml."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.mitlab.pixel.plugins.module_utils.errors import PixelError
from ansible_collections.mitlab.pixel.plugins.module_utils.recurrence import read_recurrence


def awx_rrule(schedule: Mapping[str, Any], time_zone: str) -> str:
    """Return the recurrence rule of a readable schedule."""
    try:
        return read_recurrence(schedule, time_zone).rrule()
    except PixelError as error:
        raise AnsibleFilterError(str(error)) from None


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters of this file by name."""
        return {"awx_rrule": awx_rrule}
