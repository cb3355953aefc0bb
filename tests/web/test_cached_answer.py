"""An answer that anyone may ask for costs at most a tenth of the time, however often it is asked for."""

from __future__ import annotations

import asyncio

import pytest

from bot.web.cached_answer import KEPT_FOR, LONGEST_S, CachedAnswer


class Costly:
    """Takes some seconds of its own clock."""

    def __init__(self, takes_s: float, kept_for: float = KEPT_FOR) -> None:
        self.now = 0.0
        self.takes_s = takes_s
        self.computed = 0
        self.answer = CachedAnswer(self.compute, kept_for, lambda: self.now)

    async def compute(self) -> int:
        self.computed += 1
        await asyncio.sleep(0)
        self.now += self.takes_s
        return self.computed


@pytest.mark.parametrize(("takes_s", "kept_s"), [(0.5, 5.0), (3.0, LONGEST_S)])
async def test_an_answer_is_kept_for_ten_times_as_long_as_it_took_and_for_ten_seconds_at_most(
    takes_s: float, kept_s: float
) -> None:
    costly = Costly(takes_s)
    assert await costly.answer.get() == 1
    costly.now = takes_s + kept_s - 0.1
    assert await costly.answer.get() == 1
    costly.now += 0.1
    assert await costly.answer.get() == 2


async def test_requests_at_the_same_moment_share_one_answer() -> None:
    costly = Costly(0.5, kept_for=0)
    assert await asyncio.gather(*(costly.answer.get() for _ in range(50))) == [1] * 50
    assert await costly.answer.get() == 2


async def test_a_failure_is_passed_on_and_not_kept() -> None:
    attempts = 0

    async def fail_once() -> str:
        nonlocal attempts
        attempts += 1
        if attempts == 1:
            raise OSError("no disk")
        return "fine"

    answer = CachedAnswer(fail_once, KEPT_FOR)
    with pytest.raises(OSError, match="no disk"):
        await answer.get()
    assert await answer.get() == "fine"


async def test_who_gives_up_waiting_takes_nobody_along() -> None:
    costly = Costly(0.5)
    first, second = asyncio.create_task(costly.answer.get()), asyncio.create_task(costly.answer.get())
    await asyncio.sleep(0)
    first.cancel()
    assert await second == 1
