"""Implements `tocsin webhooks`: sends events to the webhooks of the policy once more."""

from __future__ import annotations

import click

from bot.cli.operation_client import local_context
from bot.cli.output import as_json_option, echo, print_json
from bot.cli.shared import run
from bot.domain.values.durations import parse_duration
from bot.settings import Settings
from bot.usecases.replay_webhooks import replay
from storage.database import Database


@click.group("webhooks")
def webhooks_command() -> None:
    """The webhooks of the policy."""


@webhooks_command.command("replay")
@click.option("--since", required=True, metavar="2h", help="How far back.")
@as_json_option
def replay_command(since: str, as_json: bool) -> None:
    """Send the events of the last while once more, with the same IDs; the bot that runs delivers them."""
    span = parse_duration(since)

    async def work(database: Database, settings: Settings) -> int:
        context = await local_context(database, settings, None)
        return await replay(context, context.clock.now() - span)

    count = run(work)
    if as_json:
        print_json({"events": count})
        return
    echo(f"{count} event{'' if count == 1 else 's'} will be sent again.")
