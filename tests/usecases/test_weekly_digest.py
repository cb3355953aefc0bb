"""The digest of a week is queued once, by a stored instant; on both databases."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.domain.actions.item import ActionItem
from bot.domain.figures.week import load_of, next_digest
from bot.domain.incident.state import Review
from bot.domain.incident.status import Status
from bot.domain.policy.figures import WeeklyDigest
from bot.domain.routing.notice import NoticeKind
from bot.domain.timeline.entry import entry
from bot.slack.blocks.week import digest
from bot.usecases.context import Context
from bot.usecases.weekly_digest import queue_digest, read_week
from sandbox.blocks import block_errors
from storage import actions, incidents
from storage.outbox import enqueue, queue
from storage.timeline import entries
from tests.storage.helpers import incident
from tests.usecases.conftest import MakeContext, MovableClock

POLICY = 'preset: sev1-5\ntimezone: Europe/Berlin\nweekly_digest: {channel: "#incidents", day: monday, at: "09:00"}\n'
MONDAY = datetime(2026, 3, 30, 7, tzinfo=UTC)  # nine o'clock in Berlin, the day after summer time began
WEEK = timedelta(days=7)


def test_the_digest_keeps_its_local_time_over_summer_time() -> None:
    context_zone = ZoneInfo("Europe/Berlin")
    before = next_digest(WeeklyDigest("#x"), MONDAY - WEEK - timedelta(hours=2), context_zone)
    assert before == MONDAY - WEEK + timedelta(hours=1)
    assert next_digest(WeeklyDigest("#x"), before, context_zone) == MONDAY


def test_nights_and_weekends_are_counted_for_each_person() -> None:
    saturday_night = datetime(2026, 3, 28, 23, tzinfo=UTC)
    load = load_of([(saturday_night, ["U1", "U2"]), (MONDAY, ["U1"])], UTC)
    assert (load.pages, load.at_night, load.on_weekends, load.people) == (3, 2, 2, 2)


async def queued_digests(context: Context) -> list[str]:
    async with context.database.transaction() as conn:
        rows = await queue.claim(conn, 9)
        return sorted(row.key for row in rows if row.kind == NoticeKind.WEEKLY_DIGEST)


async def test_a_digest_is_queued_once_however_often_and_late_it_is_looked_for(
    make_context: MakeContext, clock: MovableClock
) -> None:
    context = make_context(POLICY)
    clock.instant = MONDAY - timedelta(hours=1)
    assert [await queue_digest(context) for _ in range(2)] == [False, False]  # planned, and not due
    clock.instant = MONDAY + timedelta(seconds=1)
    assert [await queue_digest(context) for _ in range(2)] == [True, False]
    clock.instant = MONDAY + 3 * WEEK + timedelta(days=2)  # the bot was down
    assert [await queue_digest(context) for _ in range(2)] == [True, False]
    assert len(await queued_digests(context)) == 2


async def test_replicas_that_look_at_once_queue_one_digest(make_context: MakeContext, clock: MovableClock) -> None:
    contexts = [make_context(POLICY) for _ in range(3)]
    clock.instant = MONDAY - timedelta(hours=1)
    await asyncio.gather(*(queue_digest(context) for context in contexts))
    for weeks in range(4):
        clock.instant = MONDAY + weeks * WEEK + timedelta(seconds=1)
        assert sum(await asyncio.gather(*(queue_digest(context) for context in contexts))) == 1
    assert len(await queued_digests(contexts[0])) == 4


async def test_a_digest_is_not_lost_where_a_process_dies_before_its_commit(
    make_context: MakeContext, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = make_context(POLICY)
    clock.instant = MONDAY - timedelta(hours=1)
    await queue_digest(context)
    clock.instant = MONDAY + timedelta(seconds=1)

    async def dies(*_: object) -> None:
        raise asyncio.CancelledError

    with monkeypatch.context() as broken:
        broken.setattr(enqueue, "put", dies)
        with pytest.raises(asyncio.CancelledError):
            await queue_digest(context)
    assert await queued_digests(context) == []
    assert [await queue_digest(context) for _ in range(2)] == [True, False]
    assert len(await queued_digests(context)) == 1


async def test_a_digest_says_what_is_owed_and_names_nothing_private(
    make_context: MakeContext, clock: MovableClock
) -> None:
    context = make_context(POLICY)
    clock.instant = MONDAY
    done = {"status": Status.RESOLVED, "ended_at": MONDAY - WEEK / 2, "review": Review(MONDAY - WEEK, due_at=MONDAY)}
    at = {"declared_at": MONDAY - WEEK / 2, "detected_at": MONDAY - WEEK / 2}
    async with context.database.transaction() as conn:
        for each in (
            incident(1, title="Search is slow", **at),
            incident(2, title="Payments are down", **{**at, **done}),
            incident(3, title="Secret breach", private=True, **at),
            incident(4, title="Secret leak", private=True, **{**at, **done}),
        ):
            await incidents.insert(conn, each)
        for number in (1, 3):
            due = (MONDAY - timedelta(days=9)).date()
            title = "Secret item" if number == 3 else "Alert on the pool"
            await actions.insert(conn, ActionItem(number, 1, title, "U1", MONDAY, due=due))
        await entries.append(conn, 1, [entry(MONDAY - timedelta(hours=5), "page", "bot", "Rung 1", people=["U1"])])
    week = await read_week(context, MONDAY)
    message = digest(week, MONDAY.date(), "/incident")
    assert block_errors(message.blocks, "message") == []
    said = str(message.blocks)
    for words in (
        "4 incidents, 2 open now",
        "Search is slow",
        "INC-2* Payments are down, due 30 Mar",
        "Alert on the pool",
        "1 page to 1 person, 1 at night",
    ):
        assert words in said, words
    assert "Secret" not in said
    assert (week.open_total, week.overdue_total) == (2, 2)
