"""The command line: serve, check, migrate, and reading incidents when Slack is down."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import signal
import sys
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from bot import logs, serialization
from bot import policy as policy_reader
from bot import settings as settings_reader
from bot.cli.playbooks import playbooks
from bot.cli.records import backup_command, export_command, number_of, restored_command, verify
from bot.domain.errors import TocsinError
from bot.domain.triage.similarity import SimilarIncident
from bot.domain.values.durations import approximate
from bot.settings import Settings
from bot.usecases.effects import search_index
from storage import deadlines, incidents, migrate
from storage.database import Database
from storage.open import open_database
from storage.timeline import entries as timeline


class Commands(click.Group):
    """Our errors are sentences for people, not tracebacks."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except TocsinError as error:
            click.echo(str(error), err=True)
            sys.exit(1)


@click.group(cls=Commands)
@click.version_option(package_name="tocsin")
def main() -> None:
    """Tocsin: incident response in Slack."""


as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@main.command()
def serve() -> None:
    """Run the bot. The database is migrated first."""
    found = settings_reader.load()
    logs.configure(found.log_format, found.log_level, found.secrets())
    asyncio.run(_serve(found))


async def _serve(found: Settings) -> None:
    from bot.app import App
    from bot.bootstrap import build

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    running: list[App] = []

    def read_policy() -> None:
        for one in running:
            one.policy_watcher.ask()

    loop.add_signal_handler(signal.SIGHUP, read_policy)  # also before it runs: it is not meant to end it
    for sign in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(sign, stop.set)
    building = asyncio.ensure_future(build(found))
    stopping = asyncio.ensure_future(stop.wait())
    await asyncio.wait({building, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if not building.done():
        building.cancel()
        return
    tocsin = await building
    try:
        await tocsin.start()
        running.append(tocsin)
        gc.freeze()  # to look through all that was imported, again and again, stops the loop for 50 ms and more
        click.echo(json.dumps({"ready": True, "port": tocsin.port}))
        await stopping
    finally:
        await tocsin.stop()


@main.command()
@as_json
def check(as_json: bool) -> None:
    """Look over settings, policy, database, token and scopes, in plain words."""
    from bot.check.run import run

    found = settings_reader.load()
    findings = asyncio.run(run(found))
    if as_json:
        click.echo(json.dumps([finding.as_json() for finding in findings], indent=2))
    else:
        for finding in findings:
            click.echo(finding.line())
    sys.exit(0 if all(finding.fine for finding in findings) else 1)


@main.command("migrate")
def migrate_command() -> None:
    """Bring the database up to date. `serve` does this by itself."""
    found = settings_reader.load()
    click.echo(asyncio.run(_migrate(found.url)))


async def _migrate(url: str) -> str:
    database = await open_database(url, migrate=True)
    try:
        return f"The database is up to date ({await migrate.current_revision(database)})."
    finally:
        await database.close()


@main.command("list")
@click.argument("scope", default="open", type=click.Choice(["open", "all"]))
@as_json
def list_command(scope: str, as_json: bool) -> None:
    """Incidents, newest first."""
    found = _run(lambda database: _listing(database, scope == "open"))
    if as_json:
        click.echo(
            json.dumps([serialization.incident_json(incident) for incident in found], ensure_ascii=False, indent=2)
        )
        return
    if not found:
        click.echo("No incident is open. Past ones too: tocsin list all" if scope == "open" else "No incidents yet.")
    for incident in found:
        click.echo(f"{incident.id:<8} {incident.severity:<8} {incident.status:<14} {incident.title}")


@main.command("search")
@click.argument("words", nargs=-1, required=True)
@as_json
def search_command(words: tuple[str, ...], as_json: bool) -> None:
    """Incidents by their words, the best first, with what fixed them."""
    found = _run(lambda database: _search(database, " ".join(words)))
    if as_json:
        click.echo(json.dumps([serialization.similar_json(one) for one in found], ensure_ascii=False, indent=2))
        return
    if not found:
        click.echo("Nothing has these words. Fewer words find more.")
    for one in found:
        known = one.incident
        click.echo(f"{known.id:<8} {known.severity:<8} {known.status:<14} {known.title}")
        if one.fixed:
            click.echo(f"{'':<8} {one.fixed}")


@main.command()
@click.argument("incident_id")
@as_json
def show(incident_id: str, as_json: bool) -> None:
    """One incident with its timeline and reminders."""
    number = number_of(incident_id)
    whole = _run(lambda database: _whole(database, number))
    click.echo(json.dumps(whole, ensure_ascii=False, indent=2) if as_json else _as_text(whole))


@main.command("policy")
@click.option("--preset", type=click.Choice(list(policy_reader.PRESETS)), help="A preset instead of what is in force.")
@click.option("--schema", is_flag=True, help="The JSON Schema of the policy file, for editors.")
@as_json
def policy_command(preset: str | None, schema: bool, as_json: bool) -> None:
    """The policy in force, or a preset."""
    if schema:
        click.echo(json.dumps(policy_reader.json_schema(), indent=2))
        return
    policy = policy_reader.preset(preset) if preset else policy_reader.load(settings_reader.load().policy_path)
    shown = policy_reader.as_json(policy)
    if as_json:
        click.echo(json.dumps(shown, ensure_ascii=False, indent=2))
        return
    for severity in policy.severities:
        click.echo(f"{severity.key:<12} {severity.name:<16} {severity.description}")


main.add_command(playbooks)
for command in (verify, export_command, backup_command, restored_command):
    main.add_command(command)


@main.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def demo(options: tuple[str, ...]) -> None:
    """Try Tocsin in a local workspace: no Slack account, no network. More: tocsin demo --help"""
    # The workspace starts this bot as its child; neither imports the other.
    os.execv(sys.executable, [sys.executable, "-m", "sandbox.demo", *options])  # noqa: S606 - our own module, no shell


def _run(work: Any) -> Any:
    async def opened() -> Any:
        database = await open_database(settings_reader.load().url, migrate=False)
        try:
            return await work(database)
        finally:
            await database.close()

    coroutine: Coroutine[Any, Any, Any] = opened()
    return asyncio.run(coroutine)


async def _listing(database: Database, open_only: bool) -> Any:
    async with database.reading() as conn:
        return await incidents.newest(conn, open_only=open_only, limit=10_000)


async def _search(database: Database, words: str) -> list[SimilarIncident]:
    async with database.reading() as conn:
        return await search_index.search(conn, words, None, datetime.now(UTC))


async def _whole(database: Database, number: int) -> dict[str, Any]:
    async with database.reading() as conn:
        incident = await incidents.get(conn, number)
        if incident is None:
            raise TocsinError(f"There is no incident INC-{number}. See them all: tocsin list all")
        entries = await timeline.read(conn, number)
        rows = await deadlines.ledger(conn, number)
    return serialization.whole_incident_json(incident, entries, rows)


def _as_text(whole: dict[str, Any]) -> str:
    lines = [f"{whole['id']} · {whole['title']}", f"{whole['severity']} · {whole['status']}"]
    if whole["roles"]:
        lines.append(", ".join(f"{role}: {user}" for role, user in whole["roles"].items()))
    for name in ("acknowledge", "identify", "mitigate", "resolve"):
        if (seconds := whole[f"time_to_{name}_s"]) is not None:
            lines.append(f"time to {name}: {approximate(timedelta(seconds=seconds))}")
    lines.append("")
    for entry in whole["timeline"]:
        mark = "●" if entry["key"] else " "
        lines.append(f"{entry['at']} {mark} {entry['kind']:<16} {entry['actor']:<12} {entry['text']}")
    lines.append("")
    for row in whole["reminders"]:
        rung = f" rung {row['rung']}" if row["rung"] else ""
        lines.append(f"{row['due_at']}   {row['kind'] + rung:<20} {row['state']:<10} {row['reason']}")
    return "\n".join(lines)
