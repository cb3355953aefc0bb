"""A drill plays a past incident, and reports the result; on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.errors import Refused
from bot.domain.incident.status import Status
from bot.domain.timeline.entry import Entry, entry
from bot.usecases import search_index
from bot.usecases.context import Context
from bot.usecases.incidents.acknowledge import acknowledge
from bot.usecases.incidents.declare import Declaration, declare
from bot.usecases.incidents.resolve import resolve
from bot.usecases.lapsed.dispatch import handle_lapsed
from bot.usecases.queries import search
from storage import deadlines, incidents
from storage.outbox import queue
from storage.timeline import entries as timeline
from tests.storage.helpers import incident
from tests.usecases.conftest import START, MakeContext, MovableClock

THEN = START - timedelta(days=30)


async def past(context: Context) -> None:
    at = {"declared_at": THEN, "detected_at": THEN, "ended_at": THEN + timedelta(hours=1)}
    async with context.database.transaction() as conn:
        await incidents.skip_numbers(conn, 1)
        await incidents.insert(conn, incident(1, title="Search is down", status=Status.RESOLVED, **at))
        rows = [
            entry(THEN + timedelta(minutes=1), "alert", "prometheus", "Latency is high"),
            Entry(THEN + timedelta(minutes=20), "message", "U0MAYA0000", "<@U0BEN00000> the index is <!here> gone"),
        ]
        await timeline.append(conn, 1, rows)


async def lapse(context: Context) -> None:
    async with context.database.transaction() as conn:
        rows = await deadlines.claim(conn, context.clock.now(), 50)
    await handle_lapsed(context, rows)


async def entry_texts(context: Context) -> list[str]:
    async with context.database.reading() as conn:
        return [r.entry.text for r in await timeline.read(conn, 2) if r.entry.data.get("of") == "INC-1"]


async def test_what_came_in_then_comes_in_again_and_is_compared(make_context: MakeContext, clock: MovableClock) -> None:
    context = make_context("preset: sev1-5\n")
    await past(context)
    await declare(context, Declaration("Replay of INC-1", "sev1", "U0MAYA0000", drill=True, plays=1))
    for minute in (0.5, 1, 2.5, 3):
        clock.instant = START + timedelta(minutes=minute)
        await lapse(context)
    first, second = await entry_texts(context)
    assert "Latency is high" in first
    assert "+20 min" in second
    assert "<@" not in second
    assert "<!" not in second
    await acknowledge(context, 2, "U0MAYA0000")
    await resolve(context, 2, "U0MAYA0000", summary="done")
    for _ in range(2):
        await lapse(context)
    (compared,) = (await entry_texts(context))[2:]
    assert "acknowledged after never then, 3m now" in compared
    async with context.database.transaction() as conn:
        kinds = {row.kind for row in await queue.claim(conn, 99)}
    assert not {kind for kind in kinds if kind.startswith("page_vendor") or kind.startswith("page_direct")}


async def played(context: Context, clock: MovableClock, *rows: Entry, ended: timedelta = timedelta(hours=9)) -> None:
    """Play a past incident with these entries at 60 times its speed, until nothing is left."""
    at = {"declared_at": THEN, "detected_at": THEN, "ended_at": THEN + ended}
    async with context.database.transaction() as conn:
        await incidents.skip_numbers(conn, 1)
        await incidents.insert(conn, incident(1, severity="sev2", status=Status.RESOLVED, **at))
        await timeline.append(conn, 1, rows)
    await declare(context, Declaration("", "", "U0MAYA0000", drill=True, plays=1, speed=60))
    for _ in range(200):
        clock.instant += timedelta(seconds=3)
        await lapse(context)


def message(number: int, minutes: float, actor: str = "U0MAYA0000", **data: object) -> Entry:
    at = THEN + timedelta(minutes=minutes)
    return Entry(at, "message", actor, f"line {number}.", source_ts=f"17.{number:06}", data=dict(data))


async def test_everything_is_played_once_and_in_order_whatever_stands_between(
    make_context: MakeContext, clock: MovableClock
) -> None:
    context = make_context("preset: sev1-5\n")
    rows = [message(number, 30 + number) for number in range(130)]
    rows[40:40] = [message(500 + number, 69.5, "B0DEPLOYS", bot="deploys") for number in range(120)]
    rows.append(message(998, 31.5))  # Slack delivered it late
    rows.append(Entry(THEN + timedelta(hours=2), "message_deleted", "U0MAYA0000", source_ts="17.000007"))
    rows.append(message(999, 10 * 60))  # after the end
    await played(context, clock, *rows)
    texts = "\n".join(await entry_texts(context))
    told = [line.partition("line ")[2].rstrip(".") for line in texts.splitlines() if "line " in line]
    expected = [str(number) for number in range(130) if number != 7]
    expected.insert(2, "998")
    assert told == expected


async def test_a_drill_takes_title_and_severity_from_what_it_plays(
    make_context: MakeContext, clock: MovableClock
) -> None:
    context = make_context("preset: sev1-5\n")
    await played(context, clock)
    async with context.database.reading() as conn:
        drill = await incidents.get(conn, 2)
    assert drill is not None
    assert (drill.title, drill.severity, drill.drill) == ("Replay of INC-1: Checkout is down", "sev2", True)


async def test_a_drill_is_not_shown_the_answer_of_the_incident_that_it_plays(
    make_context: MakeContext, clock: MovableClock
) -> None:
    context = make_context("preset: sev1-5\n")
    await declare(context, Declaration("Checkout is down", "sev2", "U0MAYA0000"))
    await resolve(context, 1, "U0MAYA0000", summary="Rolled back")
    for number in range(20):
        await declare(context, Declaration(f"Invoices of region {number} are late", "sev3", "U0MAYA0000"))
    drill = (await declare(context, Declaration("", "", "U0MAYA0000", drill=True, plays=1, speed=60))).number
    while await search_index.index_due(context.database):
        pass
    async with context.database.reading() as conn:
        incident_of_drill = await incidents.get(conn, drill)
        assert incident_of_drill is not None
        shown = await search.similar_to(conn, incident_of_drill, START)
        others = await search.similar_to(conn, replace(incident_of_drill, plays=None), START)
    assert [similar.incident.number for similar in others] == [1]
    assert shown == []


async def test_one_step_reads_a_page_of_the_past_incident_and_not_the_whole(
    make_context: MakeContext, clock: MovableClock
) -> None:
    context = make_context("preset: sev1-5\n")
    await played(context, clock, *(message(number, 500 + number / 60) for number in range(400)))
    async with context.database.reading() as conn:
        page = await timeline.next_of_kinds(conn, 1, ("message",), 200, THEN + timedelta(hours=9), 50)
    assert [record.seq for record in page] == list(range(201, 251))


async def test_a_private_incident_is_not_played(make_context: MakeContext) -> None:
    context = make_context("preset: sev1-5\n")
    async with context.database.transaction() as conn:
        await incidents.skip_numbers(conn, 1)
        await incidents.insert(conn, incident(1, private=True, status=Status.RESOLVED, ended_at=THEN))
    with pytest.raises(Refused):
        await declare(context, Declaration("Replay", "sev1", "U0EVE00000", drill=True, plays=1))
