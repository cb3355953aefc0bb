"""Implements `tocsin statuspage`: what the status page shows, and publishing without Slack."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from bot import policy as policy_reader
from bot.cli.shared import as_json_option, echo, incident_number, print_json, run
from bot.domain.errors import TocsinError
from bot.domain.statuspage.component_state import ComponentState, description, indicator, parse_state
from bot.domain.statuspage.maintenance import NewMaintenance
from bot.domain.statuspage.publication import INCIDENT_STATUSES, NewPublication, Publication, PublicChange, PublicStatus
from bot.domain.statuspage.view import PageView, build_view, read_since
from bot.domain.timeline.entry import BOT, rfc3339
from bot.settings import Settings
from bot.usecases.context import Context, Policies
from bot.usecases.open_clock import open_clock
from bot.usecases.status_page import maintain
from bot.usecases.status_page import publish as publishing
from bot.usecases.status_page.address import page_url
from bot.web.statuspage import mirror
from bot.web.statuspage.cache import access_token
from storage import incidents, key_value
from storage.database import Database
from storage.statuspage import page, subscribers

STATUSES = click.Choice([str(each) for each in INCIDENT_STATUSES])
components_option = click.option(
    "--component",
    "components",
    multiple=True,
    metavar="KEY=STATE",
    help="How it is, such as api=major_outage.",
)
at_option = click.option("--at", help="When it was so, such as 2026-03-29T14:30; in the page's time zone.")


@click.group("statuspage", invoke_without_command=True)
@as_json_option
@click.pass_context
def statuspage_command(ctx: click.Context, as_json: bool) -> None:
    """The status page: its components and what is published."""
    ctx.obj = as_json
    if ctx.invoked_subcommand is None:
        _print_page(run(_view), as_json)


@statuspage_command.command("publish")
@click.argument("incident_id", required=False)
@click.option("--title", required=True, help="A title for customers; the incident's own stays inside.")
@click.option("--message", required=True, help="What customers see, and what happens next.")
@click.option("--impact", default="", help="The impact in customers' words.")
@click.option("--status", type=STATUSES, default="investigating", show_default=True)
@components_option
@click.option("--started-at", help="When it began, for what is published later; in the page's time zone.")
@click.option("--resolved-at", help="When it ended, for what is over.")
@as_json_option
@click.pass_context
def publish_command(ctx: click.Context, /, incident_id: str | None, as_json: bool, **given: Any) -> None:
    """Publish an incident (INC-7), or something without an incident."""
    number = None if incident_id is None else incident_number(incident_id)

    async def work(context: Context) -> Publication:
        zone = context.policy.status_page.timezone
        components = await _components(context, number, given["components"])
        new = NewPublication(
            given["title"], given["message"], components, PublicStatus(given["status"]), given["impact"],
            _instant(given["started_at"], zone), _instant(given["resolved_at"], zone),
        )  # fmt: skip
        return await publishing.publish(context, number, new, BOT)

    _print(_run(work), as_json or ctx.obj)


@statuspage_command.command("update")
@click.argument("publication")
@click.option("--message", required=True, help="What customers see now.")
@click.option("--status", help="Where it is now; left out: unchanged.")
@components_option
@click.option("--title", help="Another title; the page shows it as edited.")
@click.option("--impact", help="Another impact; the page shows it as edited.")
@click.option("--edit", type=int, metavar="N", help="Correct update N, counted from 1, instead of adding one.")
@at_option
@as_json_option
@click.pass_context
def update_command(ctx: click.Context, /, publication: str, as_json: bool, **given: Any) -> None:
    """Add an update to PUBLICATION, which is its ID or INC-7. --edit corrects an earlier one, visibly."""

    async def work(context: Context) -> Publication:
        found = await _find(context, publication)
        if given["edit"] is not None:
            return await publishing.edit(context, found.id, given["edit"], given["message"], BOT)
        change = PublicChange(
            given["message"], PublicStatus(given["status"]) if given["status"] else None,
            _states(context, given["components"]) if given["components"] else None, given["title"], given["impact"],
            _instant(given["at"], context.policy.status_page.timezone),
        )  # fmt: skip
        return await publishing.post(context, found.id, change, BOT)

    _print(_run(work), as_json or ctx.obj)


@statuspage_command.command("resolve")
@click.argument("publication")
@click.option("--message", required=True, help="What is well again, and since when.")
@at_option
@as_json_option
@click.pass_context
def resolve_command(ctx: click.Context, publication: str, message: str, at: str | None, as_json: bool) -> None:
    """Resolve PUBLICATION, which is its ID or INC-7; its components are operational again."""

    async def work(context: Context) -> Publication:
        found = await _find(context, publication)
        over = PublicStatus.COMPLETED if found.is_maintenance else PublicStatus.RESOLVED
        change = PublicChange(message, over, at=_instant(at, context.policy.status_page.timezone))
        return await publishing.post(context, found.id, change, BOT)

    _print(_run(work), as_json or ctx.obj)


@statuspage_command.command("maintenance")
@click.option("--title", help="What is done, for customers.")
@click.option("--message", help="What customers notice.")
@click.option("--component", "components", multiple=True, metavar="KEY", help="A component that it affects.")
@click.option("--from", "starts_at", help="When it begins, such as 2026-03-29T22:00; in the page's time zone.")
@click.option("--until", "ends_at", help="When it ends.")
@click.option("--automatic/--by-hand", default=True, help="Whether it begins and ends by itself.")
@click.option("--remind/--no-remind", default=True, help="Whether subscribers are reminded an hour before.")
@click.option("--silence", is_flag=True, help="Silence the alerts of the components' services while it lasts.")
@as_json_option
@click.pass_context
def maintenance_command(ctx: click.Context, /, as_json: bool, **given: Any) -> None:
    """Schedule maintenance; without options, list what is planned or under way."""
    if not given["title"]:
        view = run(_view)
        if as_json or ctx.obj:
            print_json([publication_json(each) for each in view.maintenance])
            return
        for each in view.maintenance:
            _print(each, as_json=False)
        if not view.maintenance:
            echo("No maintenance is planned.")
        return
    missing = [name for name in ("message", "components", "starts_at", "ends_at") if not given[name]]
    if missing:
        options = {"message": "--message", "components": "--component", "starts_at": "--from", "ends_at": "--until"}
        raise TocsinError(f"Say {' and '.join(options[name] for name in missing)}, too.")

    async def work(context: Context) -> Publication:
        zone = context.policy.status_page.timezone
        new = NewMaintenance(
            given["title"], given["message"], [_component(context, each) for each in given["components"]],
            required_instant(given["starts_at"], zone), required_instant(given["ends_at"], zone),
            given["automatic"], given["remind"], given["silence"],
        )  # fmt: skip
        return await maintain.schedule(context, new, BOT)

    _print(_run(work), as_json or ctx.obj)


@statuspage_command.command("subscribers")
@as_json_option
@click.pass_context
def subscribers_command(ctx: click.Context, as_json: bool) -> None:
    """How many are told of what is published. Addresses are not shown."""
    counted = run(lambda database, _: _subscribers(database))
    if as_json or ctx.obj:
        print_json(counted)
        return
    for kind, count in counted.items():
        echo(f"{kind:<8} {count['active']} subscribed, {count['pending']} to be confirmed")
    if not counted:
        echo("Nobody has subscribed yet.")


async def _subscribers(database: Database) -> dict[str, dict[str, int]]:
    async with database.reading() as conn:
        return await subscribers.counts(conn)


@statuspage_command.command("export")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@as_json_option
@click.pass_context
def export_command(ctx: click.Context, folder: Path, as_json: bool) -> None:
    """Write the page as static files into FOLDER, for any web server or bucket."""
    view = run(_view)
    try:
        count = mirror.write(replace(view, url=view.url.partition("?")[0]), folder)
    except OSError as error:
        raise TocsinError(f"{folder} cannot be written: {error.strerror or error}.") from None
    if as_json or ctx.obj:
        print_json({"folder": str(folder), "files": count})
    else:
        echo(f"{count} files are in {folder}.")


def publication_json(publication: Publication) -> dict[str, Any]:
    """A publication for `--json`; unlike the page it names the incident."""
    return {
        "id": publication.id,
        "kind": str(publication.kind),
        "incident": None if publication.incident is None else f"INC-{publication.incident}",
        "title": publication.title,
        "impact": publication.impact,
        "status": str(publication.status),
        "components": {key: str(state) for key, state in publication.components.items()},
        "started_at": rfc3339(publication.started_at),
        "ended_at": rfc3339(publication.ended_at) if publication.ended_at else None,
        "scheduled_for": rfc3339(publication.scheduled_for) if publication.scheduled_for else None,
        "scheduled_until": rfc3339(publication.scheduled_until) if publication.scheduled_until else None,
        "updates": [
            {
                "status": str(each.status),
                "message": each.message,
                "at": rfc3339(each.at),
                "edited_at": rfc3339(each.edited_at) if each.edited_at else None,
            }
            for each in publication.updates
        ],
    }


def _run(work: Callable[[Context], Awaitable[Publication]]) -> Publication:
    return run(functools.partial(_with_context, work))


async def _with_context(
    work: Callable[[Context], Awaitable[Publication]], database: Database, settings: Settings
) -> Publication:
    return await work(await _context(database, settings))


async def _context(database: Database, settings: Settings) -> Context:
    loaded = policy_reader.read(settings.policy_path)
    policies = Policies(loaded.policy, loaded.document, policy_reader.from_document)
    return Context(database, policies, await open_clock(database, settings.tocsin_speed), url=settings.tocsin_url)


async def _view(database: Database, settings: Settings) -> PageView:
    context = await _context(database, settings)
    rules, now = context.policy.status_page, context.clock.now()
    async with database.reading() as conn:
        published = await page.read(conn, read_since(rules, now), now)
        access = access_token(await key_value.STATUS_PAGE_SECRET.get(conn) or "", rules.visibility)
    return build_view(rules, page_url(context) + (f"?access={access}" if access else ""), published, now)


async def _find(context: Context, name: str) -> Publication:
    async with context.database.reading() as conn:
        return await publishing.find(conn, name)


async def _components(context: Context, number: int | None, given: Sequence[str]) -> dict[str, ComponentState]:
    """The components that were named; without any, those that the incident's services affect."""
    if given or number is None:
        return _states(context, given)
    async with context.database.reading() as conn:
        incident = await incidents.get(conn, number)
    return publishing.proposed_components(context.policy, incident) if incident is not None else {}


def _states(context: Context, given: Sequence[str]) -> dict[str, ComponentState]:
    states: dict[str, ComponentState] = {}
    for each in given:
        name, equals, state = each.partition("=")
        if not equals:
            raise TocsinError(f"Say how “{name}” is: --component {name}=partial_outage")
        states[_component(context, name)] = parse_state(state)
    return states


def _component(context: Context, name: str) -> str:
    """The key of a component, by its key or name. Raises `TocsinError` that lists them."""
    component = context.policy.status_page.component(name)
    if component is None:
        listed = ", ".join(each.key for each in context.policy.status_page.components) or "none in the policy"
        raise TocsinError(f"There is no component “{name}” on the status page. There are: {listed}.")
    return component.key


def _instant(text: str | None, zone: str) -> datetime | None:
    return None if text is None else required_instant(text, zone)


def required_instant(text: str, zone: str) -> datetime:
    """An instant as RFC 3339, or without an offset in the page's time zone. Raises `TocsinError`."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise TocsinError(f"“{text}” is not an instant. Write 2026-03-29T14:30, or 2026-03-29T14:30+02:00.") from None
    return (instant if instant.tzinfo else instant.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)


def _print(publication: Publication, as_json: bool) -> None:
    if as_json:
        print_json(publication_json(publication))
        return
    echo(f"{publication.id} · {publication.title}")
    echo(f"{publication.status.label} · {publication.updates[-1].message}")


def _print_page(view: PageView, as_json: bool) -> None:
    everything = [*view.incidents, *view.maintenance, *view.past]
    if as_json:
        print_json(
            {
                "name": view.rules.name,
                "url": view.url,
                "visibility": view.rules.visibility,
                "status": {"indicator": indicator(view.overall), "description": description(view.overall)},
                "components": [
                    {"key": each.component.key, "name": each.component.name, "state": str(each.state)}
                    for each in view.components
                ],
                "publications": [publication_json(each) for each in everything],
            }
        )
        return
    echo(f"{description(view.overall)} · {view.url}")
    for each in view.components:
        echo(f"  {each.component.key:<20} {each.state.label}")
    for publication in everything:
        about = f" (INC-{publication.incident})" if publication.incident is not None else ""
        echo(f"{publication.id}  {publication.status.label:<14} {publication.title}{about}")
