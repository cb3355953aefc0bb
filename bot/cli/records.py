"""Implements `tocsin verify`, `export`, `backup`, `copy` and `restored`: checks and copies the record of incidents."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import click

from bot import export
from bot import policy as policy_reader
from bot import settings as settings_reader
from bot.cli.output import as_json_option, echo, incident_number, print_json
from bot.cli.shared import run, settings_database
from bot.domain.errors import TocsinError
from bot.domain.values.one_line import escape_controls_in_json
from bot.settings import Settings
from bot.slack.client import api as slack_api
from bot.slack.client.api import SlackApi, SlackError
from bot.slack.directory import channels
from bot.slack.directory.bot_identity import identity_of_token
from bot.slack.directory.used_numbers import skip_used
from storage import backup, copying
from storage.database import Database
from storage.instance_lock import acquire
from storage.open import open_database
from storage.timeline import verify as verification
from storage.timeline.verify import Head, Report

SQLITE_HEADER = b"SQLite format 3\0"  # https://www.sqlite.org/fileformat.html


@click.command("verify")
@click.argument("incident_id", required=False)
@click.option(
    "--against", type=click.Path(path_type=Path, exists=True, dir_okay=False), metavar="FILE",
    help="What `tocsin verify --json` printed earlier: nothing that stood then may be gone or other.",
)  # fmt: skip
@as_json_option
def verify_command(incident_id: str | None, against: Path | None, as_json: bool) -> None:
    """Look whether timelines stand as they were written; of INCIDENT_ID, or of all. Exits 1 if not."""
    number = incident_number(incident_id) if incident_id else None
    earlier = _earlier(against) if against else {}
    fine = run(lambda database, _: _verify(database, number, earlier, as_json))
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
    numbers = None if everything else [incident_number(incident_id or "")]
    count = run(
        lambda database, settings: _export(database, settings.secrets(), numbers, output, as_json, private=not public)
    )
    if output is not None:
        echo(f"{output}: {count} records.", err=True)


@click.command("backup")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def backup_command(file: Path) -> None:
    """Copy the SQLite database to FILE while the bot runs, whole and consistent, and look whether the copy is sound."""
    size = asyncio.run(backup.copy_sqlite(settings_reader.load().url, file))
    echo(f"{file}: {size / 1e6:.1f} MB. To restore it, see docs/run/backup.md.")


@click.command("copy")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def copy_command(file: Path) -> None:
    """Copy the SQLite database FILE into the empty PostgreSQL database that DATABASE_URL names. Stop the bot first."""
    with file.open("rb") as databases:
        if databases.read(len(SQLITE_HEADER)) != SQLITE_HEADER:
            raise TocsinError(f"{file} is not an SQLite database. Name the file of DATABASE_URL, or a backup of it.")
    rows, incidents = asyncio.run(_copy(f"sqlite:///{file.absolute()}"))
    echo(f"{rows} rows copied, with {incidents} incident{'s' * (incidents != 1)}. Compare the timelines: tocsin verify")
    echo(f"Then start the bot with this DATABASE_URL, and keep {file} as a backup.")


@click.command("restored")
def restored_command() -> None:
    """Run this after restoring a database, before serving: nothing is sent twice, and no number is reused."""
    count, numbers = asyncio.run(_mark_restored())
    echo(f"{count} notices that wait are looked for in Slack before they are sent. Look at the rest: tocsin verify")
    echo("Reminders and pages that are due by now are looked for too, where the method can be asked.")
    echo(numbers)


async def _copy(url: str) -> tuple[int, int]:
    """The number of rows that were copied from the database at `url`, and of incidents among them."""
    settings = settings_reader.load()
    if not settings.url.startswith("postgresql"):
        raise TocsinError("Set DATABASE_URL to the PostgreSQL database to copy to: postgresql://user:password@host/db")
    lock = await acquire(url, wait_s=0)
    try:
        source = await open_database(url, migrate=False)
        try:
            target = await open_database(settings.url)
            try:
                copied = await copying.copy_all(source, target)
            finally:
                await target.close()
        finally:
            await source.close()
    finally:
        if lock is not None:
            lock.release()
    return sum(copied.values()), copied["incidents"]


async def _mark_restored() -> tuple[int, str]:
    """The number of waiting notices, and a sentence about the incident numbers."""
    lock = await acquire(settings_reader.load().url, wait_s=0)
    try:
        async with settings_database() as (database, settings):
            return await backup.mark_restored(database), await _skip_used_numbers(database, settings)
    finally:
        if lock is not None:
            lock.release()


async def _skip_used_numbers(database: Database, settings: Settings) -> str:
    """Advance the counter of incidents past the channels in Slack. Returns a sentence about the result."""
    if settings.slack_bot_token is None:
        return "Without SLACK_BOT_TOKEN, incident numbers are not compared with Slack. The bot does it when it starts."
    template = policy_reader.read(settings.policy_path).policy.channel_name
    async with slack_api.open_session() as session:
        token = settings.slack_bot_token.get_secret_value()
        api = SlackApi(slack_api.web_client(token, settings.slack_api_url, session))
        try:
            identity = await identity_of_token(api)
            skipped = [
                await skip_used(database, channel_list, identity, template)
                for channel_list in (channels.of_bot(api), channels.public(api))
            ]
        except SlackError as error:
            return f"Incident numbers were not compared with Slack ({error}). The bot does it when it starts."
    last = max((number for number in skipped if number is not None), default=None)
    if last is None:
        return "No channel of a later incident is in Slack, so the numbers go on from the backup."
    return f"Channels up to INC-{last} are in Slack already. The next incident is INC-{last + 1}."


async def _verify(database: Database, number: int | None, earlier: dict[int, Head], as_json: bool) -> bool:
    """Print each report as it is read: only faults and the heads of chains stay in memory."""
    entries = purged = incidents = 0
    faults: list[dict[str, Any]] = []
    heads: dict[str, Any] = {}
    async with aclosing(_reports(database, number, earlier)) as reports:
        async for report in reports:
            incidents += report.entries > 0
            entries, purged = entries + report.entries, purged + report.purged
            if report.head is not None:
                heads[f"INC-{report.incident}"] = {"entries": report.head[0], "hash": report.head[1]}
            for fault in report.faults:
                if as_json:
                    faults.append({"incident": f"INC-{report.incident}", "entry": fault.seq, "words": fault.message})
                else:
                    echo(f"✗ INC-{report.incident}: {fault.message}")
                    faults.append({})
    if as_json:
        counts = {"incidents": incidents, "entries": entries, "purged": purged}
        print_json({"ok": not faults, **counts, "faults": faults, "heads": heads})
    elif faults:
        echo("The record was changed behind Tocsin's back. Keep this database, and compare it with a backup.")
    else:
        purged_note = f", of which {purged} are purged" if purged else ""
        counted = f"{incidents} incident{'s' * (incidents != 1)}, {entries} entr{'y' if entries == 1 else 'ies'}"
        echo(f"✓ {counted}{purged_note}: all as they were written.")
    return not faults


async def _reports(database: Database, number: int | None, earlier: dict[int, Head]) -> AsyncGenerator[Report, None]:
    if number is None:
        async with aclosing(verification.verify_all(database.snapshot, earlier)) as reports:
            async for report in reports:
                yield report
        return
    async with database.snapshot() as conn:
        single = await verification.verify_incident(conn, number, earlier.get(number))
    if single is None:
        raise TocsinError(f"There is no incident INC-{number}. See them all: tocsin list all")
    yield single


def _earlier(path: Path) -> dict[int, Head]:
    try:
        heads = json.loads(path.read_text())["heads"]
        return {incident_number(name): (int(head["entries"]), str(head["hash"])) for name, head in heads.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise TocsinError(f"{path} is not what `tocsin verify --json` prints.") from None


async def _export(
    database: Database,
    secrets: list[str],
    numbers: list[int] | None,
    output: Path | None,
    as_json: bool,
    *,
    private: bool,
) -> int:
    """Write the export. Returns the number of records."""
    async with aclosing(export.records(database, numbers, private=private)) as records:
        lines = export.lines(records, secrets)
        if as_json:
            lines = _array(lines)
        if output is not None:
            return await export.write(output, lines)
        count = 0
        async for line in lines:
            click.echo(escape_controls_in_json(line))
            count += 1
        return count


async def _array(lines: AsyncIterator[str]) -> AsyncIterator[str]:
    before = "["
    async for line in lines:
        yield f"{before}{line}"
        before = ","
    yield "]"
