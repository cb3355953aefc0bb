"""A cover outranks the rotation, and can be given up."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.domain.errors import Refused
from bot.usecases.context import Context
from bot.usecases.effects.on_call import current_calendar
from bot.usecases.oncall.cover import cover, give_up
from tests.usecases.conftest import START, MakeContext

POLICY = """
preset: sev1-5
schedules:
  primary:
    timezone: UTC
    layers: [{members: [U0ADA0000, U0BEN0000], rotation: weekly, start: 2026-01-05}]
"""
HOUR = timedelta(hours=1)


@pytest.fixture
def context(make_context: MakeContext) -> Context:
    return make_context(POLICY)


async def on_call(context: Context) -> tuple[str, ...]:
    async with context.database.reading() as conn:
        calendar = await current_calendar(conn, context.policy, context.clock.now())
    return calendar("primary", context.clock.now())


async def test_a_cover_that_should_have_begun_begins_now(context: Context) -> None:
    covered = await cover(context, "primary", START - HOUR, START + HOUR, "U0CAT0000")
    assert covered.override.starts_at == START
    assert len(covered.instead_of) == 1
    assert await on_call(context) == ("U0CAT0000",)


async def test_a_later_cover_leaves_who_is_on_call_now(context: Context) -> None:
    before = await on_call(context)
    await cover(context, "primary", START + HOUR, START + 2 * HOUR, "U0CAT0000")
    assert await on_call(context) == before


async def test_after_giving_up_the_rotation_applies_again(context: Context) -> None:
    before = await on_call(context)
    await cover(context, "primary", START, START + HOUR, "U0CAT0000")
    await give_up(context, "primary", "U0CAT0000")
    assert await on_call(context) == before
    with pytest.raises(Refused, match="You do not cover primary"):
        await give_up(context, "primary", "U0CAT0000")


@pytest.mark.parametrize(
    ("schedule", "starts_in", "ends_in"),
    [("secondary", 0 * HOUR, HOUR), ("primary", -2 * HOUR, -HOUR), ("primary", 0 * HOUR, 9999 * HOUR)],
    ids=["unknown schedule", "over", "too long"],
)
async def test_a_cover_that_makes_no_sense_is_refused(
    context: Context, schedule: str, starts_in: timedelta, ends_in: timedelta
) -> None:
    with pytest.raises(Refused):
        await cover(context, schedule, START + starts_in, START + ends_in, "U0CAT0000")
