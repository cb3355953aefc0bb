"""Texts past the policy's `keep` are deleted in small steps; needed ones stay; the chain verifies."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot import policy as policies
from bot.domain.deadlines import Deadline, DeadlineState
from bot.domain.errors import TocsinError
from bot.domain.incident import Incident
from bot.domain.incident.status import Status
from bot.domain.routing.notice import Notice, NoticeKind
from bot.domain.timeline.entry import entry
from bot.usecases import search_index
from bot.usecases.context import Context, Policies
from bot.usecases.queries.search import search
from bot.workers.retention import Retention
from bot.workers.timer import Timer
from storage import deadlines, incidents, ingest, retention
from storage.database import Database
from storage.outbox import census, enqueue, queue, receipts
from storage.timeline import entries as timeline
from storage.timeline import verify
from tests.storage.helpers import MINUTE, NOW, incident, message_entry
from tests.waiting import WITHIN_S

DAY = timedelta(days=1)
KEEP = 400 * DAY
LONG_AGO = NOW - KEEP - DAY


@dataclass
class Stopped:
    instant: datetime = NOW

    def now(self) -> datetime:
        return self.instant

    def at(self, wall_s: float) -> datetime:
        return datetime.fromtimestamp(wall_s, UTC)

    def wall(self, instant: datetime) -> float:
        return instant.timestamp()


def context(database: Database, keep: timedelta | None = KEEP) -> Context:
    policy = replace(policies.preset("sev1-5"), keep=keep)
    return Context(database, Policies(policy, {}, lambda document: policy), Stopped())


def ended_incident(number: int, at: Any, **more: Any) -> Incident:
    return incident(number, status=Status.RESOLVED, declared_at=at - DAY, resolved_at=at, ended_at=at, **more)


async def put(database: Database, found: Incident, *entries: Any) -> None:
    async with database.transaction() as conn:
        await incidents.next_number(conn)
        await incidents.insert(conn, found)
        await timeline.append(conn, found.number, entries)


async def texts(database: Database, number: int) -> list[str]:
    async with database.reading() as conn:
        return [r.entry.text for r in await timeline.read(conn, number) if r.entry.kind != "purged"]


async def faults(database: Database) -> list[str]:
    return [fault.message async for r in verify.verify_all(database.snapshot) for fault in r.faults]


def conversation(at: Any) -> list[Any]:
    return [
        entry(at, "declared", "U1", "sev2: down", severity="sev2"),
        message_entry("secret words", "1.0", at=at, data={"link": "https://example.org/1"}),
        entry(at, "resolved", "U1", "switched off"),
    ]


async def test_the_words_of_what_ended_long_ago_go_and_all_else_stays(database: Database) -> None:
    await put(
        database, ended_incident(1, LONG_AGO), *conversation(LONG_AGO), message_entry("later", "2.0", at=NOW - DAY)
    )
    await put(database, ended_incident(2, NOW - DAY), *conversation(LONG_AGO))
    await put(database, incident(3, declared_at=LONG_AGO), *conversation(LONG_AGO))
    assert await Retention(context(database)).round() == 3
    assert await texts(database, 1) == ["", "", "", "later"]
    assert await texts(database, 2) == await texts(database, 3) == ["sev2: down", "secret words", "switched off"]
    async with database.transaction() as conn:
        records = await timeline.read(conn, 1)
        assert [(r.seq, r.entry.kind, r.entry.actor, r.entry.at, r.purged) for r in records[:3]] == [
            (1, "declared", "U1", LONG_AGO, True),
            (2, "message", "U1", LONG_AGO, True),
            (3, "resolved", "U1", LONG_AGO, True),
        ]
        assert records[1].entry.data == {}
        assert (records[4].entry.kind, records[4].entry.data) == ("purged", {"first": 1, "last": 3, "count": 3})
        assert await timeline.append(conn, 1, [message_entry("secret words", "1.0")]) == []  # it is still known
    assert await faults(database) == []
    assert await Retention(context(database)).round() == 0


async def test_without_keep_no_words_go(database: Database) -> None:
    await put(database, ended_incident(1, LONG_AGO), *conversation(LONG_AGO))
    assert await Retention(context(database, None)).round() == 0
    assert await texts(database, 1) == ["sev2: down", "secret words", "switched off"]


async def test_much_is_purged_in_steps_of_bounded_size(database: Database) -> None:
    count = 2 * retention.ENTRIES_PER_TRANSACTION + 10
    await put(
        database, ended_incident(1, LONG_AGO), *[message_entry(str(n), f"{n}.0", at=LONG_AGO) for n in range(count)]
    )
    assert await Retention(context(database)).round() == count
    async with database.reading() as conn:
        steps = [r.entry.data for r in await timeline.read(conn, 1) if r.entry.kind == "purged"]
    assert [step["count"] for step in steps] == [
        retention.ENTRIES_PER_TRANSACTION,
        retention.ENTRIES_PER_TRANSACTION,
        10,
    ]
    assert await faults(database) == []


async def test_words_that_came_after_the_purge_go_when_they_are_old_themselves(database: Database) -> None:
    await put(
        database, ended_incident(1, LONG_AGO), *conversation(LONG_AGO), message_entry("later", "2.0", at=NOW - DAY)
    )
    world = context(database)
    await Retention(world).round()
    await database.appender.append(1, [message_entry("much later", "3.0", at=NOW)])
    world.clock = Stopped(NOW + KEEP - MINUTE)
    assert await Retention(world).round() == 1
    assert (await texts(database, 1))[3:] == ["", "much later"]
    world.clock = Stopped(NOW + 2 * KEEP + DAY)
    assert await Retention(world).round() == 1
    assert await faults(database) == []


async def test_an_incident_that_was_reopened_keeps_its_words(database: Database) -> None:
    await put(database, ended_incident(1, LONG_AGO), *conversation(LONG_AGO))
    async with database.transaction() as conn:
        await incidents.save(conn, incident(1, declared_at=LONG_AGO))
    assert await Retention(context(database)).round() == 0


async def test_replicas_that_go_round_at_once_purge_once(database: Database) -> None:
    for number in range(1, 6):
        await put(database, ended_incident(number, LONG_AGO), *conversation(LONG_AGO))
    rounds = await asyncio.gather(*(Retention(context(database)).round() for _ in range(3)))
    assert sum(rounds) == 15
    assert await faults(database) == []


async def test_the_archive_is_written_before_words_go_and_once(database: Database, tmp_path: Path) -> None:
    await put(database, ended_incident(1, LONG_AGO), *conversation(LONG_AGO))
    archive = tmp_path / "archive"
    await Retention(context(database), archive, lambda: ["switched"]).round()
    await Retention(context(database), archive).round()
    (path,) = archive.iterdir()
    assert (path.name, path.stat().st_mode & 0o777) == ("INC-1-3.jsonl", 0o600)
    kept = [json.loads(line) for line in path.read_text().splitlines()]
    assert [r["text"] for r in kept if r["type"] == "entry"] == ["sev2: down", "secret words", "••• off"]


async def test_what_cannot_be_archived_is_not_purged(database: Database, tmp_path: Path) -> None:
    await put(database, ended_incident(1, LONG_AGO), *conversation(LONG_AGO))
    (tmp_path / "archive").write_text("a file stands here")
    with pytest.raises(TocsinError, match="cannot be made"):
        await Retention(context(database), tmp_path / "archive").round()
    assert await texts(database, 1) == ["sev2: down", "secret words", "switched off"]


async def test_the_ledger_of_what_ended_long_ago_goes_but_for_what_is_still_needed(database: Database) -> None:
    kinds = ("channel", "card", "announce", "invite", "news", "nudge", "page_direct", "update")
    for number, at in ((1, LONG_AGO), (2, NOW - DAY)):
        await put(database, ended_incident(number, at), *conversation(at))
        async with database.transaction() as conn:
            plan = [Deadline(f"{name}:{number}", "update", at, "every 1h") for name in ("a", "b", "c")]
            await deadlines.sync(conn, number, plan, lambda once: "", at)
            await deadlines.decide(conn, f"a:{number}", DeadlineState.SKIPPED, "resolved", at)
            await deadlines.decide(conn, f"b:{number}", DeadlineState.DUE, "on its way", at)
            await enqueue.put(conn, [Notice(f"{kind}:{number}", NoticeKind(kind), number) for kind in kinds])
            for row in await queue.claim(conn, 20):
                if row.kind == "update":
                    await queue.mark_failed(conn, row, "it could not")
                else:
                    await queue.mark_sent(conn, row, {"ts": "1.0"})
    await Retention(context(database)).round()
    async with database.reading() as conn:
        assert [row.dedup_key for row in await deadlines.ledger(conn, 1)] == ["b:1", "c:1"]
        assert len(await deadlines.ledger(conn, 2)) == 3
        assert await receipts.get_many(conn, [f"{kind}:1" for kind in kinds]) == {
            f"{kind}:1": {"ts": "1.0"} for kind in ("channel", "card", "announce", "invite")
        }
        assert [failure.dedup_key for failure in await census.failures(conn, 1)] == ["update:1"]
        assert len(await receipts.get_many(conn, [f"{kind}:2" for kind in kinds])) == 7


async def test_deliveries_and_answers_of_a_month_ago_go(database: Database) -> None:
    async with database.transaction() as conn:
        for n in range(retention.ROWS_PER_TRANSACTION + 5):
            await ingest.claim_delivery(conn, f"old:{n}", NOW - 31 * DAY)
        await ingest.claim_delivery(conn, "new", NOW - 29 * DAY)
        answers = [Notice(f"answer:{number}", NoticeKind.ANSWER) for number in (1, 2)]
        await enqueue.put(conn, [*answers, Notice("home:U1", NoticeKind.HOME)])
        for row in await queue.claim(conn, 3):
            if row.dedup_key != "answer:2":
                await queue.mark_sent(conn, row, {})
        await conn.execute(sa.text("UPDATE outbox SET created_at = 0"))
        await enqueue.put(conn, [Notice("answer:3", NoticeKind.ANSWER)])
    assert await Retention(context(database, None)).round() == retention.ROWS_PER_TRANSACTION + 6
    async with database.transaction() as conn:
        assert not await ingest.claim_delivery(conn, "new", NOW)
        assert await conn.scalar(sa.text("SELECT count(*) FROM deliveries")) == 1
        left = await conn.scalars(sa.text("SELECT once FROM outbox ORDER BY id"))
        assert list(left) == ["answer:2", "home:U1", "answer:3"]


async def test_it_goes_round_by_itself_and_goes_on_after_a_failure(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.workers.retention.FIRST_S", 0.0)
    monkeypatch.setattr("bot.workers.retention.EVERY_S", 0.01)
    await put(database, ended_incident(1, LONG_AGO), *conversation(LONG_AGO))
    looked = retention.ended_incidents
    failures = iter([ZeroDivisionError()])

    async def fails_once(*given: Any) -> Any:
        if (error := next(failures, None)) is not None:
            raise error
        return await looked(*given)

    monkeypatch.setattr(retention, "ended_incidents", fails_once)
    timer = Timer()
    timer.add(Retention(context(database)).periodic)
    await timer.start()
    async with asyncio.timeout(WITHIN_S):
        while "secret words" in await texts(database, 1):
            await asyncio.sleep(0.01)
    await timer.stop(1.0)
    assert await faults(database) == []


async def test_nobody_finds_an_incident_by_words_that_are_gone(database: Database) -> None:
    await put(database, ended_incident(1, LONG_AGO), entry(LONG_AGO, "note", "U1", "flux capacitor"))
    await search_index.index_due(database)

    async def found(words: str) -> int:
        async with database.reading() as conn:
            return len(await search(conn, words, None, NOW))

    assert await found("capacitor") == 1
    await Retention(context(database)).round()
    assert await found("capacitor") == 0
    assert await found("checkout") == 1
