"""Implements `tocsin metrics`: the figures of a period."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import click

from bot import policy as policy_reader
from bot.cli.operation_client import OperationClient, Target, is_remote, run_with_client, server_option
from bot.cli.output import as_json_option, echo_lines, print_json
from bot.cli.shared import run
from bot.domain.errors import TocsinError
from bot.domain.figures.load import PersonLoad, loads_of
from bot.domain.figures.period import parse_period
from bot.domain.figures.report import Scope
from bot.domain.figures.selection import BY, Selection
from bot.domain.policy.severity_names import severity_named
from bot.domain.policy.teams import team_key
from bot.domain.values.slack_ids import is_user_id
from bot.json_shapes.figures import figures_json
from bot.settings import Settings
from bot.usecases.open_clock import open_clock
from bot.usecases.queries.figures import period_figures
from storage import names as stored_names
from storage.database import Database
from storage.figures import people_paged


@click.command("metrics")
@click.option("--since", default="30d", show_default=True, help="How far to look back, such as 90d; or the first day.")
@click.option("--until", metavar="DAY", help="The last day, which counts whole, or an instant; now without one.")
@click.option("--by", type=click.Choice(BY), default="severity", show_default=True, help="What the rows are split by.")
@click.option("--severity", help="Only incidents of this severity.")
@click.option("--service", help="Only incidents of this service.")
@click.option("--category", help="Only incidents of this category.")
@click.option("--team", help="Only incidents of the services of this team.")
@click.option("--load", "person", metavar="ID", help="Instead: how often this person was paged, and whom they lead.")
@server_option
@as_json_option
def metrics_command(
    *, since: str, until: str | None, by: str, person: str | None, server: str | None, as_json: bool,
    **selected: str | None,
) -> None:  # fmt: skip
    """Show the number of incidents, how long they took, and whether that became better or worse."""
    target, bounds = Target(server=server), (since, until)
    if person is not None:
        _print_load(target, bounds, person, as_json=as_json)
        return
    if is_remote(target):
        figures = run_with_client(target, lambda client: _fetch_figures(client, bounds, {**selected, "by": by}))
    else:
        selection = Selection(**selected)
        figures = run(lambda database, settings: _figures(database, settings, bounds, selection, by))
    if as_json:
        print_json(figures)
    else:
        echo_lines("\n".join(figures["words"]))


def _print_load(target: Target, bounds: tuple[str, str | None], person: str, *, as_json: bool) -> None:
    if not is_user_id(person):
        raise TocsinError(f"“{person}” is no Slack ID. This works: tocsin metrics --load U0MAYA0000")
    names: dict[str, str] = {}
    if is_remote(target):
        loads = run_with_client(target, lambda client: _fetch_loads(client, bounds, person))
    else:
        loads = run(lambda database, settings: _loads(database, settings, bounds, person))
        names = run(lambda database, _: _names(database, loads))
    if as_json:
        print_json([asdict(load) for load in loads])
    else:
        echo_lines("\n".join(f"{names.get(load.person, load.person)}: {load.text}" for load in loads))


async def _fetch_figures(
    client: OperationClient, bounds: tuple[str, str | None], selected: Mapping[str, str | None]
) -> dict[str, Any]:
    """The figures through the API. Days are those of the policy there, as on the database."""
    zone = ZoneInfo((await client.run("get_policy", {}, {}))["timezone"])
    period = parse_period(*bounds, datetime.now(UTC), zone)
    arguments = {name: value for name, value in selected.items() if value is not None}
    arguments["start"] = period.start.isoformat()
    if bounds[1] is not None:
        arguments["end"] = period.end.isoformat()
    return dict(await client.run("get_figures", {}, arguments))


async def _fetch_loads(client: OperationClient, bounds: tuple[str, str | None], person: str) -> list[PersonLoad]:
    """The load of whom the token acts as, and of people whom they lead, through the API, which counts days back."""
    since, until = bounds
    days = since.removesuffix("d")
    if until is not None or not days.isdecimal():
        raise TocsinError("From a server, the load counts back from now: --since 90d")
    loads = [PersonLoad(**load) for load in (await client.run("get_load", {}, {"days": int(days)}))["loads"]]
    own_id = loads[0].person if loads else None
    if own_id != person:
        raise TocsinError(f"The token acts as {own_id}, who alone sees this: tocsin metrics --load {own_id}")
    return loads


async def _names(database: Database, loads: list[PersonLoad]) -> dict[str, str]:
    async with database.reading() as conn:
        return await stored_names.get_many(conn, {load.person for load in loads})


async def _loads(
    database: Database, settings: Settings, bounds: tuple[str, str | None], person: str
) -> list[PersonLoad]:
    """Nights and weekends go by the policy's time zone: Slack, which knows each person's own, is not asked."""
    now = (await open_clock(database, settings.tocsin_speed)).now()
    policy = policy_reader.load(settings.policy_path)
    period = parse_period(*bounds, now, policy.zone)
    async with database.snapshot() as conn:
        pages = await people_paged(conn, period.start, period.end)
    return loads_of(person, pages, policy, policy.zone)


async def _figures(
    database: Database, settings: Settings, bounds: tuple[str, str | None], selection: Selection, by: str
) -> dict[str, Any]:
    now = (await open_clock(database, settings.tocsin_speed)).now()
    policy = policy_reader.load(settings.policy_path)
    if selection.severity is not None:
        severity = severity_named(selection.severity, policy) or policy.severity(selection.severity).key
        selection = replace(selection, severity=severity)
    if selection.team is not None:
        selection = replace(selection, team=team_key(selection.team, policy))
    scope = Scope(parse_period(*bounds, now, policy.zone), selection, by)
    return figures_json(await period_figures(database, policy, scope, now), policy)
