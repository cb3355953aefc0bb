"""Implements `tocsin actions`: action items on the command line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import click

from bot.cli.acting import context_of, require_visible
from bot.cli.operation_client import OperationClient, Target, client_options, is_remote, run_with_client
from bot.cli.output import echo, incident_number, print_json
from bot.cli.shared import run
from bot.domain.actions.item import ActionItem, due_text
from bot.domain.actions.ticket import Ticket
from bot.domain.errors import TocsinError
from bot.domain.values.one_line import one_line
from bot.domain.values.slack_ids import is_user_id
from bot.json_shapes.incidents import action_json, ticket_json
from bot.settings import Settings
from bot.usecases.queries import actions as queries
from storage import incidents, names
from storage.database import Database

MOST, MOST_REMOTE = 10_000, 500
EXAMPLE = "tocsin actions INC-42"


@click.command("actions")
@click.argument("scope", default="all", metavar="[all|overdue|mine|INC-42]")
@click.option("--in", "incident_id", metavar="INCIDENT_ID", help="Those of one incident, settled ones too.")
@click.option("--owner", metavar="SLACK_ID", help="Those of one person.")
@client_options
def actions_command(
    scope: str, incident_id: str | None, owner: str | None, person: str | None, server: str | None, as_json: bool
) -> None:
    """Action items that are to be done, those due soonest first."""
    target = Target(person, server)
    remote = is_remote(target)
    selection = _selection(scope, incident_id, owner, person, remote=remote)
    if remote:
        rows = run_with_client(target, lambda client: _remote_rows(client, selection))
        people: dict[str, str] = {}
    else:
        today = datetime.now(UTC).date()
        items, people, tickets = run(lambda database, settings: _items(database, settings, selection, person))
        rows = [{**action_json(item, today), "ticket": ticket_json(tickets.get(item.id))} for item in items]
    if as_json:
        print_json(rows)
        return
    if not rows:
        echo("No action item is overdue." if selection.due_before else "No action items.")
    for row in rows:
        echo(_line(row, people))


@dataclass(frozen=True, slots=True)
class Selection:
    """Which items are asked for: of an incident, of an owner, and those due before a day."""

    incident: int | None
    owner: str | None
    due_before: date | None
    mine: bool = False  # of whom the token acts as


def _selection(
    scope: str, incident_id: str | None, owner: str | None, person: str | None, *, remote: bool
) -> Selection:  # fmt: skip
    if scope.upper().removeprefix("INC-").isdecimal():
        scope, incident_id = "all", scope
    is_own = scope == "mine"
    if is_own:
        if person is None and owner is None and not remote:
            raise TocsinError("Say who you are: tocsin actions mine --as U0MAYA0000")
        scope, owner = "all", owner or person
    if scope not in ("all", "overdue"):
        raise TocsinError(f"“{scope}” is not a list of action items. This works: tocsin actions overdue, or {EXAMPLE}")
    if owner is not None and not is_user_id(owner):
        raise TocsinError(f"“{owner}” is no Slack ID. This works: tocsin actions --owner U0MAYA0000")
    number = incident_number(incident_id) if incident_id else None
    due_before = datetime.now(UTC).date() if scope == "overdue" else None
    return Selection(number, owner, due_before, is_own and owner is None)


async def _remote_rows(client: OperationClient, selection: Selection) -> list[dict[str, Any]]:
    """The items through the API, which lists `MOST_REMOTE` at most."""
    owner = (await client.run("get_me", {}, {}))["user"] if selection.mine else selection.owner
    if selection.incident is None:
        arguments = {
            "limit": MOST_REMOTE,
            "overdue": selection.due_before is not None,
            **({"owner": owner} if owner else {}),
        }
        answer = await client.run("list_actions", {}, arguments)
    else:
        answer = await client.run("list_incident_actions", {"id": f"INC-{selection.incident}"}, {})
    return [
        row
        for row in answer["actions"]
        if (owner is None or row["owner"] == owner) and (selection.due_before is None or row["overdue"])
    ]


async def _items(
    database: Database, settings: Settings, selection: Selection, person: str | None
) -> tuple[list[ActionItem], dict[str, str], Mapping[str, Ticket]]:
    context = await context_of(database, settings, person)
    if selection.incident is not None:
        await require_visible(context, selection.incident, person)
    owner, due_before = selection.owner, selection.due_before
    async with database.reading() as conn:
        incident = None if selection.incident is None else await incidents.get(conn, selection.incident)
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


def _line(row: Mapping[str, Any], people: Mapping[str, str]) -> str:
    owner = people.get(row["owner"], row["owner"]) if row["owner"] else "no owner"
    due = due_text(date.fromisoformat(row["due"]) if row["due"] else None)
    return f"{row['id']:<10} {row['priority']} {row['status']:<12} {due:<16} {owner:<12} {one_line(row['title'])}"
