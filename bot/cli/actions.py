"""Implements `tocsin actions`: action items on the command line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import click

from bot.cli.acting import as_option, context_of, require_visible
from bot.cli.output import as_json_option, echo, incident_number, print_json
from bot.cli.shared import run
from bot.domain.actions.item import ActionItem, due_words
from bot.domain.actions.ticket import Ticket
from bot.domain.errors import TocsinError
from bot.domain.values.one_line import one_line
from bot.json_shapes.incidents import action_json, ticket_json
from bot.settings import Settings
from bot.usecases.queries import actions as queries
from storage import incidents, names
from storage.database import Database

MOST = 10_000
EXAMPLE = "tocsin actions INC-42"


@click.command("actions")
@click.argument("scope", default="all", metavar="[all|overdue|mine|INC-42]")
@click.option("--in", "incident_id", metavar="INCIDENT_ID", help="Those of one incident, settled ones too.")
@click.option("--owner", metavar="SLACK_ID", help="Those of one person.")
@as_option
@as_json_option
def actions_command(scope: str, incident_id: str | None, owner: str | None, person: str | None, as_json: bool) -> None:
    """Action items that are to be done, those due soonest first."""
    action_filter = _wanted(scope, incident_id, owner, person)
    today = datetime.now(UTC).date()
    items, people, tickets = run(lambda database, settings: _items(database, settings, action_filter, person))
    if as_json:
        print_json([{**action_json(item, today), "ticket": ticket_json(tickets.get(item.id))} for item in items])
        return
    if not items:
        echo("No action item is overdue." if action_filter.due_before else "No action items.")
    for item in items:
        echo(_line(item, people))


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which items are asked for: of an incident, of an owner, and those due before a day."""

    incident: int | None
    owner: str | None
    due_before: date | None


def _wanted(scope: str, incident_id: str | None, owner: str | None, person: str | None) -> Wanted:
    if scope.upper().removeprefix("INC-").isdecimal():
        scope, incident_id = "all", scope
    if scope == "mine":
        if person is None and owner is None:
            raise TocsinError("Say who you are: tocsin actions mine --as U0MAYA0000")
        scope, owner = "all", owner or person
    if scope not in ("all", "overdue"):
        raise TocsinError(f"“{scope}” is not a list of action items. This works: tocsin actions overdue, or {EXAMPLE}")
    number = incident_number(incident_id) if incident_id else None
    return Wanted(number, owner, datetime.now(UTC).date() if scope == "overdue" else None)


async def _items(
    database: Database, settings: Settings, wanted: Wanted, person: str | None
) -> tuple[list[ActionItem], dict[str, str], Mapping[str, Ticket]]:
    context = await context_of(database, settings, person)
    if wanted.incident is not None:
        await require_visible(context, wanted.incident, person)
    owner, due_before = wanted.owner, wanted.due_before
    async with database.reading() as conn:
        incident = None if wanted.incident is None else await incidents.get(conn, wanted.incident)
        if incident is None:
            actions = await queries.find_live(conn, person, owner=owner, due_before=due_before, limit=MOST)
        else:
            actions = await queries.of_incident(conn, incident)
        items = [
            item
            for item in actions.items
            if (owner is None or item.owner == owner) and (due_before is None or item.is_overdue(due_before))
        ]
        return items, await names.get_many(conn, {item.owner for item in items if item.owner}), actions.tickets


def _line(item: ActionItem, people: dict[str, Any]) -> str:
    owner = people.get(item.owner, item.owner) if item.owner else "no owner"
    state = f"{item.id:<10} {item.priority} {item.status:<12} {due_words(item.due):<16}"
    return f"{state} {owner:<12} {one_line(item.title)}"
