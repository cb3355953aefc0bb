"""`tocsin serve` without its rate limiter, since the workspace enforces no limits either; with it if `LIMITED` is set.

If `STALLS` names a file, a ticker runs on the event loop. On SIGUSR1 it writes the longest stall since the last signal,
the most that the loop's thread computed between two of its ticks since then, and of all the time since the start how
many statements and commits there were, and the processor time.
If `COUNTS` names a file, statements and processor time are counted, and SIGUSR2 writes the counts there.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path

import sqlalchemy as sa

from bot import logs
from bot import settings as settings_reader
from bot.cli import serve
from bot.slack.client.rate_limiter import RateLimiter
from tests.benchmarks.scale.counters import Counter

EVERY_S = 0.01  # twice as often, the ticker itself took six per cent of the processor time of a burst


def _count_statements() -> dict[str, int]:
    """The statements and commits of every engine from now on."""
    counts = {"statements": 0, "commits": 0}

    def count(what: str) -> None:
        counts[what] += 1

    sa.event.listen(sa.Engine, "before_cursor_execute", lambda *_: count("statements"))
    sa.event.listen(sa.Engine, "commit", lambda *_: count("commits"))
    return counts


async def _tick(path: Path) -> None:
    worst = worst_busy = 0.0
    counts = _count_statements()

    def tell() -> None:
        nonlocal worst, worst_busy
        figures = (worst, worst_busy, counts["statements"], counts["commits"], time.process_time())
        path.with_suffix(".new").write_text(" ".join(map(str, figures)))
        path.with_suffix(".new").rename(path)
        worst = worst_busy = 0.0

    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, tell)
    while True:
        before, busy = time.perf_counter(), time.thread_time()
        await asyncio.sleep(EVERY_S)
        worst = max(worst, time.perf_counter() - before - EVERY_S)
        worst_busy = max(worst_busy, time.thread_time() - busy)


def _count(path: Path) -> None:
    counter = Counter()
    counter.install()
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR2, lambda: counter.write(path))


async def _serve() -> None:
    if counts := os.environ.get("COUNTS"):
        _count(Path(counts))
    stalls = os.environ.get("STALLS")
    ticker = asyncio.create_task(_tick(Path(stalls))) if stalls else None
    await serve._serve(settings_reader.load())
    if ticker is not None:
        ticker.cancel()


if __name__ == "__main__":
    if "LIMITED" not in os.environ:
        RateLimiter._windows_for = lambda *_: []  # type: ignore[method-assign]  # no limits
    settings = settings_reader.load()
    logs.configure(settings.log_format, settings.log_level, settings.secrets())
    asyncio.run(_serve())
