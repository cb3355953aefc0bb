"""Missed events are fetched after an outage, and a fetch that fails is repeated soon."""

from __future__ import annotations

import pytest

from bot.workers.outage_monitor import OutageMonitor


class Fill:
    """Fails as often as a test says."""

    def __init__(self, failures: int) -> None:
        self.failures, self.calls = failures, 0

    async def __call__(self) -> None:
        self.calls += 1
        if self.calls <= self.failures:
            raise OSError("the disk is full")


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the monotonic clock shows."""
    at = [1000.0]
    monkeypatch.setattr("bot.workers.outage_monitor.time.monotonic", lambda: at[0])
    return at


async def test_a_fetch_that_fails_is_repeated_after_one_second_then_two(now: list[float]) -> None:
    fill = Fill(failures=2)
    monitor = OutageMonitor(fill)
    monitor.missed()
    with pytest.raises(OSError, match="disk"):
        await monitor.look()
    now[0] += 0.9
    await monitor.look()
    assert fill.calls == 1
    now[0] += 0.2
    with pytest.raises(OSError, match="disk"):
        await monitor.look()
    now[0] += 2.1
    await monitor.look()
    await monitor.look()
    assert fill.calls == 3


async def test_a_fetch_that_fails_at_the_start_stops_no_start_and_is_repeated(now: list[float]) -> None:
    fill = Fill(failures=1)
    monitor = OutageMonitor(fill)
    await monitor.start()
    now[0] += 1.1
    await monitor.look()
    assert fill.calls == 2


async def test_after_a_fetch_the_next_waits_half_a_minute_but_not_after_the_start(now: list[float]) -> None:
    fill = Fill(failures=0)
    monitor = OutageMonitor(fill)
    await monitor.start()
    for later_s in (0.0, 29.0, 2.0):
        now[0] += later_s
        monitor.missed()
        await monitor.look()
    assert fill.calls == 3
