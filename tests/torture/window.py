"""`python -m tests.torture.window`: measure the window in which stopping a process doubles a message.

The window opens when a post checks the clock for the last time, and closes when the kernel has its bytes.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable
from contextvars import ContextVar
from pathlib import Path
from typing import Any
from unittest import mock

import aiohttp

from bot.slack.senders import post_once
from bot.usecases.incidents.post_update import post_update
from tests.databases import SQLiteFiles
from tests.scenarios.running import running_world

POSTS = 240
_opened: ContextVar[float | None] = ContextVar("opened", default=None)


async def main() -> None:
    """The workspace runs in the same process and event loop, so the figures are upper bounds."""
    widths: list[float] = []
    _watch(widths)
    with tempfile.TemporaryDirectory() as folder:
        async with running_world(SQLiteFiles(Path(folder)).create()) as world:
            await world.declare()
            await world.delivered()
            for at_once in (1, 24):
                widths.clear()
                for number in range(POSTS // 2):  # each is posted in the channel and under the announcement
                    await post_update(world.tocsin.context, 1, f"update {number}", world.maya.id)
                    if number % at_once == at_once - 1:
                        await world.delivered()
                print(f"{2 * at_once} posts at once: {_summary(sorted(widths))}")


def _summary(widths: list[float]) -> str:
    p50, p99 = statistics.median(widths), widths[int(len(widths) * 0.99)]
    return f"p50 {_ms(p50)}, p99 {_ms(p99)}, longest {_ms(widths[-1])} of {len(widths)}"


def _watch(widths: list[float]) -> None:
    """Patch this process to record the width of each window."""
    ends_before: Callable[[float], bool] = vars(post_once)["ends_before"]
    session = aiohttp.ClientSession

    def check_clock(until: float) -> bool:
        _opened.set(time.perf_counter())
        return ends_before(until)

    async def record_width(*_: Any) -> None:
        if (opened := _opened.get()) is not None:
            _opened.set(None)
            widths.append(time.perf_counter() - opened)

    def traced_session(**settings: Any) -> aiohttp.ClientSession:
        trace = aiohttp.TraceConfig()
        trace.on_request_chunk_sent.append(record_width)
        return session(trace_configs=[trace], **settings)

    mock.patch.object(post_once, "ends_before", check_clock).start()
    mock.patch.object(aiohttp, "ClientSession", traced_session).start()


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.2f} ms"


if __name__ == "__main__":
    asyncio.run(main())
