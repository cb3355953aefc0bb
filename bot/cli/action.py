"""Implements `tocsin action`, which adds an action item."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import click

from bot import policy as policy_reader
from bot import settings as settings_reader
from bot.cli.operation_client import OperationClient, client_options, run_with_client
from bot.cli.output import echo, incident_number, print_json
from bot.cli.verbs import target_of
from bot.domain.errors import TocsinError
from bot.domain.values.one_line import one_line
from bot.slack.commands.parse import parse
from bot.slack.commands.request import Request


@click.command("action")
@click.argument("incident_id", metavar="ID")
@click.argument("words", nargs=-1, required=True)
@client_options
def action_command(incident_id: str, words: tuple[str, ...], as_json: bool, **options: Any) -> None:
    """Add an action item, as in Slack: tocsin action INC-7 Alert on the pool @maya by friday P1"""
    path = {"id": f"INC-{incident_number(incident_id)}"}
    request = _parse(" ".join(words))

    async def work(client: OperationClient) -> Any:
        owner = next(iter((*request.users, *request.names)), None)
        zone = ZoneInfo((await client.run("get_policy", {}, {}))["timezone"])
        due = request.day.resolve(datetime.now(zone).date()) if request.day else None
        arguments = {
            "title": request.text,
            "owner": await client.person(owner) if owner else None,
            "due": due.isoformat() if due else None,
            **({"priority": str(request.priority)} if request.priority else {}),
        }
        return await client.run("create_action", path, arguments)

    item = run_with_client(target_of(options), work)
    if as_json:
        print_json(item)
        return
    due, owner = item["due"] or "no due date", item["owner"] or "no owner"
    echo(f"{item['id']} · {one_line(item['title'])} · {owner} · {due} · {item['priority']}")


def _parse(text: str) -> Request:
    """Parse the words as `/incident action` does. Raises `TocsinError`."""
    policy = policy_reader.load(settings_reader.load().policy_path)
    request = parse(f"action {text}", policy)
    if not isinstance(request, Request):
        message = getattr(request, "message", "What is to be done? Write it, then who does it and by when.")
        raise TocsinError(f"{message} This works: tocsin action INC-7 Alert on the pool @maya by friday P1")
    return request
