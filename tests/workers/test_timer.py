"""The timer: periodic work runs on time, never twice at once, and continues after any error."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs

from bot.workers import timer as timer_module
from bot.workers.base import Periodic
from bot.workers.tasks import WakeableTask
from bot.workers.timer import Timer
from storage.engine.errors import StorageError
from tests.waiting import WITHIN_S

SOON, AT_ONCE = timedelta(milliseconds=20), timedelta(0)


@pytest.fixture
async def timer() -> AsyncIterator[Timer]:
    timer = Timer()
    await timer.start()
    yield timer
    await timer.stop(1.0)


class Runs:
    """Work that counts its runs, and may fail at the first."""

    def __init__(self, error: Exception | None = None) -> None:
        self.count = 0
        self.error = error
        self._changed = asyncio.Event()

    async def __call__(self) -> None:
        self.count += 1
        self._changed.set()
        if self.count == 1 and self.error is not None:
            raise self.error

    async def reach(self, count: int) -> None:
        async with asyncio.timeout(WITHIN_S):
            while self.count < count:
                self._changed.clear()
                await self._changed.wait()


async def test_work_is_repeated(timer: Timer) -> None:
    runs = Runs()
    timer.add(Periodic("count", SOON, AT_ONCE, runs))
    await runs.reach(3)


async def test_work_added_before_the_start_begins_with_it() -> None:
    runs, timer = Runs(), Timer()
    timer.add(Periodic("count", timedelta(hours=1), AT_ONCE, runs))
    await timer.start()
    await runs.reach(1)
    await timer.stop(1.0)


@pytest.mark.parametrize("error", [ZeroDivisionError("by zero"), StorageError("the database is away")])
async def test_a_failure_is_logged_with_its_hint_and_the_work_goes_on(timer: Timer, error: Exception) -> None:
    runs = Runs(error)
    with capture_logs() as logs:
        timer.add(Periodic("count", SOON, AT_ONCE, runs, hint="look here"))
        await runs.reach(2)
    assert [(entry["event"], entry["task"], entry["hint"]) for entry in logs] == [
        ("periodic.failed", "count", "look here")
    ]


async def test_work_that_takes_longer_than_its_period_never_runs_twice_at_once(timer: Timer) -> None:
    most = running = 0
    runs = Runs()

    async def slow() -> None:
        nonlocal most, running
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.06)
        running -= 1
        await runs()

    timer.add(Periodic("slow", SOON, AT_ONCE, slow))
    await runs.reach(3)
    assert most == 1


async def test_a_run_can_be_brought_forward(timer: Timer) -> None:
    runs = Runs()
    timer.add(Periodic("count", timedelta(hours=1), timedelta(hours=1), runs))
    timer.run_now("count")
    await runs.reach(1)


async def test_removed_work_runs_no_more(timer: Timer) -> None:
    removed, other = Runs(), Runs()
    timer.add(Periodic("removed", timedelta(hours=1), timedelta(milliseconds=40), removed))
    timer.add(Periodic("other", timedelta(hours=1), timedelta(milliseconds=80), other))
    timer.remove("removed")
    await other.reach(1)
    assert removed.count == 0


async def test_a_later_request_for_an_instant_takes_the_place_of_an_earlier_one(timer: Timer) -> None:
    earlier, later = Runs(), Runs()
    now = datetime.now(UTC)
    timer.at("once", now + timedelta(milliseconds=40), earlier)
    timer.at("once", now + timedelta(milliseconds=80), later)
    await later.reach(1)
    assert earlier.count == 0


async def test_a_stop_cancels_what_runs_and_waits_for_it() -> None:
    started, ended = asyncio.Event(), asyncio.Event()

    async def endless() -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    timer = Timer()
    timer.add(Periodic("endless", timedelta(hours=1), AT_ONCE, endless))
    await timer.start()
    await started.wait()
    await timer.stop(1.0)
    assert ended.is_set()


async def test_stopping_a_timer_that_never_started_does_nothing() -> None:
    await Timer().stop(1.0)


async def test_a_clock_that_is_set_back_holds_nothing_up(timer: Timer, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is due in an hour stands for what was due now, before the clock was set back by an hour."""
    runs = Runs()
    timer.add(Periodic("count", timedelta(hours=1), timedelta(hours=1), runs))
    ahead_s = timer_module._wall_ahead_s()
    monkeypatch.setattr(timer_module, "_wall_ahead_s", lambda: ahead_s - 3600)
    timer._watch_clock()
    await runs.reach(1)


async def test_a_wakeable_task_works_at_once_and_whenever_it_is_woken() -> None:
    runs, event = Runs(ZeroDivisionError("the first run fails")), asyncio.Event()
    task = WakeableTask("count", event, runs, hint="look here")
    with capture_logs() as logs:
        task.start()
        await runs.reach(1)
        event.set()
        await runs.reach(2)
        await task.stop(1.0)
    assert [(entry["event"], entry["worker"]) for entry in logs] == [("worker.failed", "count")]
    event.set()
    await asyncio.sleep(0)
    assert runs.count == 2
