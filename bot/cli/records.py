"""`tocsin verify`, `export`, `backup` and `restored`: whether the record is as it was written, and copies of it."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import click

from bot import export
from bot import settings as settings_reader
from bot.domain.errors import TocsinError
from bot.settings import Settings
from storage import backup
from storage.database import Database
from storage.instance_lock import acquire
from storage.open import open_database
from storage.timeline import verify as verification
from storage.timeline.verify import Head, Report

as_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.command("verify")
@click.argument("incident_id", required=False)
@click.option(
    "--against", type=click.Path(path_type=Path, exists=True, dir_okay=False), metavar="FILE",
    help="What `tocsin verify --json` printed earlier: nothing that stood then may be gone or other.",
)  # fmt: skip
@as_json_option
def verify(incident_id: str | None, against: Path | None, as_json: bool) -> None:
    """Look whether timelines stand as they were written; of INCIDENT_ID, or of all. Exits 1 if not."""
    number = number_of(incident_id) if incident_id else None
    earlier = _earlier(against) if against else {}
    fine = _run(_verify(number, earlier, as_json))
    sys.exit(0 if fine else 1)


@click.command("export")
@click.argument("incident_id", required=False)
@click.option("--all", "everything", is_flag=True, help="Every incident, and what they refer to.")
@click.option("--public", is_flag=True, help="Leave private incidents out.")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="A file; printed where left out.")
@click.option("--json", "as_json", is_flag=True, help="One JSON array instead of a line for each record.")
def export_command(incident_id: str | None, everything: bool, public: bool, output: Path | None, as_json: bool) -> None:
    """All that is kept about INCIDENT_ID, or with --all about every incident, as JSON Lines."""
    if bool(incident_id) == everything:
        raise TocsinError("Say which: tocsin export INC-42, or tocsin export --all")
    numbers = None if everything else [number_of(incident_id or "")]
    written = _run(_export(numbers, output, as_json, private=not public))
    if output is not None:
        click.echo(f"{output}: {written} records.", err=True)


@click.command("backup")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def backup_command(file: Path) -> None:
    """Copy the SQLite database to FILE while the bot runs, whole and consistent, and look whether the copy is sound."""
    found = settings_reader.load()
    size = asyncio.run(backup.copy_sqlite(found.url, file))
    click.echo(f"{file}: {size / 1e6:.1f} MB. To restore it, see docs/operator.md.")


@click.command("restored")
def restored_command() -> None:
    """After a database was restored from a backup, and before serving: nothing is sent that was sent already."""
    count = _run(_restored())
    click.echo(
        f"{count} notices that wait are looked for in Slack before they are sent. Look at the rest: tocsin verify"
    )


async def _restored() -> int:
    found = settings_reader.load()
    sole = await acquire(found.url, wait_s=0)
    try:
        async with _database() as (database, _):
            return await backup.mark_restored(database)
    finally:
        if sole is not None:
            sole.release()


def number_of(incident_id: str) -> int:
    number = incident_id.upper().removeprefix("INC-")
    if not number.isdecimal():
        raise TocsinError(f"“{incident_id}” is not an incident ID. They look like INC-42.")
    return int(number)


async def _verify(number: int | None, earlier: dict[int, Head], as_json: bool) -> bool:
    """Prints as it goes; holds only the faults and the ends of the chains."""
    entries = purged = incidents = 0
    faults: list[dict[str, Any]] = []
    heads: dict[str, Any] = {}
    async with _database() as (database, _), aclosing(_reports(database, number, earlier)) as reports:
        async for report in reports:
            incidents += report.entries > 0
            entries, purged = entries + report.entries, purged + report.purged
            if report.head is not None:
                heads[f"INC-{report.incident}"] = {"entries": report.head[0], "hash": report.head[1]}
            for fault in report.faults:
                if as_json:
                    faults.append({"incident": f"INC-{report.incident}", "entry": fault.seq, "words": fault.message})
                else:
                    click.echo(f"✗ INC-{report.incident}: {fault.message}")
                    faults.append({})
    if as_json:
        found = {"ok": not faults, "incidents": incidents, "entries": entries, "purged": purged, "faults": faults}
        click.echo(json.dumps({**found, "heads": heads}, ensure_ascii=False, indent=2))
    elif faults:
        click.echo("The record was changed behind Tocsin's back. Keep this database, and compare it with a backup.")
    else:
        gone = f", of which {purged} are purged" if purged else ""
        counted = f"{incidents} incident{'s' * (incidents != 1)}, {entries} entr{'y' if entries == 1 else 'ies'}"
        click.echo(f"✓ {counted}{gone}: all as they were written.")
    return not faults


async def _reports(database: Database, number: int | None, earlier: dict[int, Head]) -> AsyncGenerator[Report, None]:
    if number is None:
        async with aclosing(verification.verify_all(database.snapshot, earlier)) as reports:
            async for report in reports:
                yield report
        return
    async with database.snapshot() as conn:
        found = await verification.verify_incident(conn, number, earlier.get(number))
    if found is None:
        raise TocsinError(f"There is no incident INC-{number}. See them all: tocsin list all")
    yield found


def _earlier(path: Path) -> dict[int, Head]:
    try:
        heads = json.loads(path.read_text())["heads"]
        return {number_of(name): (int(head["entries"]), str(head["hash"])) for name, head in heads.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise TocsinError(f"{path} is not what `tocsin verify --json` prints.") from None


async def _export(numbers: list[int] | None, output: Path | None, as_json: bool, *, private: bool) -> int:
    async with (
        _database() as (database, found),
        aclosing(export.records(database, numbers, private=private)) as records,
    ):
        lines = export.lines(records, found.secrets())
        if as_json:
            lines = _array(lines)
        if output is not None:
            return await export.write(output, lines)
        count = 0
        async for line in lines:
            click.echo(line)
            count += 1
        return count


async def _array(lines: AsyncIterator[str]) -> AsyncIterator[str]:
    before = "["
    async for line in lines:
        yield f"{before}{line}"
        before = ","
    yield "]"


@asynccontextmanager
async def _database() -> AsyncIterator[tuple[Database, Settings]]:
    found = settings_reader.load()
    database = await open_database(found.url, migrate=False)
    try:
        yield database, found
    finally:
        await database.close()


def _run(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(work)
