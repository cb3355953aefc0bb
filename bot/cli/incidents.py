"""Implements `tocsin list`, `search`, `show` and `retry`: incidents on the command line, for when Slack is down."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import click

from bot.cli.operation_client import OperationClient, Target, client_options, run_with_client
from bot.cli.output import echo, incident_number, print_json
from bot.cli.shared import run
from bot.domain.errors import TocsinError
from bot.domain.values.durations import approximate
from bot.domain.values.one_line import one_line
from bot.domain.values.slack_ids import ids_in
from bot.slack.text import recorded_text
from bot.usecases.outbox.retry_failed import retry_failed_in
from storage import incidents
from storage.database import Database

PAGE, MOST = 500, 10_000


@click.command("list")
@click.argument("scope", default="open", type=click.Choice(["open", "all"]))
@client_options
def list_command(scope: str, as_json: bool, person: str | None, server: str | None) -> None:
    """Incidents, newest first."""
    newest = run_with_client(Target(person, server), lambda client: _listing(client, scope == "open"))
    if as_json:
        print_json(newest)
        return
    if not newest:
        echo("No incident is open. Past ones too: tocsin list all" if scope == "open" else "No incidents yet.")
    for incident in newest:
        echo(_line(incident["id"], incident["severity"], incident["status"], incident["title"]))


@click.command("search")
@click.argument("words", nargs=-1, required=True)
@client_options
def search_command(words: tuple[str, ...], as_json: bool, person: str | None, server: str | None) -> None:
    """Incidents by their words, the best first, with what fixed them."""

    async def find(client: OperationClient) -> Any:
        return await client.run("search_incidents", {}, {"q": " ".join(words)})

    answer = run_with_client(Target(person, server), find)
    matches, alerts = answer["incidents"], answer.get("past_alerts", [])
    if as_json:
        print_json(matches)
        return
    if not matches and not alerts:
        echo("Nothing has these words. Fewer words find more.")
    for match in matches:
        echo(_line(match["id"], match["severity"], match["status"], match["title"]))
        if match["fixed"]:
            echo(f"{'':<8} {match['fixed']}")
    for alert in alerts:
        responder = f", acknowledged by {alert['acknowledged_by']}" if alert["acknowledged_by"] else ""
        echo(f"{alert['source']} alert of {alert['fired_at'][:10]}, {alert['severity']}: {alert['title']}{responder}")


@click.command("show")
@click.argument("incident_id")
@client_options
def show_command(incident_id: str, as_json: bool, person: str | None, server: str | None) -> None:
    """One incident with its timeline and reminders."""
    path = {"id": f"INC-{incident_number(incident_id)}"}
    details, names = run_with_client(Target(person, server), lambda client: _details(client, path))
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


def _line(incident_id: str, severity: str, status: str, title: str) -> str:
    return f"{incident_id:<8} {severity:<8} {status:<14} {title}"


async def _listing(client: OperationClient, open_only: bool) -> list[dict[str, Any]]:
    """The newest incidents, page by page."""
    query: dict[str, Any] = {"limit": PAGE, **({"status": "open"} if open_only else {})}
    newest: list[dict[str, Any]] = []
    while len(newest) < MOST:
        page = await client.run("list_incidents", {}, query)
        newest += page["incidents"]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    return newest


async def _details(client: OperationClient, path: dict[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """The incident as JSON, and the known names of the Slack IDs in it."""
    details = await client.run("get_incident", path, {"include": "all"})
    ids = {*details["roles"].values(), *(entry["actor"] for entry in details["timeline"])}
    ids |= {slack_id for row in details["reminders"] for slack_id in ids_in(row["reason"])}
    ids |= {slack_id for entry in details["timeline"] for slack_id in ids_in(entry["text"])}
    ids |= {entry["redacted_by"] for entry in details["timeline"] if "redacted_by" in entry}
    return details, await client.names(ids)


def _as_lines(details: dict[str, Any], names: dict[str, str]) -> list[str]:
    """Format an incident for a terminal, with names instead of IDs where they are known."""
    lines = [f"{details['id']} · {one_line(details['title'])}", f"{details['severity']} · {details['status']}"]
    if details["roles"]:
        lines.append(", ".join(f"{role}: {names.get(user, user)}" for role, user in details["roles"].items()))
    for name in ("acknowledge", "identify", "mitigate", "resolve"):
        if (seconds := details[f"time_to_{name}_s"]) is not None:
            lines.append(f"time to {name}: {approximate(timedelta(seconds=seconds))}")
    lines.append("")
    for entry in details.get("merged_timeline") or details["timeline"]:
        merged = f"{entry['incident']} " if entry.get("incident", details["id"]) != details["id"] else ""
        mark = "●" if entry["key"] else " "
        actor = one_line(str(entry["data"].get("name") or names.get(entry["actor"], entry["actor"])))
        lines.append(
            f"{entry['at']} {mark} {entry['kind']:<16} {actor:<12} {merged}{one_line(_entry_text(entry, names))}"
        )
    lines.append("")
    for row in details["reminders"]:
        rung = f" rung {row['rung']}" if row["rung"] else ""
        reason = one_line(recorded_text(row["reason"], names))
        lines.append(f"{row['due_at']}   {row['kind'] + rung:<20} {row['state']:<10} {reason}")
    if details["failures"]:
        lines += ["", *(f"⚠ {one_line(recorded_text(failure['error'], names))}" for failure in details["failures"])]
        lines.append(f"Once that is fixed: tocsin retry {details['id']}")
    return lines


def _entry_text(entry: dict[str, Any], names: dict[str, str]) -> str:
    """The text of an entry, and whether it was edited, deleted or redacted."""
    if "redacted_by" in entry:
        return f"(redacted by {names.get(entry['redacted_by'], entry['redacted_by'])}: {entry['redacted_why']})"
    if entry.get("purged"):
        return "(the text was deleted under the retention policy)"
    edited = f" (edited, now: {recorded_text(entry['last_text'], names)})" if "last_text" in entry else ""
    return f"{recorded_text(entry['text'], names)}{edited}{' (deleted)' if entry.get('deleted') else ''}"
