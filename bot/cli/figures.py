"""Implements `tocsin metrics`: the figures of a period."""

from __future__ import annotations

from dataclasses import asdict, replace

import click

from bot import policy as policy_reader
from bot.cli.output import as_json_option, echo_lines, print_json
from bot.cli.shared import run
from bot.domain.errors import TocsinError
from bot.domain.figures.load import PersonLoad, loads_of
from bot.domain.figures.period import of_words
from bot.domain.figures.report import Report, Scope
from bot.domain.figures.selection import BY, Selection
from bot.domain.figures.words import lines
from bot.domain.policy.policy import Policy
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
@as_json_option
def metrics_command(
    *, since: str, until: str | None, by: str, person: str | None, as_json: bool, **selected: str | None
) -> None:
    """Show the number of incidents, how long they took, and whether that became better or worse."""
    if person is not None:
        _print_load(since, until, person, as_json=as_json)
        return
    selection = Selection(**selected)
    report, policy = run(lambda database, settings: _report(database, settings, (since, until), selection, by))
    if as_json:
        print_json(figures_json(report, policy))
    else:
        echo_lines("\n".join(lines(report, policy)))


def _print_load(since: str, until: str | None, person: str, *, as_json: bool) -> None:
    if not is_user_id(person):
        raise TocsinError(f"“{person}” is no Slack ID. This works: tocsin metrics --load U0MAYA0000")
    loads = run(lambda database, settings: _loads(database, settings, (since, until), person))
    if as_json:
        print_json([asdict(load) for load in loads])
    else:
        names = run(lambda database, _: _names(database, loads))
        echo_lines("\n".join(f"{names.get(load.person, load.person)}: {load.words}" for load in loads))


async def _names(database: Database, loads: list[PersonLoad]) -> dict[str, str]:
    async with database.reading() as conn:
        return await stored_names.get_many(conn, {load.person for load in loads})


async def _loads(
    database: Database, settings: Settings, words: tuple[str, str | None], person: str
) -> list[PersonLoad]:
    """Nights and weekends go by the policy's time zone: Slack, which knows each person's own, is not asked."""
    now = (await open_clock(database, settings.tocsin_speed)).now()
    policy = policy_reader.load(settings.policy_path)
    period = of_words(*words, now, policy.zone)
    async with database.snapshot() as conn:
        pages = await people_paged(conn, period.start, period.end)
    return loads_of(person, pages, policy, policy.zone)


async def _report(
    database: Database, settings: Settings, words: tuple[str, str | None], selection: Selection, by: str
) -> tuple[Report, Policy]:
    now = (await open_clock(database, settings.tocsin_speed)).now()
    policy = policy_reader.load(settings.policy_path)
    if selection.severity is not None:
        selection = replace(selection, severity=policy.severity(selection.severity).key)
    if selection.team is not None:
        selection = replace(selection, team=team_key(selection.team, policy))
    scope = Scope(of_words(*words, now, policy.zone), selection, by)
    return await period_figures(database, policy, scope, now), policy
