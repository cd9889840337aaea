"""Whose certificates are believed: the system's authorities, where IT puts the hospital's own."""

from __future__ import annotations

import ssl


def authorities() -> str | bool:
    """Not those that came with a package."""
    paths = ssl.get_default_verify_paths()
    return paths.cafile or paths.capath or True
