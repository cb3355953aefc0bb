from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from bot.domain.errors import Refused
from bot.domain.statuspage.component_state import ComponentState as S
from bot.domain.statuspage.maintenance import NewMaintenance
from bot.domain.statuspage.publication import Publication, PublicChange, PublicStatus, states_now
from bot.domain.timeline.entry import BOT
from bot.usecases.context import Context
from bot.usecases.status_page.maintain import run_due, schedule
from bot.usecases.status_page.publish import post
from storage.alerts import silences
from storage.statuspage import publications
from tests.usecases.conftest import MakeContext, MovableClock

POLICY = """
preset: sev1-5
services: {gateway: {name: Gateway, components: [api]}}
status_page: {preset: llm-platform}
"""
HOUR = timedelta(hours=1)


@pytest.fixture
def context(make_context: MakeContext) -> Context:
    return make_context(POLICY)


async def planned_maintenance(context: Context, *, silence: bool = False, automatic: bool = True) -> Publication:
    now = context.clock.now()
    starts, ends = now + 2 * HOUR, now + 3 * HOUR
    new = NewMaintenance("Move", "Requests may fail.", ["api"], starts, ends, automatic, silence=silence)
    return await schedule(context, new, BOT)


async def states(context: Context, clock: MovableClock, at: Sequence[timedelta], made: Publication) -> list[str]:
    seen, start = [], clock.instant
    for each in at:
        clock.instant = start + each
        await run_due(context)
        async with context.database.reading() as conn:
            found = await publications.get(conn, made.id)
        assert found is not None
        seen.append(f"{found.status} {states_now([found], ['api'])['api']}")
    return seen


async def test_maintenance_begins_and_ends_by_itself(context: Context, clock: MovableClock) -> None:
    made = await planned_maintenance(context)
    assert await states(context, clock, [HOUR, 2 * HOUR, 2.5 * HOUR, 3 * HOUR], made) == [
        "scheduled operational", "in_progress under_maintenance", "in_progress under_maintenance",
        "completed operational",
    ]  # fmt: skip


async def test_after_a_night_without_the_bot_everything_due_happens_once(context: Context, clock: MovableClock) -> None:
    made = await planned_maintenance(context)
    assert await states(context, clock, [10 * HOUR, 10 * HOUR], made) == ["completed operational"] * 2
    async with context.database.reading() as conn:
        found = await publications.get(conn, made.id)
    assert found is not None
    assert [str(update.status) for update in found.updates] == ["scheduled", "in_progress", "completed"]


async def test_maintenance_by_hand_waits_for_a_person(context: Context, clock: MovableClock) -> None:
    made = await planned_maintenance(context, automatic=False)
    assert await states(context, clock, [5 * HOUR], made) == ["scheduled operational"]


async def test_the_alerts_of_its_services_are_silenced_while_it_lasts(context: Context, clock: MovableClock) -> None:
    made = await planned_maintenance(context, silence=True)
    await states(context, clock, [2 * HOUR], made)
    async with context.database.reading() as conn:
        (silence,) = await silences.in_force(conn, clock.now())
    assert silence.matches({"service": "gateway"})
    assert silence.matches({"service": "Gateway"})
    assert not silence.matches({"service": "gateway-2"})
    await post(context, made.id, PublicChange("Done early.", PublicStatus.COMPLETED), BOT)
    async with context.database.reading() as conn:
        assert await silences.in_force(conn, clock.now()) == []


async def test_maintenance_and_an_outage_show_the_outage(context: Context, clock: MovableClock) -> None:
    made = await planned_maintenance(context)
    await states(context, clock, [2 * HOUR], made)
    changed = await post(
        context, made.id, PublicChange("It broke.", PublicStatus.VERIFYING, {"api": S.MAJOR_OUTAGE}), BOT
    )
    assert states_now([changed], ["api"]) == {"api": S.MAJOR_OUTAGE}


@pytest.mark.parametrize(("starts", "ends"), [(2, 1), (-3, -2), (1, 1), (1, 24 * 40)])
async def test_a_time_that_cannot_be_is_refused(context: Context, starts: int, ends: int) -> None:
    now = context.clock.now()
    with pytest.raises(Refused):
        await schedule(context, NewMaintenance("a", "b", ["api"], now + starts * HOUR, now + ends * HOUR), BOT)
