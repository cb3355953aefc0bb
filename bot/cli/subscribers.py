"""Implements `tocsin statuspage subscribers`: counts, lists, adds and removes those who are told of publications."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import click

from bot.cli.operation_client import OperationClient, client_options, prints_json, run_in_group
from bot.cli.output import as_json_option, echo, print_json
from bot.cli.shared import run
from bot.operations.subscribers import CHANNEL
from storage.database import Database
from storage.statuspage import subscribers


@click.group("subscribers", invoke_without_command=True)
@as_json_option
@click.pass_context
def subscribers_command(ctx: click.Context, as_json: bool) -> None:
    """Count the subscribers of the status page; its commands list, add and remove them."""
    if ctx.invoked_subcommand is not None:
        return
    counted = run(lambda database, _: _subscribers(database))
    if prints_json(ctx, {"as_json": as_json}):
        print_json(counted)
        return
    for kind, count in counted.items():
        echo(f"{kind:<8} {count['active']} subscribed, {count['pending']} to be confirmed")
    if not counted:
        echo("Nobody has subscribed yet.")


async def _subscribers(database: Database) -> dict[str, dict[str, int]]:
    async with database.reading() as conn:
        return await subscribers.counts(conn)


@subscribers_command.command("list")
@client_options
@click.pass_context
def list_subscribers_command(ctx: click.Context, /, **options: Any) -> None:
    """List the subscribers with their addresses."""

    async def work(client: OperationClient) -> Any:
        rows: list[Any] = []
        cursor: str | None = ""
        while cursor is not None:
            answer = await client.run("list_subscribers", {}, {"limit": 200, **({"cursor": cursor} if cursor else {})})
            rows += answer["subscribers"]
            cursor = answer["next_cursor"]
        return rows

    rows = run_in_group(ctx, options, work)
    if options["as_json"]:
        print_json(rows)
        return
    for subscriber in rows:
        _print_subscriber(subscriber)
    if not rows:
        echo("Nobody has subscribed yet.")


@subscribers_command.command("add")
@click.argument("address")
@click.option("--component", "components", multiple=True, metavar="KEY", help="Only this component; repeatable.")
@client_options
@click.pass_context
def add_subscriber_command(ctx: click.Context, /, address: str, **options: Any) -> None:
    """Ask ADDRESS (of mail, or https://…) to confirm that it is told of what is published.

    A channel of Slack, by its ID such as C0123ABCD, is told at once, of one component or of all.
    """
    if re.fullmatch(CHANNEL, address):
        added = run_in_group(ctx, options, lambda client: _subscribe_channel(client, address, options["components"]))
    else:
        kind = "webhook" if "://" in address else "email"
        arguments = {"kind": kind, "address": address, "components": list(options["components"])}
        added = run_in_group(ctx, options, lambda client: client.run("add_subscriber", {}, arguments))
    print_json(added) if options["as_json"] else _print_subscriber(added)


async def _subscribe_channel(client: OperationClient, channel: str, components: Sequence[str]) -> Any:
    """Subscribe a channel to each component, or to all of them without any. Returns the subscriber."""
    subscriber = None
    for component in components or (None,):
        chosen = {"component": component} if component is not None else {}
        subscriber = await client.run("subscribe_channel", {}, {"channel": channel, **chosen})
    return subscriber


@subscribers_command.command("remove")
@click.argument("subscriber")
@client_options
@click.pass_context
def remove_subscriber_command(ctx: click.Context, /, subscriber: str, **options: Any) -> None:
    """Remove SUBSCRIBER, the ID that `list` shows, with its address; or a channel of Slack by its ID."""
    if re.fullmatch(CHANNEL, subscriber):
        operation, path = "unsubscribe_channel", {"channel": subscriber}
    else:
        operation, path = "remove_subscriber", {"subscriber": subscriber}
    removed = run_in_group(ctx, options, lambda client: client.run(operation, path, {}))
    print_json(removed) if options["as_json"] else echo(f"{removed['address']} is told nothing more.")


def _print_subscriber(subscriber: dict[str, Any]) -> None:
    scope = ", ".join(subscriber["components"]) or "everything"
    state = "" if subscriber["confirmed"] else "  (to be confirmed)"
    echo(f"{subscriber['id']}  {subscriber['kind']:<8} {subscriber['address']}  {scope}{state}")
