"""Creates the SQLite file so that only its owner can read it, and says how to open one that cannot be written."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
import time
from pathlib import Path

from storage.engine.errors import NoDatabaseFile, StorageError, explain

BESIDE = ("", "-wal", "-shm", ".lock")  # the file, and what is kept beside it
OTHERS = stat.S_IRWXO


def create(path: str, busy_timeout_s: float) -> None:
    """Create the file if there is none and put it into WAL mode, which it keeps. Raises `StorageError` if that fails.

    Only its owner can read a new file, and what SQLite keeps beside it. An existing one is closed to everybody but its
    owner and its group. Two processes may do so at the same time, and then SQLite does not always wait by itself.
    """
    with contextlib.suppress(OSError):  # SQLite then explains what is wrong
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    _close_to_others(path)
    deadline = time.monotonic() + busy_timeout_s
    while True:
        try:
            with contextlib.closing(sqlite3.connect(path, timeout=busy_timeout_s)) as conn:
                conn.execute("PRAGMA journal_mode=WAL")
                return
        except sqlite3.Error as error:
            if "locked" in str(error) and time.monotonic() < deadline:
                time.sleep(0.02)
                continue
            raise StorageError(f"{explain(error) or error} ({path})") from error


def reading_options(path: str) -> str | None:
    """The options with which to open a file on a medium that cannot be written; None if it can be.

    Raises `StorageError` if there is no such file, or if it cannot be read where it is.
    """
    file = Path(path)
    if not file.exists():
        raise NoDatabaseFile(
            f"There is no database at {file.absolute()}. `tocsin serve` creates it; if there is one elsewhere, correct "
            "DATABASE_URL."
        )
    if os.access(file, os.W_OK) and os.access(file.absolute().parent, os.W_OK):
        return None
    if Path(f"{path}-shm").exists():
        return "mode=ro"
    if Path(f"{path}-wal").exists():  # of a process that was killed: its last changes are in it
        raise StorageError(
            f"{path} can only be read together with {path}-wal, in a folder that can be written: copy both."
        )
    return "mode=ro&immutable=1"


def _close_to_others(path: str) -> None:
    for ending in BESIDE:
        with contextlib.suppress(OSError):  # there is none, or it is somebody else's
            mode = stat.S_IMODE(os.stat(f"{path}{ending}").st_mode)
            if mode & OTHERS:
                os.chmod(f"{path}{ending}", mode & ~OTHERS)
