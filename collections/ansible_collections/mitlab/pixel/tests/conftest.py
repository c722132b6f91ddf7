"""Makes `ansible_collections.mitlab.pixel` importable when pytest runs from the repository's root."""

from __future__ import annotations

import sys
from pathlib import Path

COLLECTIONS = Path(__file__).parents[4]

if str(COLLECTIONS) not in sys.path:
    sys.path.insert(0, str(COLLECTIONS))
