"""Tells paths of our own pages from addresses that lead elsewhere."""

from __future__ import annotations

import re

_LONGEST = 500
_PATH = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")


def local_path(path: str | None) -> str:
    """The path if it leads to one of our own pages, else that of the first page."""
    return path if path and len(path) <= _LONGEST and _PATH.fullmatch(path) else "/"
