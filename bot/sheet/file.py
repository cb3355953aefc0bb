"""Writes a sheet to a file that only its owner may read, since it has telephone numbers."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path


def write_privately(path: Path, content: bytes) -> None:
    """Replace a file atomically; its mode is 0600 from the start. Raises `OSError`."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # of mode 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise
