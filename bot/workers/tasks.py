"""The end of a loop that runs beside everything else."""

from __future__ import annotations

import asyncio
from typing import Any

AGAIN_S = 1.0


async def ended(task: asyncio.Task[Any] | None) -> None:
    """Cancel it and wait until it is over, so that nobody is in the database when that is closed.

    Python 3.11's `wait_for` may swallow a cancellation that comes at the very moment it is done: then once more.
    """
    while task is not None and not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=AGAIN_S)
