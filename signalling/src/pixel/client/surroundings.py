"""Whether a notebook is looking."""

from __future__ import annotations

import sys


def in_notebook() -> bool:
    """Tell whether this code runs in a notebook's kernel (Jupyter, Colab, VS Code), without importing IPython."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return hasattr(shell, "kernel")
