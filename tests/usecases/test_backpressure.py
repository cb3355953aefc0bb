from __future__ import annotations

import asyncio
import time

from bot.usecases.backpressure import ForegroundGate


async def test_nobody_waits_and_nothing_is_held_up() -> None:
    began = time.monotonic()
    await ForegroundGate().yield_to_foreground(5.0)
    assert time.monotonic() - began < 1.0


async def test_whoever_waits_goes_first() -> None:
    hurry, order = ForegroundGate(), []

    async def background() -> None:
        await hurry.yield_to_foreground(5.0)
        order.append("background")

    with hurry.foreground(), hurry.foreground():
        task = asyncio.create_task(background())
        await asyncio.sleep(0.02)
        order.append("person")
    await task
    assert order == ["person", "background"]


async def test_a_stream_of_people_does_not_hold_the_background_up_for_ever() -> None:
    hurry = ForegroundGate()
    with hurry.foreground():
        async with asyncio.timeout(2.0):
            await hurry.yield_to_foreground(0.05)


async def test_an_error_ends_the_wait_too() -> None:
    hurry = ForegroundGate()
    try:
        with hurry.foreground():
            raise ValueError
    except ValueError:
        pass
    async with asyncio.timeout(1.0):
        await hurry.yield_to_foreground(0.9)
