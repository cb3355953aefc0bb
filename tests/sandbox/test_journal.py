"""Waiting for a condition of the workspace."""

from __future__ import annotations

import asyncio
import time

import pytest

from sandbox.journal import Journal


async def test_what_became_true_while_the_event_loop_stood_still_counts() -> None:
    """A machine may give a process no time for seconds; then the longest wait and all that it waits for are due."""
    became_true: list[bool] = []

    async def stand_still() -> None:
        time.sleep(0.1)
        became_true.append(True)

    standing = asyncio.create_task(stand_still())
    assert await Journal(10, None).until(lambda: became_true, timeout_s=0.05)
    await standing


async def test_a_condition_that_stays_false_ends_in_a_time_out() -> None:
    with pytest.raises(TimeoutError):
        await Journal(10, None).until(lambda: False, timeout_s=0.01)
