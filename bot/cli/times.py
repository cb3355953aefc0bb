"""Implements `tocsin times`: shows and corrects when an incident started, was detected, mitigated and resolved."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import click

from bot.cli.acting import context_of, require_visible
from bot.cli.operation_client import OperationClient, Target, client_options, is_remote, run_with_client
from bot.cli.output import echo, incident_number, print_json
from bot.cli.shared import run
from bot.domain.errors import Refused, TocsinError
from bot.domain.incident import Incident
from bot.domain.incident.times import LABELS
from bot.domain.timeline.entry import BOT
from bot.json_shapes.incidents import incident_json, instant
from bot.settings import Settings
from bot.usecases.incidents.correct_times import correct_times
from storage import incidents
from storage.database import Database

NO_REASON = "Say how you know, in a few words: the correction stays on the timeline."
EXAMPLE = 'tocsin times INC-{number} --started 2026-11-30T02:31Z --reason "As the dashboard shows"'


@click.command("times")
@click.argument("incident_id")
@click.option("--started", metavar="TIME", help="Such as 2026-11-30T02:31Z; without a zone it is UTC.")
@click.option("--detected", metavar="TIME")
@click.option("--mitigated", metavar="TIME")
@click.option("--resolved", metavar="TIME")
@click.option("--impact-ended", metavar="TIME")
@click.option("--reason", default="", help="How it is known; needed to correct something.")
@client_options
def times_command(
    incident_id: str, reason: str, as_json: bool, person: str | None, server: str | None, **times: str | None
) -> None:
    """Correct the times of INCIDENT_ID; without a time, show them."""
    number = incident_number(incident_id)
    corrections = {f"{name}_at": _instant(text) for name, text in times.items() if text}
    target = Target(person, server)
    if is_remote(target):
        incident = run_with_client(target, lambda client: _correct_by_client(client, number, corrections, reason))
    else:
        incident = incident_json(run(lambda db, settings: _correct(db, settings, number, corrections, reason, person)))
    if as_json:
        print_json(incident)
        return
    for name, label in LABELS.items():
        echo(f"{label:<13} {incident[name] or '–'}")


def _instant(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    except ValueError:
        raise TocsinError(f"“{text}” is no time. Write it as 2026-11-30T02:31Z.") from None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)


async def _correct_by_client(
    client: OperationClient, number: int, corrections: Mapping[str, datetime], reason: str
) -> dict[str, Any]:
    """Correct or read the times through the API."""
    path = {"id": f"INC-{number}"}
    if not corrections:
        return dict(await client.run("get_incident", path, {}))
    if not reason.strip():
        raise TocsinError(f"{NO_REASON} For example: {EXAMPLE.format(number=number)}")
    times = {name: instant(at) for name, at in corrections.items()}
    return dict(await client.run("correct_times", path, {**times, "reason": reason}))


async def _correct(
    database: Database, settings: Settings, number: int, corrections: dict[str, datetime], reason: str,
    person: str | None,
) -> Incident:  # fmt: skip
    context = await context_of(database, settings, person)
    await require_visible(context, number, person)
    if corrections:
        try:
            return await correct_times(context, number, corrections, reason, person or BOT)
        except Refused as refused:
            raise TocsinError(f"{refused} For example: {EXAMPLE.format(number=number)}") from None
    async with database.reading() as conn:
        incident = await incidents.get(conn, number)
    if incident is None:
        raise TocsinError(f"There is no incident INC-{number}. See them all: tocsin list all")
    return incident
