"""Implements `tocsin alerts send`: sends a file of alerts to the bot, or says what the policy would do with it."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import click

from bot import policy as policy_reader
from bot import settings as settings_reader
from bot.cli.operation_client import OperationClient, client_options, prints_json, run_in_group
from bot.cli.output import echo, print_json
from bot.domain.alerts.alert import AlertBatch
from bot.domain.alerts.preview import QuietState, preview
from bot.domain.alerts.routing import place_all
from bot.domain.errors import TocsinError
from bot.domain.values.one_line import one_line
from bot.integrations.alerts.protocol import Delivery
from bot.integrations.alerts.registry import SOURCES
from bot.json_shapes.alerts import preview_json
from bot.secret_settings import secret_of
from bot.settings import Settings
from storage.engine.errors import StorageError

SENT_WITHIN_S = 60.0
_SIGNED = {  # endpoints that require a signature: the setting with the secret, the header, and its prefix
    "pagerduty": ("pagerduty_webhook_secret", "X-PagerDuty-Signature", "v1="),
    "sentry": ("sentry_client_secret", "Sentry-Hook-Signature", ""),
}


@click.command("send")
@click.option("--kind", type=click.Choice(sorted(SOURCES)), required=True, help="Whose format the file has.")
@click.option("--dry-run", is_flag=True, help="Say what the policy would do, and send nothing.")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@client_options
@click.pass_context
def send_command(ctx: click.Context, /, kind: str, dry_run: bool, file: Path, **options: Any) -> None:
    """Send FILE to the endpoint of the bot that runs here, as the monitoring system would.

    With --dry-run, say what the policy here would do with it; with --server, that of the bot there.
    """
    try:
        payload = json.loads(file.read_bytes())
        batch = SOURCES[kind].read(Delivery(payload), datetime.now(UTC))
    except ValueError as error:
        raise TocsinError(f"{file}: {error}. It should be {SOURCES[kind].expected}") from None
    if not dry_run:
        print_json(asyncio.run(_post(settings_reader.load(), payload, kind)))
        return
    answer, names = _preview(ctx, options, {"kind": kind, "payload": payload}, batch)
    if prints_json(ctx, options):
        print_json(answer)
    else:
        _print_preview(answer, names)


def _preview(
    ctx: click.Context, options: Mapping[str, Any], arguments: Mapping[str, Any], batch: AlertBatch
) -> tuple[dict[str, Any], dict[str, str]]:
    """What the policy would do, and the names of people in it. Without a database, by the policy alone."""

    async def work(client: OperationClient) -> tuple[dict[str, Any], dict[str, str]]:
        answer = await client.run("preview_alerts", {}, arguments)
        by = {hold["by"] for alert in answer["alerts"] for hold in alert["holds"] if hold["by"]}
        return answer, await client.names(by)

    try:
        return run_in_group(ctx, options, work)
    except StorageError as error:
        echo(f"Silences, and alerts that fire, are not known: {error}", err=True)
    policy = policy_reader.load(settings_reader.load().policy_path)
    placements = place_all(batch.alerts, policy)
    rows = [preview_json(each) for each in preview(placements, QuietState(), policy.alerts.inhibit)]
    rejected = [{"alert": alert.index, "reason": alert.reason} for alert in batch.rejected]
    return {"alerts": rows, "rejected": rejected}, {}


def _print_preview(answer: Mapping[str, Any], names: Mapping[str, str]) -> None:
    """Print the route, severity and service of each alert, and what would hold it."""
    for alert in answer["alerts"]:
        click.echo(f"{alert['status']:<9} {one_line(alert['title'])}")
        click.echo(f"{'':<9} {alert['do']}: {one_line(alert['reason'])}")
        click.echo(f"{'':<9} severity {alert['severity']}, service {alert['service'] or 'not known'}")
        for hold in alert["holds"]:
            click.echo(f"{'':<9} {one_line(_hold_in_words(hold, names))}")
    for rejected in answer["rejected"]:
        click.echo(f"rejected  alert {rejected['alert']}: {one_line(rejected['reason'])}")


def _hold_in_words(hold: Mapping[str, Any], names: Mapping[str, str]) -> str:
    effect = "would hold it" if hold["holds"] else "would not hold it: another alert of its group is not kept quiet"
    if hold["kind"] == "inhibition":
        source = f"{hold['id']} " if hold["id"] and not hold["reason"].startswith(hold["id"]) else ""
        return f"An inhibition {effect}: {source}{hold['reason']}"
    until = datetime.fromisoformat(hold["until"])
    by = names.get(hold["by"], hold["by"])
    return f"A silence until {until:%Y-%m-%d %H:%M} UTC by {by} ({hold['id']}: {hold['reason']}) {effect}"


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
