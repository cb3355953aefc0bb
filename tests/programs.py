"""Where and as whom the tests run programs: none is run as root, so a suite that is root names another user."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# A user of the process's own, so that what one test starts does not count against the limits of another.
USER: str | None = str(61_184 + os.getpid() % 4_000) if os.geteuid() == 0 else None
USER_RULE = f", user: '{USER}'" if USER else ""  # for a program in a policy's `allow`


@contextmanager
def program_folder() -> Iterator[Path]:
    """A folder that the programs' user may enter and write to; pytest's own are closed to everybody else."""
    folder = Path(tempfile.mkdtemp(prefix="tocsin-programs-")).resolve()
    give(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def give(path: Path) -> None:
    """Make the programs' user the owner of a file or folder."""
    if USER:
        os.chown(path, int(USER), int(USER))
