"""Windows paths: one file, many spellings."""

from __future__ import annotations

import ntpath

ENVIRONMENT = {
    "%TEMP%": r"C:\Users\Administrator\AppData\Local\Temp",
    "%PROGRAMDATA%": r"C:\ProgramData",
    "%PROGRAMFILES%": r"C:\Program Files",
    "%SYSTEMROOT%": r"C:\Windows",
}


def expand(path: str) -> str:
    """Return the path with its environment variables replaced."""
    for name, value in ENVIRONMENT.items():
        start = path.upper().find(name)
        if start >= 0:
            path = path[:start] + value + path[start + len(name) :]
    return path


def key(path: str) -> str:
    """Return what all spellings of a path have in common: `C:/X/` and `c:\\x` are the same."""
    return ntpath.normpath(expand(path.strip().strip("\"'"))).lower()


def parents(path: str) -> list[str]:
    """Return the keys of the folders above a path, the nearest first."""
    found = []
    folder = ntpath.dirname(key(path))
    while folder and folder != ntpath.dirname(folder):
        found.append(folder)
        folder = ntpath.dirname(folder)
    return found


def is_below(path: str, folder: str) -> bool:
    """Tell whether a path lies in a folder, at any depth."""
    return key(folder) in parents(path)
