"""Implements `tocsin list`, `search`, `show` and `retry`: incidents on the command line, for when Slack is down."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import click

from bot.cli.shared import as_json_option, echo, incident_number, print_json, run
from bot.domain.errors import TocsinError
from bot.domain.incident import Incident
from bot.domain.triage.similarity import SimilarIncident
from bot.domain.values.durations import approximate
from bot.domain.values.one_line import one_line
from bot.domain.values.slack_ids import ids_in
from bot.incident_json import incident_json, similar_json, whole_incident_json
from bot.slack.text import recorded_text
from bot.usecases.outbox.retry_failed import retry_failed_in
from bot.usecases.queries import search
from storage import deadlines, incidents, names
from storage.database import Database
from storage.outbox import census
from storage.timeline import entries as timeline


@click.command("list")
@click.argument("scope", default="open", type=click.Choice(["open", "all"]))
@as_json_option
def list_command(scope: str, as_json: bool) -> None:
    """Incidents, newest first."""
    listed = run(lambda database, _: _listing(database, scope == "open"))
    if as_json:
        print_json([incident_json(incident) for incident in listed])
        return
    if not listed:
        echo("No incident is open. Past ones too: tocsin list all" if scope == "open" else "No incidents yet.")
    for incident in listed:
        echo(_line(incident))


@click.command("search")
@click.argument("words", nargs=-1, required=True)
@as_json_option
def search_command(words: tuple[str, ...], as_json: bool) -> None:
    """Incidents by their words, the best first, with what fixed them."""
    matches = run(lambda database, _: _search(database, " ".join(words)))
    if as_json:
        print_json([similar_json(match) for match in matches])
        return
    if not matches:
        echo("Nothing has these words. Fewer words find more.")
    for match in matches:
        echo(_line(match.incident))
        if match.fixed:
            echo(f"{'':<8} {match.fixed}")


@click.command("show")
@click.argument("incident_id")
@as_json_option
def show_command(incident_id: str, as_json: bool) -> None:
    """One incident with its timeline and reminders."""
    number = incident_number(incident_id)
    details, names = run(lambda database, _: _details(database, number))
    if as_json:
        print_json(details)
    else:
        for line in _as_lines(details, names):
            echo(line)


@click.command("retry")
@click.argument("incident_id")
def retry_command(incident_id: str) -> None:
    """Try again what did not go out for an incident."""
    number = incident_number(incident_id)
    count = run(lambda database, _: _retry(database, number))
    echo(f"{count} notices are tried again." if count else "Nothing is left to retry.")


async def _retry(database: Database, number: int) -> int:
    async with database.transaction() as conn:
        if await incidents.lock(conn, number) is None:
            raise TocsinError(f"There is no incident INC-{number}. See them all: tocsin list all")
        return await retry_failed_in(conn, number)


def _line(incident: Incident) -> str:
    return f"{incident.id:<8} {incident.severity:<8} {incident.status:<14} {incident.title}"


async def _listing(database: Database, open_only: bool) -> list[Incident]:
    async with database.reading() as conn:
        return await incidents.newest(conn, open_only=open_only, limit=10_000)


async def _search(database: Database, words: str) -> list[SimilarIncident]:
    async with database.reading() as conn:
        return await search.search(conn, words, None, datetime.now(UTC))


async def _details(database: Database, number: int) -> tuple[dict[str, Any], dict[str, str]]:
    """The incident as JSON, and the names of the Slack IDs in it that are known."""
    async with database.reading() as conn:
        incident = await incidents.get(conn, number)
        if incident is None:
            raise TocsinError(f"There is no incident INC-{number}. See them all: tocsin list all")
        entries = await timeline.read(conn, number)
        rows = await deadlines.ledger(conn, number)
        failures = await census.failed_or_blocked(conn, number)
        ids = {*incident.roles.values(), *(each for row in rows for each in ids_in(row.reason))}
        ids |= {record.redaction.by for record in entries if record.redaction}
        known = await names.get_many(conn, ids)
    for record in entries:
        known |= record.names
    return whole_incident_json(incident, entries, rows, failures), known


def _as_lines(details: dict[str, Any], names: dict[str, str]) -> list[str]:
    """As lines for a terminal, with names instead of IDs as far as they are known."""
    lines = [f"{details['id']} · {one_line(details['title'])}", f"{details['severity']} · {details['status']}"]
    if details["roles"]:
        lines.append(", ".join(f"{role}: {names.get(user, user)}" for role, user in details["roles"].items()))
    for name in ("acknowledge", "identify", "mitigate", "resolve"):
        if (seconds := details[f"time_to_{name}_s"]) is not None:
            lines.append(f"time to {name}: {approximate(timedelta(seconds=seconds))}")
    lines.append("")
    for entry in details["timeline"]:
        mark = "●" if entry["key"] else " "
        who = one_line(str(entry["data"].get("name") or names.get(entry["actor"], entry["actor"])))
        lines.append(f"{entry['at']} {mark} {entry['kind']:<16} {who:<12} {one_line(_told(entry, names))}")
    lines.append("")
    for row in details["reminders"]:
        rung = f" rung {row['rung']}" if row["rung"] else ""
        reason = one_line(recorded_text(row["reason"], names))
        lines.append(f"{row['due_at']}   {row['kind'] + rung:<20} {row['state']:<10} {reason}")
    if details["failures"]:
        lines += ["", *(f"⚠ {one_line(recorded_text(failure['error'], names))}" for failure in details["failures"])]
        lines.append(f"Once that is fixed: tocsin retry {details['id']}")
    return lines


def _told(entry: dict[str, Any], names: dict[str, str]) -> str:
    """The text of an entry, and whether it was edited, deleted or redacted."""
    if "redacted_by" in entry:
        return f"(redacted by {names.get(entry['redacted_by'], entry['redacted_by'])}: {entry['redacted_why']})"
    if entry.get("purged"):
        return "(the text was deleted under the retention policy)"
    edited = f" (edited, now: {recorded_text(entry['last_text'], names)})" if "last_text" in entry else ""
    return f"{recorded_text(entry['text'], names)}{edited}{' (deleted)' if entry.get('deleted') else ''}"
