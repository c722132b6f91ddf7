"""Imports a program of `packer/`, which is no package."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

FOLDER = Path(__file__).parents[2] / "packer"
sys.path.append(str(FOLDER))  # as for a program that is run: one imports what lies beside it


def script(name: str) -> ModuleType:
    """Return the program as a module."""
    spec = importlib.util.spec_from_file_location(f"packer_{name}", FOLDER / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
