"""The oracle of reminders notices one that is lost, sent twice, outside working hours, or about a settled item."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.routing.notice import Notice, NoticeKind
from bot.usecases.actions.remind import remind_owners
from bot.usecases.queries.actions import ActionMatches
from bot.usecases.weekly_digest import queue_digest
from storage import actions
from storage.outbox import enqueue, queue
from tests.scenarios.assertions import direct_messages
from tests.scenarios.running import MovableClock, World, policy_file, running_world
from tests.torture import oracle
from tests.torture.course import Course
from tests.torture.days import POLICY
from tests.torture.oracle import Verdict
from tests.torture.reminder_oracle import action_reminders
from tests.torture.replicas import nothing_waits
from tests.torture.review_oracle import reviews, weekly_digests
from tests.waiting import WITHIN_S

Break = Callable[[pytest.MonkeyPatch], None]
MONDAY = datetime(2027, 1, 4, 15, tzinfo=UTC)
# Well after what is due a day or more after the declaration, whatever the seconds that a machine takes for it.
TUESDAY, WEDNESDAY, THURSDAY, NEXT_MONDAY = (datetime(2027, 1, day, 15, 10, tzinfo=UTC) for day in (5, 6, 7, 11))
REMINDERS = (
    NoticeKind.ACTION_REMINDER, NoticeKind.REVIEW_REMINDER, NoticeKind.REVIEW_POINT, NoticeKind.WEEKLY_DIGEST,
)  # fmt: skip


def nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the bot as it is."""


def lose_reminders(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next one is planned, and this one is not queued."""
    _queue(monkeypatch, lambda notice: [])


def double_reminders(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is queued under two keys, and nobody looks whether another goes out."""

    async def no_others(*_: object) -> list[object]:
        return []

    monkeypatch.setattr("storage.outbox.reminded.others", no_others)
    _queue(monkeypatch, lambda notice: [notice, replace(notice, dedup_key=f"{notice.dedup_key}:again")])


def remind_at_any_hour_of_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody looks at the clock, nor at what is settled. From Tuesday on: before that nothing is."""

    async def all_items(conn: AsyncConnection, *_: Any, **__: Any) -> ActionMatches:
        items = await actions.of_incident(conn, 1)
        return ActionMatches(tuple(items), {}, len(items), {})

    for rules in ("reminder_oracle", "review_oracle"):  # nothing is under way as the clock of a scenario jumps
        monkeypatch.setattr(f"tests.torture.{rules}.UNDER_WAY_S", 0.0)
    monkeypatch.setattr("bot.slack.senders.actions.find_live", all_items)
    monkeypatch.setattr("bot.domain.values.working_hours.until_working_hours", lambda *_: timedelta())
    monkeypatch.setattr("bot.domain.incident.review_reminders.in_working_hours", lambda instant, _: instant)


def _queue(monkeypatch: pytest.MonkeyPatch, instead: Callable[[Notice], list[Notice]]) -> None:
    put = enqueue.put

    async def broken(conn: Any, notices: Sequence[Notice]) -> None:
        await put(conn, [n for notice in notices for n in (instead(notice) if notice.kind in REMINDERS else [notice])])

    monkeypatch.setattr(enqueue, "put", broken)


class Steps:
    """The clock of a scenario, as a clock that is set."""

    def __init__(self, world: World) -> None:
        self._here = world

    def step(self, seconds: float) -> None:
        clock = self._here.tocsin.context.clock
        assert isinstance(clock, MovableClock)
        clock.ahead += timedelta(seconds=seconds)

    def now(self) -> datetime:
        return self._here.tocsin.context.clock.now()


async def _go_to(world: World, course: Course, instant: datetime) -> None:
    """Let the clock jump, have everything looked at twice, as by two replicas, and wait until all is quiet."""
    course.go_to(instant)
    async with world.tocsin.database.transaction() as conn:
        await queue.wake(conn)
    for _ in range(2):
        await remind_owners(world.tocsin.context)
        await queue_digest(world.tocsin.context)
    await _quiet(world, course)
    course.quiet.append(course.clock.now())


async def _quiet(world: World, course: Course) -> None:
    """Until nothing waits but for somebody's morning."""
    world.tocsin.context.wakeups.notify()
    async with asyncio.timeout(WITHIN_S):
        while not await nothing_waits(world.tocsin.database, course.clock):
            await world.tocsin.scheduler.tick()
            await asyncio.sleep(0.02)
    await world.ws.settled(WITHIN_S)


async def _fortnight(world: World, later: Callable[[], None] | None) -> list[str]:
    """Two items and a review come due, a week passes, and the oracle is asked. `later` breaks the bot on Tuesday."""
    await world.pass_time(seconds=0)  # the clock can be moved from now on
    course = Course(Steps(world))
    await _go_to(world, course, MONDAY)
    channel = await world.declare("sev1 Payments are down")
    await world.maya.command(channel.id, "/incident action Alert on the pool @tom by in 3 business days P1")
    await world.maya.command(channel.id, "/incident action Rehearse the failover @tom by in 4 business days P2")
    await world.maya.command(channel.id, "/incident resolve rolled back")
    await _go_to(world, course, MONDAY + timedelta(minutes=1))
    await _go_to(world, course, TUESDAY)
    for message in direct_messages(world, "U0TOM00000", "action items to do")[:1]:
        await world.tom.press(message, "Done")
    await _quiet(world, course)
    if later is not None:
        later()
    await _go_to(world, course, WEDNESDAY + timedelta(hours=7.5 if later else 0))
    await _go_to(world, course, THURSDAY)
    await _go_to(world, course, NEXT_MONDAY)
    verdict = Verdict()
    shown: Any = SimpleNamespace(
        clock=course.clock, ws=world.ws, freezes=0, course=course, schedule=SimpleNamespace(days=(1,)),
        people=SimpleNamespace(settled=[], erased=set()),
    )  # fmt: skip
    snapshot = await oracle._read(world.settings.url)
    for rule in (action_reminders, reviews, weekly_digests):
        rule(shown, snapshot, verdict)
    if later is None:
        assert verdict.counts["reminders that were due"]
        assert verdict.counts["reminders of reviews that were due"] == 4
        assert verdict.counts["digests that were due"] == 1
    return verdict.wrong


@pytest.mark.parametrize(
    ("broken", "wrong"),
    [
        (nothing, ()),
        (lose_reminders, ("was not reminded of AI-1-1", "nobody was reminded of its review", "the digest of the week")),
        (double_reminders, ("was reminded 2 times", "2 reminders of its review", "the digest of the week")),
        (remind_at_any_hour_of_anything, ("was not theirs to do", "was reminded at Wed 17:40", "its review at Wed 23")),
    ],
)
async def test_a_reminder_that_is_lost_doubled_or_needless_is_noticed(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: Break, wrong: tuple[str, ...]
) -> None:
    late = broken is remind_at_any_hour_of_anything
    if not late:
        broken(monkeypatch)
    async with running_world(sqlite_url, policy=policy_file(tmp_path, POLICY)) as world:
        found = await _fortnight(world, (lambda: broken(monkeypatch)) if late else None)
    assert bool(found) == bool(wrong), found
    for words in wrong:
        assert any(words in each for each in found), (words, found)
