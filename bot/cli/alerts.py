"""Implements `tocsin alerts`: lists and explains groups of alerts, silences alerts, and sends a sample file."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import click

from bot import policy as policy_reader
from bot import settings as settings_reader
from bot.cli.alert_list import empty_list_line, group_lines, print_groups, print_groups_json, read_groups
from bot.cli.operation_client import (
    client_options,
    is_remote,
    prints_json,
    run_in_group,
    run_with_client,
    target_in_group,
)
from bot.cli.output import as_json_option, print_json
from bot.cli.shared import run
from bot.domain.alerts import silence
from bot.domain.alerts.alert import AlertBatch
from bot.domain.alerts.rates import AlertRates
from bot.domain.alerts.routing import place_all
from bot.domain.alerts.silence import Silence
from bot.domain.errors import TocsinError
from bot.domain.timeline.entry import BOT
from bot.domain.values.durations import parse_duration
from bot.domain.values.one_line import one_line
from bot.integrations.alerts.protocol import Delivery, fingerprint_from
from bot.integrations.alerts.registry import SOURCES
from bot.json_shapes.alerts import explanation_json, silence_json
from bot.secret_settings import secret_of
from bot.settings import Settings
from bot.usecases.alerts.silence import add_silence, end_silence
from bot.usecases.context import Context, Policies
from bot.usecases.open_clock import open_clock
from bot.usecases.queries.alert_rates import alert_rates
from storage.alerts import groups, members, silences
from storage.database import Database

MOST_GROUPS = 1000  # that have had an alert with the same fingerprint
GROUP_ID = re.compile(r"AG-[0-9]+", re.IGNORECASE)
SENT_WITHIN_S = 60.0
_SIGNED = {  # endpoints that require a signature: the setting with the secret, the header, and its prefix
    "pagerduty": ("pagerduty_webhook_secret", "X-PagerDuty-Signature", "v1="),
    "sentry": ("sentry_client_secret", "Sentry-Hook-Signature", ""),
}


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
@as_json_option
def noise_command(span: str, as_json: bool) -> None:
    """The noisiest rules with their precision, and how well alerts detect incidents."""
    looked_back = parse_duration(span)
    counted = run(lambda database, settings: _rates(database, settings, looked_back))
    if as_json:
        print_json(asdict(counted))
        return
    count = "1 incident" if counted.incidents == 1 else f"{counted.incidents} incidents"
    click.echo(
        f"{count}: {_percent(counted.detection_rate)} an alert told of first, "
        f"{_percent(counted.false_negative_rate)} none told of; "
        f"{_percent(counted.false_positive_rate)} of the decided alerts were false"
    )
    for rule in counted.rules:
        click.echo(
            f"{one_line(rule.rule)[:40]:<40} {rule.service or '-':<16} told {rule.told}, right {rule.right}, "
            f"false {rule.false}, noise {rule.noise}, flapped {rule.flaps}; precision {_percent(rule.precision)}"
        )


async def _rates(database: Database, settings: Settings, looked_back: timedelta) -> AlertRates:
    clock = await open_clock(database, settings.tocsin_speed)
    async with database.reading() as conn:
        return await alert_rates(conn, clock.now() - looked_back)


def _percent(share: float | None) -> str:
    return "unknown" if share is None else f"{share:.0%}"


@alerts_command.command("silence")
@click.argument("labels", nargs=-1)
@click.option("--for", "span", help="How long, such as 2h.")
@click.option("--reason", default="", help="Why; shown on cards.")
@click.option("--end", "ended", metavar="ID", help="End a silence now.")
@as_json_option
def silence_command(labels: tuple[str, ...], span: str | None, reason: str, ended: str | None, as_json: bool) -> None:
    """Silence alerts with LABELS (label=value …) --for a while; without arguments, list the silences in force."""
    if labels and not span:
        raise TocsinError("Say for how long: tocsin alerts silence alertname=HighErrors --for 2h")
    in_force = run(lambda database, settings: _silences(database, settings, labels, f"for {span} {reason}", ended))
    if as_json:
        print_json([silence_json(row) for row in in_force])
        return
    for row in in_force:
        click.echo(f"{row.id:<7} until {row.ends_at:%Y-%m-%d %H:%M} UTC  {one_line(row.in_words)}  {row.reason}")
    if not in_force:
        click.echo("No alert is silenced.")


async def _silences(
    database: Database, settings: Settings, labels: tuple[str, ...], terms: str, ended: str | None
) -> list[Silence]:
    """Add or end a silence, and return the silences in force. `terms`: the duration and the reason."""
    loaded = policy_reader.read(settings.policy_path)
    policies = Policies(loaded.policy, loaded.document, policy_reader.from_document)
    context = Context(database, policies, await open_clock(database, settings.tocsin_speed))
    if labels:
        matchers = " ".join(silence.format_matcher(*label.split("=", 1)) if "=" in label else label for label in labels)
        await add_silence(context, silence.parse(f"{matchers} {terms}", BOT, context.clock.now()))
    if ended:
        number = ended.upper().removeprefix("SI-")
        if not number.isdecimal():
            raise TocsinError(f"“{ended}” is not the ID of a silence. They look like SI-3.")
        await end_silence(context, int(number))
    async with database.reading() as conn:
        return await silences.in_force(conn, context.clock.now())


@alerts_command.command("send")
@click.option("--kind", type=click.Choice(sorted(SOURCES)), required=True, help="Whose format the file has.")
@click.option("--dry-run", is_flag=True, help="Say what the policy would do, and send nothing.")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def send_command(kind: str, dry_run: bool, file: Path) -> None:
    """Send FILE to the endpoint of the bot that runs here, as the monitoring system would."""
    settings = settings_reader.load()
    try:
        payload = json.loads(file.read_bytes())
        batch = SOURCES[kind].read(Delivery(payload), datetime.now(UTC))
    except ValueError as error:
        raise TocsinError(f"{file}: {error}. It should be {SOURCES[kind].expected}") from None
    if dry_run:
        _print_dry_run(batch, settings)
    else:
        print_json(asyncio.run(_post(settings, payload, kind)))


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


def _print_dry_run(batch: AlertBatch, settings: Settings) -> None:
    """Print the route, severity and service of each alert."""
    policy = policy_reader.load(settings.policy_path)
    for placement in place_all(batch.alerts, policy):
        alert = placement.alert
        click.echo(f"{alert.status:<9} {one_line(alert.title)}")
        click.echo(f"{'':<9} {placement.route.do}: {placement.reason}")
        click.echo(f"{'':<9} severity {placement.severity}, service {placement.service or 'not known'}")
    for rejected in batch.rejected:
        click.echo(f"rejected  alert {rejected.index}: {rejected.reason}")


def _authentication_headers(settings: Settings, kind: str, body: bytes) -> dict[str, str]:
    """The headers that authenticate a body at the endpoint. Raises `TocsinError` if the secret is not set."""
    name, header, prefix = _SIGNED.get(kind, ("tocsin_hook_token", "Authorization", "Bearer "))
    secret = secret_of(getattr(settings, name)).split(",")[0].strip()
    if not secret:
        raise TocsinError(f"{name.upper()} is not set, so there is no endpoint to send to. See docs/alerts.md")
    if kind not in _SIGNED:
        return {header: prefix + secret}
    return {header: prefix + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}


async def _post(settings: Settings, payload: Any, kind: str) -> Any:
    body = json.dumps(payload).encode()
    headers = _authentication_headers(settings, kind, body)
    url = f"http://{settings.host}:{settings.port}/hooks/{kind}"
    timeout = aiohttp.ClientTimeout(total=SENT_WITHIN_S)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.post(
                url, data=body, headers={"Content-Type": "application/json", **headers}, allow_redirects=False
            ) as answer,
        ):
            text = await answer.text()
            if answer.status == 404:
                hint = "Set TOCSIN_SNS_TOPICS." if kind == "cloudwatch" else "Set its secret, and restart the bot."
                raise TocsinError(f"The bot has no endpoint {url}. {hint} See docs/alerts.md")
            if answer.status != 202:
                raise TocsinError(f"{url} answered {answer.status}: {text[:500]}")
            return json.loads(text)
    except (aiohttp.ClientError, TimeoutError) as error:
        raise TocsinError(f"{url} cannot be reached ({type(error).__name__}). Is the bot running here?") from None
