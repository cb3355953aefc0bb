"""`tocsin verify`, `export` and `backup` as an operator types them, on the records of a working bot."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import aclosing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from bot import export
from bot.cli.main import main
from bot.domain.deadlines import Deadline
from bot.domain.oncall.schedule import Override
from bot.domain.timeline.entry import GENESIS, Entry, content_hash, entry_hash
from bot.usecases.incidents.declare import Declaration, declare
from storage import deadlines as ledger
from storage import overrides
from storage.database import Database
from storage.engine.columns import dumps
from storage.open import open_database
from storage.schema import deadlines, outbox, timeline
from storage.timeline import entries as timeline_
from tests.conftest import BOTH
from tests.databases import run
from tests.scenarios.running import World, running_world, start
from tests.storage.helpers import MINUTE, NOW, message_entry, store_incidents
from tests.waiting import WITHIN_S

CANARY = 'c4n4ry-"Zx9/Qq\\+secret'


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither this checkout's policy nor its `.env` is meant."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TOCSIN_POLICY", raising=False)


@pytest.fixture(scope="module", params=BOTH)
def original(request: pytest.FixtureRequest) -> Iterator[tuple[Any, str]]:
    """A database in which two incidents stand, one of them private, both with something of everything."""
    server = request.getfixturevalue("sqlite_files" if request.param == "sqlite" else "postgresql")
    url = server.create()
    run(_work(url))
    yield server, url
    if request.param == "postgresql":
        server.give_back(url)


@pytest.fixture
def own_copy(original: tuple[Any, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A copy of it of the test's own."""
    server, first = original
    url = server.create(like=first)
    monkeypatch.setenv("DATABASE_URL", url)
    yield url
    if url.startswith("postgresql"):
        server.drop(url)


async def _work(url: str) -> None:
    async with running_world(url) as world:
        await _incidents(world)


async def _incidents(world: World) -> None:
    channel = await world.declare()
    await world.maya.say(channel.id, "der Zähler steht still 💥")
    await world.maya.say(channel.id, f"the password is {CANARY}")
    await world.maya.command(channel.id, "/incident note rolled back")
    await declare(world.tocsin.context, Declaration("Quiet one", "sev3", world.maya.id, private=True))
    await world.incident_channel(2)
    await world.maya.command(channel.id, "/incident resolve done")
    await world.delivered()


def tocsin(*arguments: str) -> Result:
    return CliRunner().invoke(main, [*arguments])


def records(*arguments: str) -> list[dict[str, Any]]:
    done = tocsin("export", *arguments)
    assert done.exit_code == 0, done.output
    return [json.loads(line) for line in done.stdout.splitlines()]


def of(found: list[dict[str, Any]], kind: str, incident: str = "INC-1") -> list[dict[str, Any]]:
    return [record for record in found if record["type"] == kind and record.get("incident") == incident]


def test_verify_reports_whether_the_chain_is_intact(own_copy: str) -> None:
    done = tocsin("verify")
    assert (done.exit_code, done.stdout[:14]) == (0, "✓ 2 incidents,")
    before = json.loads(tocsin("verify", "--json").stdout)
    assert (before["ok"], before["faults"], before["heads"].keys()) == (True, [], {"INC-1", "INC-2"})
    run(execute_sql(own_copy, "UPDATE timeline SET text = 'not so' WHERE incident = 1 AND seq = 2"))
    done = tocsin("verify")
    assert (done.exit_code, done.stdout.splitlines()[0]) == (1, "✗ INC-1: entry 2 was changed")
    assert tocsin("verify", "INC-2").exit_code == 0
    done = tocsin("verify", "inc-1", "--json")
    assert done.exit_code == 1
    assert json.loads(done.stdout)["faults"] == [{"incident": "INC-1", "entry": 2, "words": "entry 2 was changed"}]


def test_verify_with_a_noted_end_finds_a_truncated_chain(own_copy: str, tmp_path: Path) -> None:
    (tmp_path / "heads.json").write_text(tocsin("verify", "--json").stdout)
    assert tocsin("verify", "--against", "heads.json").exit_code == 0
    run(
        execute_sql(
            own_copy,
            "DELETE FROM timeline WHERE incident = 1 AND seq = (SELECT seq FROM chains WHERE incident = 1)",
            "UPDATE chains SET seq = seq - 1, head = (SELECT hash FROM timeline AS t WHERE t.incident = 1 "
            "AND t.seq = chains.seq - 1) WHERE incident = 1",
        )
    )
    assert tocsin("verify").exit_code == 0
    done = tocsin("verify", "--against", "heads.json")
    assert done.exit_code == 1
    assert "which was there before, is missing" in done.stdout


def test_an_unknown_incident_is_reported_as_unknown(own_copy: str) -> None:
    for command in ("verify", "export"):
        done = tocsin(command, "INC-9")
        assert (done.exit_code, done.stderr) == (1, "There is no incident INC-9. See them all: tocsin list all\n")
    assert "not an incident ID" in tocsin("verify", "nine").stderr


def test_the_export_holds_every_row_that_the_database_holds(own_copy: str) -> None:
    found = records("--all")
    assert (found[0]["type"], found[-1]) == ("export", {"type": "end", "incidents": 2})
    stored = run(_rows(own_copy))
    for table, kind, left_out in (
        (timeline, "entry", set()),
        (deadlines, "reminder", {"lease_until", "fence"}),
        (outbox, "notice", {"metadata_key", "fence"}),
    ):
        columns = {column.name for column in table.c} - {"incident", "payload"} - left_out
        for number in (1, 2):
            expected = [row for row in stored[table.name] if row["incident"] == number]
            given = of(found, kind, f"INC-{number}")
            if kind == "entry":  # given in the order of time, chained in that of arrival
                given.sort(key=lambda record: record["seq"])
                expected.sort(key=lambda row: row["seq"])
            assert [{name: row[name] for name in columns} for row in given] == [
                {name: _as_text(row[name]) for name in columns} for row in expected
            ]
    assert of(found, "incident")[0]["state"] == stored["incidents"][0]["state"]
    assert {record["private"] for record in found if record.get("incident") == "INC-2"} == {True}
    assert {record["incident"] for record in records("--all", "--public") if "incident" in record} == {"INC-1"}


def test_the_chain_can_be_verified_from_the_export_alone(own_copy: str) -> None:
    """With nothing but what docs/record.md says."""
    found = records("INC-1")
    previous = GENESIS
    for record in sorted(of(found, "entry"), key=lambda record: record["seq"]):
        item = Entry(
            datetime.fromisoformat(record["at"]), record["kind"], record["actor"],
            source_ts=record["source_ts"], dedup_key=record["once"], key=record["key"],
        )  # fmt: skip
        content = record["purged"] or content_hash(record["text"], dumps(record["data"]))
        linked = entry_hash(previous, 1, record["seq"], item, content, by_person=record["by_person"])
        assert (record["previous"], record["hash"]) == (previous, linked)
        previous = linked
    chain = of(found, "incident")[0]["chain"]
    assert chain == {"entries": len(of(found, "entry")), "hash": previous}


def test_no_secret_is_in_an_export(own_copy: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "WEBHOOK_SECRET", "PAGERDUTY_ROUTING_KEY"):
        monkeypatch.setenv(name, CANARY)
    run(execute_sql(own_copy, """UPDATE outbox SET error = 'it said c4n4ry-"Zx9/Qq\\+secret' WHERE id = 1"""))
    assert tocsin("export", "--all", "--output", "all.jsonl").exit_code == 0
    written = (tmp_path / "all.jsonl").read_text()
    for text in (written, tocsin("export", "--all", "--json").stdout, tocsin("export", "INC-1").stdout):
        assert "c4n4ry" not in text
        assert "the password is •••" in text
        assert "response_url" not in text
    assert (tmp_path / "all.jsonl").stat().st_mode & 0o777 == 0o600


def test_json_is_the_same_records_as_one_array(own_copy: str) -> None:
    whole = json.loads(tocsin("export", "INC-1", "--json").stdout)
    assert whole[1:] == records("INC-1")[1:]


def test_an_export_that_cannot_be_written_leaves_nothing_behind(own_copy: str, tmp_path: Path) -> None:
    done = tocsin("export", "INC-9", "--output", "nine.jsonl")
    assert done.exit_code == 1
    done = tocsin("export", "INC-1", "--output", "no/such/folder/one.jsonl")
    assert (done.exit_code, "cannot be written" in done.stderr) == (1, True)
    assert [path.name for path in tmp_path.iterdir() if "jsonl" in path.name] == []


def test_export_needs_a_number_or_all(own_copy: str) -> None:
    for arguments in ((), ("INC-1", "--all")):
        done = tocsin("export", *arguments)
        assert (done.exit_code, "Say which" in done.stderr) == (1, True)


async def test_a_backup_while_the_bot_writes_is_whole_and_can_be_served_from(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running_world(sqlite_url) as world:
        channel = await world.declare()
        said: list[str] = []

        async def talk() -> None:
            while True:
                said.append(f"message {len(said)}")
                await world.maya.say(channel.id, said[-1])
                await asyncio.sleep(0.01)

        talking = asyncio.create_task(talk())
        while len(recorded := await _messages(world)) < 20:
            await asyncio.sleep(0.01)
        done = await _process(sqlite_url, tmp_path, "backup", "copy.db")
        assert done == (0, "")
        at_copy = len(said)
        while len(said) < at_copy + 5:
            await asyncio.sleep(0.01)
        talking.cancel()
        await asyncio.gather(talking, return_exceptions=True)
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith("copy")) == ["copy.db"]
    restored = tmp_path / "restored.db"
    shutil.copy(tmp_path / "copy.db", restored)
    assert await _process(f"sqlite:///{restored}", tmp_path, "verify") == (0, "")
    async with running_world(f"sqlite:///{restored}") as again:
        texts = await _messages(again)
    assert len(texts) == len(set(texts))
    assert {*recorded} <= {*texts} <= {*said}, "all that was recorded before, and whatever was meanwhile"
    assert await _process(sqlite_url, tmp_path, "backup", "copy.db") == (
        1,
        "copy.db exists already, and a backup never overwrites a file. Name a new one.\n",
    )


async def _messages(world: World) -> list[str]:
    return [entry["text"] for entry in (await world.show())["timeline"] if entry["kind"] == "message"]


async def test_what_was_sent_after_the_backup_is_not_sent_again_after_a_restore(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with running_world(sqlite_url) as world:
        await world.declare()
        await world.delivered()
        world.ws.faults.down = True  # so that everything waits in the outbox
        await declare(world.tocsin.context, Declaration("Said once", "sev3", world.maya.id))
        await _due_of(world, 2)
        assert await _process(sqlite_url, tmp_path, "backup", "copy.db") == (0, "")
        world.ws.faults.down = False
        channel = await world.incident_channel(2)
        await world.delivered()
        before = [message.ts for message in world.ws.bot_messages(channel.id)]
        await world.tocsin.stop()
        for name in ("", "-wal", "-shm"):
            Path(f"{sqlite_url.removeprefix('sqlite:///')}{name}").unlink(missing_ok=True)
        shutil.copy(tmp_path / "copy.db", sqlite_url.removeprefix("sqlite:///"))
        assert await _process(sqlite_url, tmp_path, "restored") == (0, "")
        world.tocsin = await start(world.ws, world.settings)
        await world.delivered()
        assert [message.ts for message in world.ws.bot_messages(channel.id)] == before
        assert [name for name in world.ws.channel_names() if name.startswith("inc-2")] == [channel.name]
        assert (await world.show(2))["channel_id"] == channel.id


async def _due_of(world: World, number: int) -> None:
    """Wait until what is due at the declaration is a notice: that nobody can be paged."""
    notices = sa.select(sa.func.count()).where(outbox.c.incident == number, outbox.c.kind == "page_channel")
    async with asyncio.timeout(WITHIN_S):
        while True:
            async with world.tocsin.database.reading() as conn:
                if await conn.scalar(notices):
                    return
            await asyncio.sleep(0.02)


def test_a_backup_that_fails_says_why_and_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, sqlite_url: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/none.db")
    assert "could not be copied" in tocsin("backup", "copy.db").stderr
    (tmp_path / "letter.txt").write_text("Dear all, this is not a database, although it is long enough to be one." * 20)
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/letter.txt")
    assert "not an SQLite database" in tocsin("backup", "copy.db").stderr
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:secret@h/d")
    assert "pg_dump" in tocsin("backup", "copy.db").stderr
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("copy")] == []


async def test_an_export_is_read_in_pages(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.export_rows.PAGE", 3)
    await store_incidents(database, *range(1, 9))
    async with database.transaction() as conn:
        await timeline_.append(conn, 1, [message_entry(str(n), f"{n}.0") for n in range(1, 9)])
        plan = [Deadline(f"{n}:1", "update", NOW, "every 1h") for n in range(1, 9)]
        await ledger.sync(conn, 1, plan, lambda once: "", NOW)
        for n in range(8):
            await overrides.add(conn, Override("primary", "maya", NOW, NOW + (n + 1) * MINUTE), "U1", NOW)
    found = [record async for record in export.records(database)]
    assert [r["incident"] for r in found if r["type"] == "incident"] == [f"INC-{n}" for n in range(1, 9)]
    assert [r["seq"] for r in of(found, "entry")] == list(range(1, 9))
    assert [r["once"] for r in of(found, "reminder")] == [f"{n}:1" for n in range(1, 9)]
    assert [r["id"] for r in found if r["type"] == "overrides"] == list(range(1, 9))


async def test_a_cancelled_export_returns_its_connection(database: Database) -> None:
    await store_incidents(database)
    async with aclosing(export.records(database)) as found:
        async for record in found:
            if record["type"] == "incident":
                break
    assert database._reader.pool.checkedout() == 0  # type: ignore[attr-defined]  # of a queue pool


async def _process(url: str, folder: Path, *arguments: str) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-W", "error", "-m", "bot", *arguments, cwd=folder, stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "DATABASE_URL": url, "PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip
    _, complaints = await process.communicate()
    return process.returncode, complaints.decode()


async def execute_sql(url: str, *statements: str) -> None:
    database = await open_database(url, migrate=False)
    async with database.transaction() as conn:
        for statement in statements:
            await conn.execute(sa.text(statement))
    await database.close()


async def _rows(url: str) -> dict[str, list[dict[str, Any]]]:
    database = await open_database(url, migrate=False)
    found = {}
    async with database.reading() as conn:
        for table in (timeline, deadlines, outbox):
            rows = await conn.execute(sa.select(table).order_by(*table.primary_key.columns))
            found[table.name] = [dict(row._mapping) for row in rows]
        states = await conn.execute(sa.text("SELECT state FROM incidents ORDER BY number"))
        found["incidents"] = [{"state": s if isinstance(s, dict) else json.loads(s)} for (s,) in states]
    await database.close()
    return found


def _as_text(value: Any) -> Any:
    return value.strftime("%Y-%m-%dT%H:%M:%S.%fZ") if isinstance(value, datetime) else value
