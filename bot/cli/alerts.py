"""Implements `tocsin alerts`: lists and explains groups of alerts, silences alerts, and says how good alerts are."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from bot import policy as policy_reader
from bot.cli.alert_list import empty_list_line, group_lines, print_groups, print_groups_json, read_groups
from bot.cli.alert_sending import send_command
from bot.cli.operation_client import (
    OperationClient,
    client_options,
    is_remote,
    prints_json,
    run_in_group,
    run_with_client,
    target_in_group,
)
from bot.cli.output import print_json
from bot.cli.shared import run
from bot.domain.alerts import silence
from bot.domain.errors import TocsinError
from bot.domain.timeline.entry import BOT
from bot.domain.values.durations import exact, parse_duration
from bot.domain.values.one_line import one_line
from bot.integrations.alerts.protocol import fingerprint_from
from bot.json_shapes.alerts import explanation_json
from bot.settings import Settings
from storage.alerts import groups, members
from storage.database import Database

MOST_GROUPS = 1000  # that have had an alert with the same fingerprint
GROUP_ID = re.compile(r"AG-[0-9]+", re.IGNORECASE)


@click.group("alerts", invoke_without_command=True)
@client_options
@click.pass_context
def alerts_command(ctx: click.Context, /, **options: Any) -> None:
    """Groups of alerts that fire, newest first; `all` for past ones too."""
    ctx.obj = options
    if ctx.invoked_subcommand is None:
        _print_groups(ctx, options, "firing")


@alerts_command.command("firing")
@client_options
@click.pass_context
def firing_command(ctx: click.Context, /, **options: Any) -> None:
    """Groups of alerts that fire, newest first."""
    _print_groups(ctx, options, "firing")


@alerts_command.command("all")
@client_options
@click.pass_context
def all_command(ctx: click.Context, /, **options: Any) -> None:
    """The newest groups of alerts, past ones too."""
    _print_groups(ctx, options, "all")


@alerts_command.command("explain")
@click.argument("identifier", metavar="WHAT")
@client_options
@click.pass_context
def explain_command(ctx: click.Context, /, identifier: str, **options: Any) -> None:
    """Why a group (AG-7), or the groups of a fingerprint, were decided as they were: each step and its reason."""
    if GROUP_ID.fullmatch(identifier):
        path = {"id": identifier.upper()}
        explained = [run_in_group(ctx, options, lambda client: client.run("explain_alerts", path, {}))]
    elif is_remote(target_in_group(ctx, options)):
        raise TocsinError("A fingerprint is looked up on the database alone. Name a group, such as AG-7.")
    else:
        explained = run(lambda database, settings: _read_explanations(database, settings, identifier))
    if prints_json(ctx, options):
        print_json(explained)
        return
    for group in explained:
        decided = f"{group['decision']} {group['incident'] or ''}".rstrip()
        click.echo(f"{group['id']} · {one_line(group['title'])}\n{group['state']} · {decided}, times in UTC")
        for step in group["steps"]:
            at = datetime.fromisoformat(step["at"])
            click.echo(f"  {at:%Y-%m-%d %H:%M:%S}  {step['step']:<11} {one_line(step['reason'])}")


@alerts_command.command("noise")
@click.option("--since", "span", default="30d", show_default=True, help="How far to look back, such as 7d.")
@client_options
@click.pass_context
def noise_command(ctx: click.Context, /, span: str, **options: Any) -> None:
    """The noisiest rules with their precision, and how well alerts detect incidents."""
    arguments = {"since": _in_seconds(parse_duration(span))}
    rates = run_in_group(ctx, options, lambda client: client.run("alert_noise", {}, arguments))
    if prints_json(ctx, options):
        print_json(rates)
        return
    count = "1 incident" if rates["incidents"] == 1 else f"{rates['incidents']} incidents"
    click.echo(
        f"{count}: {_percent(rates['detection_rate'])} an alert told of first, "
        f"{_percent(rates['false_negative_rate'])} none told of; "
        f"{_percent(rates['false_positive_rate'])} of the decided alerts were false"
    )
    for rule in rates["rules"]:
        click.echo(
            f"{one_line(rule['rule'])[:40]:<40} {rule['service'] or '-':<16} told {rule['told']}, "
            f"right {rule['right']}, false {rule['false']}, noise {rule['noise']}, flapped {rule['flaps']}; "
            f"precision {_percent(rule['precision'])}"
        )


def _percent(share: float | None) -> str:
    return "unknown" if share is None else f"{share:.0%}"


def _in_seconds(span: timedelta) -> str:
    return f"{max(1, round(span.total_seconds()))}s"


@alerts_command.command("silence")
@click.argument("labels", nargs=-1)
@click.option("--for", "span", help="How long, such as 2h.")
@click.option("--reason", default="", help="Why; shown on cards.")
@click.option("--end", "ended", metavar="ID", help="End a silence now.")
@client_options
@click.pass_context
def silence_command(
    ctx: click.Context, /, labels: tuple[str, ...], span: str | None, reason: str, ended: str | None, **options: Any
) -> None:
    """Silence alerts with LABELS (label=value …) --for a while; without arguments, list the silences in force."""
    if labels and not span:
        raise TocsinError("Say for how long: tocsin alerts silence alertname=HighErrors --for 2h")
    arguments = _silence_arguments(labels, span, reason) if labels and span else None

    async def work(client: OperationClient) -> tuple[list[dict[str, Any]], dict[str, str]]:
        if arguments is not None:
            await client.run("add_silence", {}, arguments)
        if ended:
            await client.run("end_silence", {"id": ended.upper()}, {})
        rows = (await client.run("list_silences", {}, {}))["silences"]
        return rows, await client.names({row["by"] for row in rows})

    in_force, names = run_in_group(ctx, options, work)
    if prints_json(ctx, options):
        print_json(in_force)
        return
    for row in in_force:
        ends_at, by = datetime.fromisoformat(row["ends_at"]), one_line(names.get(row["by"], row["by"]))
        matchers = one_line(", ".join(f"{label}={value}" for label, value in row["labels"].items()))
        line = f"{row['id']:<7} until {ends_at:%Y-%m-%d %H:%M} UTC  {matchers}  by {by}  {one_line(row['reason'])}"
        click.echo(line.rstrip())
    if not in_force:
        click.echo("No alert is silenced.")


def _silence_arguments(labels: Sequence[str], span: str, reason: str) -> dict[str, Any]:
    """The arguments of the operation. Raises `Refused`."""
    matchers = " ".join(silence.format_matcher(*label.split("=", 1)) if "=" in label else label for label in labels)
    now = datetime.now(UTC)
    requested = silence.parse(f"{matchers} for {exact(parse_duration(span))} {reason}", BOT, now)
    if len(dict(requested.labels)) < len(requested.labels):
        raise TocsinError("Name each label once. For one of several values: alertname=/Slow|Down/")
    return {
        "labels": dict(requested.labels), "duration": _in_seconds(requested.ends_at - now), "reason": requested.reason,
    }  # fmt: skip


def _print_groups(ctx: click.Context, options: Mapping[str, Any], scope: str) -> None:
    target, as_json = target_in_group(ctx, options), prints_json(ctx, options)
    if target.person is None and not is_remote(target):
        run(lambda database, _: print_groups_json(database, scope) if as_json else print_groups(database, scope))
        return
    groups_json = run_with_client(target, lambda client: read_groups(client, scope))
    if as_json:
        print_json(groups_json)
        return
    for group in groups_json:
        for line in group_lines(group):
            click.echo(line)
    if not groups_json:
        click.echo(empty_list_line(scope))


async def _read_explanations(database: Database, settings: Settings, identifier: str) -> list[dict[str, Any]]:
    """The explanations of the groups of a fingerprint, the newest first."""
    async with database.reading() as conn:
        fingerprint = fingerprint_from(identifier) or identifier
        numbers = await members.groups_of_fingerprint(conn, fingerprint, MOST_GROUPS)
        groups_by_number = await groups.get_many(conn, numbers)
    if not groups_by_number:
        raise TocsinError(f"There is no group and no fingerprint “{identifier}”. See them: tocsin alerts all")
    policy = policy_reader.load(settings.policy_path)
    return [explanation_json(group, policy) for _, group in sorted(groups_by_number.items(), reverse=True)]


alerts_command.add_command(send_command)
