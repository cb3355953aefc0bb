"""Implements `tocsin replay`: shows what another policy would have sent in a past incident, and changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from bot import policy as policy_reader
from bot.cli.operation_client import local_context
from bot.cli.output import as_json_option, echo, incident_number, print_json
from bot.cli.shared import run
from bot.domain.errors import TocsinError
from bot.domain.incident import Incident
from bot.domain.paging import calls
from bot.domain.replay.sending import Sending, as_json, differences, night_pages, pages
from bot.domain.values.durations import parse_duration
from bot.domain.values.one_line import one_line
from bot.domain.values.slack_ids import user_ids_in, with_names
from bot.json_shapes.incidents import instant
from bot.settings import Settings
from bot.usecases.queries.replay import Replay, replay
from storage import incidents, names
from storage.database import Database

MOST = 2_000  # incidents of `--all`


@click.command("replay")
@click.argument("incident_id", required=False)
@click.option("--policy", "path", type=click.Path(path_type=Path, exists=True, dir_okay=False), required=True,
              help="The policy to try.")  # fmt: skip
@click.option("--all", "every", is_flag=True, help="All incidents, summed.")
@click.option("--since", "span", default="90d", show_default=True, help="With --all: how far to look back.")
@as_json_option
def replay_command(incident_id: str | None, path: Path, span: str, *, every: bool, as_json: bool) -> None:
    """Compare what was sent in INCIDENT_ID with what another policy would have sent. Nothing is changed or sent."""
    if every == (incident_id is not None):
        raise TocsinError("Name one incident, or say --all: tocsin replay INC-42 --policy new.yml")
    number = incident_number(incident_id) if incident_id else None
    since = parse_duration(span)
    replays, zone, names_by_person = run(lambda database, settings: _replays(database, settings, path, number, since))
    if number is None:
        _print_sum(replays, zone, as_json=as_json)
    else:
        _print_one(replays[0], names_by_person, as_json=as_json)


async def _replays(
    database: Database, settings: Settings, path: Path, number: int | None, since: timedelta
) -> tuple[list[Replay], Any, dict[str, str]]:
    """The replays, the policy's time zone, and the known names of the people in a single one."""
    context = await local_context(database, settings, None)
    policy, now = policy_reader.load(path), context.clock.now()
    async with database.snapshot() as conn:
        if number is None:
            incident_filter = incidents.IncidentFilter(declared_since=now - since)
            chosen: list[Incident] = [
                incident for incident in await incidents.find(conn, incident_filter, (), MOST) if not incident.drill
            ]
        else:
            incident = await incidents.get(conn, number)
            if incident is None:
                raise TocsinError(f"There is no incident INC-{number}. See them all: tocsin list all")
            chosen = [incident]
        played = [
            await replay(conn, incident, await context.policies.of(conn, incident), policy, context.methods, now)
            for incident in chosen
        ]
        sendings = [sending for each in played[:1] for sending in (*each.sent, *each.would_send)]
        people = user_ids_in(" ".join(f"{' '.join(sending.to)} {sending.reason}" for sending in sendings))
        names_by_person = await names.get_many(conn, people) if number is not None else {}
    return played, policy.zone, names_by_person


def _print_sum(replays: list[Replay], zone: Any, *, as_json: bool) -> None:
    total = {
        "pages": {
            "sent": sum(pages(played.sent) for played in replays),
            "would_send": sum(pages(played.would_send) for played in replays),
        },
        "night_pages": {
            "sent": sum(night_pages(played.sent, zone) for played in replays),
            "would_send": sum(night_pages(played.would_send, zone) for played in replays),
        },
        "silent_minutes": {
            "sent": round(sum(played.silent[0] for played in replays)),
            "would_send": round(sum(played.silent[1] for played in replays)),
        },
    }
    if as_json:
        print_json(total)
        return
    echo(f"{len(replays)} incident{'s' * (len(replays) != 1)}           sent   would be")
    for name, row in total.items():
        echo(f"{name.replace('_', ' '):20} {row['sent']:7} {row['would_send']:10}")


def _print_one(played: Replay, names_by_person: Mapping[str, str], *, as_json: bool) -> None:
    differing = differences(played.sent, played.would_send)
    if as_json:
        print_json(
            {
                "incident": played.incident.id,
                "sent": [_json(sending) for sending in played.sent],
                "would_send": [_json(sending) for sending in played.would_send],
                "differences": [{**row, "at": instant(row["at"])} for row in differing],
            }
        )
        return
    for title, sendings in (("Sent", played.sent), ("Would be sent", played.would_send)):
        echo(f"{title}: {len(sendings) or 'nothing'}")
        for sending in sendings:
            echo(f"  {_line(sending, names_by_person)}")
    echo("Differences:" if differing else "No differences.")
    for row in differing:
        rung = f" (rung {row['rung']})" if row["rung"] else ""
        echo(f"  {row['at']:%Y-%m-%d %H:%M} {row['kind']}{rung}: {_named(row['difference'], names_by_person)}")


def _json(sending: Sending) -> dict[str, Any]:
    return {**as_json(sending), "at": instant(sending.at)}


def _line(sending: Sending, names_by_person: Mapping[str, str]) -> str:
    rung = f" rung {sending.rung}" if sending.rung else ""
    to = f" to {', '.join(sending.to)}" if sending.to else ""
    by = f" by {', '.join(calls.label(method) for method in sending.by)}" if sending.by else ""
    return _named(f"{sending.at:%Y-%m-%d %H:%M} {sending.kind}{rung}{to}{by}: {sending.reason}", names_by_person)


def _named(text: str, names_by_person: Mapping[str, str]) -> str:
    """The text with names in the place of Slack IDs, as far as they are known."""
    return one_line(with_names(text, names_by_person))
