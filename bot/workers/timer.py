"""Runs periodic tasks, and tasks at an instant, within this process (by APScheduler).

Nothing durable waits here: deadlines are rows, and the timer only wakes their scheduler (docs/architecture.md, decision
2).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.date import DateTrigger
from apscheduler.triggers.interval import IntervalTrigger

from bot.workers.base import Periodic
from bot.workers.tasks import cancel_and_wait
from storage.engine.errors import StorageError

log = structlog.get_logger()

WATCH_CLOCK_S = 1.0
CLOCK_SET_BACK_S = 0.5


class Timer:
    """Runs each `Periodic` as a job. A run never overlaps the one before; missed runs become one.

    APScheduler goes by the wall clock, which may be set back: then everything is rescheduled from the new time.
    """

    name = "timer"

    def __init__(self) -> None:
        self._jobs = AsyncIOScheduler(
            timezone=UTC, job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        )
        self._periodic: dict[str, Periodic] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._clock_watch: asyncio.TimerHandle | None = None
        self._wall_ahead_s = _wall_ahead_s()

    def add(self, periodic: Periodic) -> None:
        """Run this task from the start of the timer on, or from now on if the timer runs."""
        self._periodic[periodic.name] = periodic
        if self._jobs.running:
            self._schedule(periodic)

    def remove(self, name: str) -> None:
        """Run this task no more. A run in progress ends."""
        del self._periodic[name]
        self._jobs.remove_job(name)

    def run_now(self, name: str) -> None:
        """Bring the next run forward, unless one is in progress."""
        if self._jobs.running:
            self._jobs.modify_job(name, next_run_time=datetime.now(UTC))

    def at(self, name: str, instant: datetime, work: Callable[[], Awaitable[object]]) -> None:
        """Run `work` once, at a wall-clock instant. It replaces an earlier request of the same name."""
        once = Periodic(name, timedelta(0), timedelta(0), work)
        self._jobs.add_job(self._run, DateTrigger(instant), args=[once], id=name, replace_existing=True)

    async def start(self) -> None:
        """Schedule every periodic task and begin to watch for jumps of the clock."""
        self._jobs.start()
        for periodic in self._periodic.values():
            self._schedule(periodic)
        self._watch_clock()

    async def stop(self, within_s: float) -> None:
        """Begin no run and cancel those in progress: their transactions commit whole or not at all."""
        if self._clock_watch is not None:
            self._clock_watch.cancel()
        if not self._jobs.running:
            return
        self._jobs.pause()
        await asyncio.gather(*(cancel_and_wait(task) for task in self._running))
        await asyncio.sleep(0)  # APScheduler's own tasks see the end of theirs
        self._jobs.shutdown(wait=False)

    def _schedule(self, periodic: Periodic) -> None:
        self._jobs.add_job(
            self._run, IntervalTrigger(seconds=periodic.every.total_seconds()), args=[periodic], id=periodic.name,
            next_run_time=datetime.now(UTC) + periodic.first,
        )  # fmt: skip

    async def _run(self, periodic: Periodic) -> None:
        """Run the work in a task of its own, as APScheduler would log a cancellation as an error."""
        task = asyncio.create_task(_run_guarded(periodic), name=periodic.name)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        await asyncio.wait({task})

    def _watch_clock(self) -> None:
        ahead_s = _wall_ahead_s()
        if ahead_s < self._wall_ahead_s - CLOCK_SET_BACK_S:
            log.warning("timer.clock_set_back", by_s=round(self._wall_ahead_s - ahead_s, 1))
            for name in self._periodic:
                self.run_now(name)
        self._wall_ahead_s = ahead_s
        self._clock_watch = asyncio.get_running_loop().call_later(WATCH_CLOCK_S, self._watch_clock)


async def _run_guarded(periodic: Periodic) -> None:
    try:
        await periodic.work()
    except StorageError as error:
        log.warning("periodic.failed", task=periodic.name, error=str(error), hint=periodic.hint)
    except Exception:
        log.exception("periodic.failed", task=periodic.name, hint=periodic.hint)


def _wall_ahead_s() -> float:
    """The seconds by which the wall clock is ahead of the monotonic clock."""
    return time.time() - time.monotonic()
