# Copyright: mitlab.pixel maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Descriptions of the options that several modules share; `module_utils/options.py` defines them."""

from __future__ import annotations


class ModuleDocFragment:
    # Every module: what it runs on, and how it behaves
    DOCUMENTATION = r"""
requirements:
  - python >= 3.11
options: {}
author:
  - mitlab.pixel maintainers (@mitlab)
"""

    # A module that changes something
    CHANGES = r"""
attributes:
  check_mode:
    support: full
    description: The plan is made and reported, and nothing is changed.
  diff_mode:
    support: full
    description: What is there before and after is shown.
options: {}
"""

    # A module that only reads
    READS = r"""
attributes:
  check_mode:
    support: full
    description: The module only reads.
  diff_mode:
    support: N/A
    description: The module only reads.
options: {}
"""

    POOL = r"""
options:
  pool:
    description:
      - The pool, the value of the tag C(pixel:pool) on all that belongs to it.
    type: str
    required: true
"""

    LEASE_TABLE = r"""
options:
  lease_table:
    description:
      - The DynamoDB table that says who has leased which member, and which are held for a class
        (M(mitlab.pixel.hot_members)). A leased or held member is never stopped or terminated.
      - A member that is stopped or terminated drains first, so that nobody can claim it meanwhile; that needs
        C(dynamodb:UpdateItem) on the members' items. The wake function frees it once it has stopped, and
        three minutes have passed, in which a stop may still be under way.
      - Leave it out when members are not leased.
    type: str
"""

    WAIT = r"""
options:
  wait:
    description:
      - Whether to wait until what was asked for has happened.
    type: bool
    default: true
"""
