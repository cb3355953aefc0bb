"""Implements `tocsin oncall`: prints who is on call at any time, with covers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click

from bot.cli.operation_client import OperationClient, Target, client_options, run_with_client
from bot.cli.output import echo, print_json
from bot.domain.errors import TocsinError


@click.command("oncall")
@click.argument("schedule", required=False)
@click.option("--at", "at", metavar="INSTANT", help="Another time than now: 2026-11-25T18:00Z, or local time.")
@client_options
def oncall_command(schedule: str | None, at: str | None, as_json: bool, **options: Any) -> None:
    """Who is on call now and next."""
    query: dict[str, Any] = {"at": _instant(at).isoformat()} if at else {}
    if schedule is not None:
        query["schedule"] = schedule

    async def work(client: OperationClient) -> Any:
        return (await client.run("list_schedules", {}, query))["schedules"]

    target = Target(options.get("person"), options.get("server"))
    rows = [
        {"schedule": schedule_json["schedule"], "now": schedule_json["everybody"], "next": schedule_json["coming"]}
        for schedule_json in run_with_client(target, work)
    ]
    if as_json:
        print_json(rows)
        return
    if not rows:
        echo("Nobody is on call: the policy has no schedules.")
    for row in rows:
        echo(f"{row['schedule']:<20} {_people_on_call(row['now'])}{_next(row['next'])}")


def _instant(text: str) -> datetime:
    """Parse an instant. Without an offset it is in the time zone of this machine."""
    try:
        return datetime.fromisoformat(text.strip()).astimezone(UTC)
    except ValueError:
        raise TocsinError(f"“{text[:40]}” is not a time. Write it like 2026-11-25T18:00Z.") from None


def _people_on_call(people: list[dict[str, Any]]) -> str:
    return ", ".join(f"{person['name']}{_until(person['until'])}" for person in people) or "nobody"


def _until(instant: str | None) -> str:
    return f" until {instant}" if instant else ""


def _next(people: list[dict[str, Any]]) -> str:
    names = ", ".join(person["name"] for person in people)
    return f"; next {names} from {people[0]['from']}" if people else ""
