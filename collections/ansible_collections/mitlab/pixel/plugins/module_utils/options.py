# Copyright: mitlab.pixel maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Options that several modules share; `doc_fragments/options.py` describes them."""

from __future__ import annotations

from typing import Any

POOL: dict[str, Any] = {"type": "str", "required": True}
LEASE_TABLE: dict[str, Any] = {"type": "str"}
WAIT: dict[str, Any] = {"type": "bool", "default": True}


def wait_timeout(default: int) -> dict[str, Any]:
    """Return the option that bounds a wait, in seconds."""
    return {"type": "int", "default": default}
