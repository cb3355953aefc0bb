"""Implements `tocsin actions`: action items on the command line."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import click

from bot.cli.output import as_json_option, echo, incident_number, print_json
from bot.cli.shared import run
from bot.domain.actions.item import ActionItem, due_words
from bot.domain.actions.ticket import Ticket
from bot.domain.errors import TocsinError
from bot.domain.values.one_line import one_line
from bot.json_shapes.incidents import action_json, ticket_json
from bot.usecases.queries import actions as queries
from storage import incidents, names
from storage.database import Database

MOST = 10_000


@click.command("actions")
@click.argument("scope", default="all", type=click.Choice(["all", "overdue"]))
@click.option("--in", "incident_id", metavar="INCIDENT_ID", help="Those of one incident, settled ones too.")
@click.option("--owner", metavar="SLACK_ID", help="Those of one person.")
@as_json_option
def actions_command(scope: str, incident_id: str | None, owner: str | None, as_json: bool) -> None:
    """Action items that are to be done, those due first first."""
    number = incident_number(incident_id) if incident_id else None
    today = datetime.now(UTC).date()
    due_before = today if scope == "overdue" else None
    items, people, tickets = run(lambda database, _: _items(database, number, owner, due_before))
    if as_json:
        print_json([{**action_json(item, today), "ticket": ticket_json(tickets.get(item.id))} for item in items])
        return
    if not items:
        echo("No action items are to be done.")
    for item in items:
        echo(_line(item, people))


async def _items(
    database: Database, number: int | None, owner: str | None, due_before: date | None
) -> tuple[list[ActionItem], dict[str, str], Mapping[str, Ticket]]:
    async with database.reading() as conn:
        if number is None:
            actions = await queries.find_live(conn, None, owner=owner, due_before=due_before, limit=MOST)
        else:
            incident = await incidents.get(conn, number)
            if incident is None:
                raise TocsinError(f"There is no incident INC-{number}. See them all: tocsin list all")
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
