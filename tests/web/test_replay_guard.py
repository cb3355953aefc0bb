"""The same signed request twice at once: a balancer's retry is confirmed only after the first one is stored."""

from __future__ import annotations

import asyncio

from bot.web.replay_guard import ReplayGuard


async def test_what_was_taken_is_not_taken_again() -> None:
    guard = ReplayGuard()
    assert not await guard.seen_before("v0=a")
    guard.finish("v0=a", taken=True)
    assert await guard.seen_before("v0=a")
    assert not await guard.seen_before("v0=b")


async def test_a_second_one_waits_for_the_first_and_is_a_repetition_if_that_was_taken() -> None:
    guard = ReplayGuard()
    assert not await guard.seen_before("v0=a")
    second = asyncio.create_task(guard.seen_before("v0=a"))
    await asyncio.sleep(0)  # the tasks run until they wait
    assert not second.done()
    guard.finish("v0=a", taken=True)
    assert await second


async def test_a_second_one_is_the_first_if_the_first_came_to_nothing_and_a_third_waits_for_that() -> None:
    guard = ReplayGuard()
    assert not await guard.seen_before("v0=a")
    others = [asyncio.create_task(guard.seen_before("v0=a")) for _ in range(2)]
    await asyncio.sleep(0)  # the tasks run until they wait
    guard.finish("v0=a", taken=False)
    done, waiting = await asyncio.wait(others, return_when=asyncio.FIRST_COMPLETED)
    assert [task.result() for task in done] == [False]
    await asyncio.sleep(0)  # the tasks run until they wait
    assert len(waiting) == 1
    guard.finish("v0=a", taken=True)
    assert await waiting.pop()


async def test_what_was_long_ago_is_forgotten() -> None:
    guard = ReplayGuard(for_s=-1.0)
    assert not await guard.seen_before("v0=a")
    guard.finish("v0=a", taken=True)
    assert not await guard.seen_before("v0=a")
