from __future__ import annotations

import asyncio

import pytest

from bot.usecases.backpressure import ForegroundGate
from tests.waiting import WITHIN_S


async def test_nobody_waits_and_nothing_is_held_up() -> None:
    with pytest.raises(StopIteration):  # it returns at its first step
        ForegroundGate().yield_to_foreground(5.0).send(None)


async def test_a_person_who_waits_goes_before_background_work() -> None:
    gate, order = ForegroundGate(), []

    async def background() -> None:
        await gate.yield_to_foreground(5.0)
        order.append("background")

    with gate.foreground(), gate.foreground():
        task = asyncio.create_task(background())
        await asyncio.sleep(0)  # it runs until it waits
        order.append("person")
    await task
    assert order == ["person", "background"]


async def test_a_stream_of_people_does_not_hold_the_background_up_for_ever() -> None:
    gate = ForegroundGate()
    with gate.foreground():
        async with asyncio.timeout(WITHIN_S):
            await gate.yield_to_foreground(0.05)


async def test_an_error_ends_the_wait_too() -> None:
    gate = ForegroundGate()
    try:
        with gate.foreground():
            raise ValueError
    except ValueError:
        pass
    async with asyncio.timeout(WITHIN_S):
        await gate.yield_to_foreground(2 * WITHIN_S)
