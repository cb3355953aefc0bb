"""Implements `tocsin outage`: reports by hand that Slack is down, and that it is back."""

from __future__ import annotations

from typing import Any

import click

from bot import policy as policy_reader
from bot.cli.output import as_json_option, echo, print_json
from bot.cli.shared import run
from bot.domain.access.identity import OPERATOR
from bot.settings import Settings
from bot.usecases import outage as outages
from bot.usecases.open_clock import open_clock
from bot.usecases.outage import Outage
from storage.database import Database


@click.group("outage", invoke_without_command=True)
@as_json_option
@click.pass_context
def outage_command(ctx: click.Context, as_json: bool) -> None:
    """Whether Slack is down; `start` and `stop` say so by hand."""
    if ctx.invoked_subcommand is None:
        _print(run(lambda database, _: _current(database)), as_json)


@outage_command.command("start")
@click.argument("words", nargs=-1)
@as_json_option
def start_command(words: tuple[str, ...], as_json: bool) -> None:
    """Slack is down: people are paged by other methods at once, until `tocsin outage stop`."""
    reason = " ".join(words).strip() or "an operator says so"

    async def start(database: Database, settings: Settings) -> Outage:
        now = (await open_clock(database, settings.tocsin_speed)).now()
        async with database.transaction() as conn:
            return await outages.start(conn, Outage(now, OPERATOR, reason))

    _print(run(start), as_json)


@outage_command.command("stop")
@as_json_option
def stop_command(as_json: bool) -> None:
    """Slack is back."""

    async def stop(database: Database, settings: Settings) -> Outage | None:
        now = (await open_clock(database, settings.tocsin_speed)).now()
        severities = [severity.key for severity in policy_reader.load(settings.policy_path).severities]
        async with database.transaction() as conn:
            return await outages.stop(conn, now, severities)

    ended = run(stop)
    if ended is None or as_json:
        _print(None, as_json)
    else:
        echo("Slack is back. What waited goes out now, the worst incidents first; each channel gets one digest.")


async def _current(database: Database) -> Outage | None:
    async with database.reading() as conn:
        return await outages.current(conn)


def _print(outage: Outage | None, as_json: bool) -> None:
    if as_json:
        value: dict[str, Any] = outage.as_json() if outage is not None else {}
        print_json({"down": outage is not None, **value})
        return
    echo(f"{outage.in_words()}." if outage is not None else "Slack is not known to be down.")
