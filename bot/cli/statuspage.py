"""Implements `tocsin statuspage`: shows the status page, and publishes without Slack."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from bot import policy as policy_reader
from bot.cli.operation_client import OperationClient, client_options, prints_json, run_in_group
from bot.cli.output import as_json_option, echo, print_json
from bot.cli.shared import run
from bot.cli.subscribers import subscribers_command
from bot.domain.errors import TocsinError
from bot.domain.statuspage.component_state import parse_state
from bot.domain.statuspage.publication import INCIDENT_STATUSES, PublicStatus
from bot.domain.statuspage.view import PageView, build_view, read_since
from bot.settings import Settings
from bot.usecases.context import Context, Policies
from bot.usecases.open_clock import open_clock
from bot.usecases.status_page.address import page_url
from bot.web.statuspage import mirror
from storage.database import Database
from storage.statuspage import page

Options = dict[str, Any]  # of a command, as typed
Arguments = dict[str, Any]  # of an operation
HISTORY = 100  # the newest publications to list
MAINTENANCE_OPTIONS = {
    "title": "--title", "message": "--message", "components": "--component", "starts_at": "--from",
    "ends_at": "--until",
}  # fmt: skip
STATUSES = click.Choice([str(status) for status in INCIDENT_STATUSES])
components_option = click.option(
    "--component",
    "components",
    multiple=True,
    metavar="KEY=STATE",
    help="How it is, such as api=major_outage.",
)
at_option = click.option("--at", help="When it was so, such as 2026-03-29T14:30; in the page's time zone.")


@click.group("statuspage", invoke_without_command=True)
@client_options
@click.pass_context
def statuspage_command(ctx: click.Context, /, **options: Any) -> None:
    """The status page: its components and what is published."""
    ctx.obj = options
    if ctx.invoked_subcommand is not None:
        return

    async def work(client: OperationClient) -> Any:
        status_page = await client.run("get_status_page", {}, {})
        newest = await client.run("list_publications", {}, {"limit": HISTORY})
        current_ids = {publication["id"] for publication in status_page["publications"]}
        status_page["publications"] += [
            publication for publication in newest["publications"] if publication["id"] not in current_ids
        ]
        return status_page

    _print_page(run_in_group(ctx, {}, work), as_json=options["as_json"])


@statuspage_command.command("publish")
@click.argument("incident_id", required=False)
@click.option("--title", required=True, help="A title for customers; the incident's own stays inside.")
@click.option("--message", required=True, help="What customers see, and what happens next.")
@click.option("--impact", default="", help="The impact in customers' words.")
@click.option("--status", type=STATUSES, default="investigating", show_default=True)
@components_option
@click.option("--started-at", help="When it began, for what is published later; in the page's time zone.")
@click.option("--resolved-at", help="When it ended, for what is over.")
@client_options
@click.pass_context
def publish_command(ctx: click.Context, /, incident_id: str | None, **options: Any) -> None:
    """Publish an incident (INC-7), or something without an incident."""
    arguments: Arguments = {name: options[name] for name in ("title", "message", "impact", "status")}
    arguments |= {} if incident_id is None else {"incident": incident_id.upper()}
    arguments |= {"components": _states(options["components"])} if options["components"] else {}
    _publication(ctx, options, "publish", {}, arguments, ("started_at", "resolved_at"))


@statuspage_command.command("update")
@click.argument("publication")
@click.option("--message", required=True, help="What customers see now.")
@click.option("--status", help="Where it is now; left out: unchanged.")
@components_option
@click.option("--title", help="Another title; the page shows it as edited.")
@click.option("--impact", help="Another impact; the page shows it as edited.")
@click.option("--edit", type=int, metavar="N", help="The same as `correct --update N`.")
@at_option
@client_options
@click.pass_context
def update_command(ctx: click.Context, /, publication: str, **options: Any) -> None:
    """Add an update to PUBLICATION, which is its ID or INC-7. --edit corrects an earlier one, visibly."""
    arguments = _options_set(options, "message", "title", "impact")
    if options["edit"] is not None:
        _publication(
            ctx, options, "correct_publication", _path(publication), {**arguments, "update": options["edit"]}, ()
        )
        return
    arguments |= {"status": str(_status(options["status"]))} if options["status"] else {}
    arguments |= {"components": _states(options["components"])} if options["components"] else {}
    _publication(ctx, options, "update_publication", _path(publication), arguments, ("at",))


@statuspage_command.command("correct")
@click.argument("publication")
@click.option("--message", help="The right words of an update.")
@click.option("--update", type=int, metavar="N", help="Which update, counted from 1; the newest, if left out.")
@click.option("--title", help="The right title.")
@click.option("--impact", help="The right impact.")
@click.option("--notify/--no-notify", default=True, help="Whether subscribers get the correction, too.")
@client_options
@click.pass_context
def correct_command(ctx: click.Context, /, publication: str, **options: Any) -> None:
    """Correct what was published in PUBLICATION, which is its ID or INC-7. The page shows it as edited."""
    arguments = {**_options_set(options, "message", "update", "title", "impact"), "notify": options["notify"]}
    _publication(ctx, options, "correct_publication", _path(publication), arguments, ())


@statuspage_command.command("resolve")
@click.argument("publication")
@click.option("--message", required=True, help="What is well again, and since when.")
@at_option
@client_options
@click.pass_context
def resolve_command(ctx: click.Context, /, publication: str, **options: Any) -> None:
    """Resolve PUBLICATION, which is its ID or INC-7; its components are operational again."""
    _publication(ctx, options, "resolve_publication", _path(publication), {"message": options["message"]}, ("at",))


@statuspage_command.command("maintenance")
@click.option("--title", help="What is done, for customers.")
@click.option("--message", help="What customers notice.")
@click.option("--component", "components", multiple=True, metavar="KEY", help="A component that it affects.")
@click.option("--from", "starts_at", help="When it begins, such as 2026-03-29T22:00; in the page's time zone.")
@click.option("--until", "ends_at", help="When it ends.")
@click.option("--automatic/--by-hand", default=True, help="Whether it begins and ends by itself.")
@click.option("--remind/--no-remind", default=True, help="Whether subscribers are reminded an hour before.")
@click.option("--silence", is_flag=True, help="Silence the alerts of the components' services while it lasts.")
@client_options
@click.pass_context
def maintenance_command(ctx: click.Context, /, **options: Any) -> None:
    """Schedule maintenance; without options, list what is planned or under way."""
    missing = [name for name in MAINTENANCE_OPTIONS if not options[name]]
    if len(missing) == len(MAINTENANCE_OPTIONS):
        _list_maintenance(ctx, options)
        return
    if missing:
        raise TocsinError(f"Say {' and '.join(MAINTENANCE_OPTIONS[name] for name in missing)}, too.")
    arguments: Arguments = {name: options[name] for name in ("title", "message", "automatic", "remind", "silence")}
    arguments["components"] = list(options["components"])
    _publication(ctx, options, "schedule_maintenance", {}, arguments, ("starts_at", "ends_at"))


def _list_maintenance(ctx: click.Context, options: Options) -> None:
    async def work(client: OperationClient) -> Any:
        planned = (await client.run("list_maintenance", {}, {}))["publications"]
        return planned, (await client.run("get_status_page", {}, {}))["timezone"] if planned else ""

    planned, zone = run_in_group(ctx, options, work)
    if prints_json(ctx, options):
        print_json(planned)
        return
    for publication in planned:
        _print(publication, zone, as_json=False)
    if not planned:
        echo("No maintenance is planned.")


statuspage_command.add_command(subscribers_command)


@statuspage_command.command("export")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@as_json_option
@click.pass_context
def export_command(ctx: click.Context, folder: Path, as_json: bool) -> None:
    """Write the page as static files into FOLDER, for any web server or bucket."""
    view = run(_view)
    try:
        count = mirror.write(view, folder)
    except OSError as error:
        raise TocsinError(f"{folder} cannot be written: {error.strerror or error}.") from None
    if prints_json(ctx, {"as_json": as_json}):
        print_json({"folder": str(folder), "files": count})
    else:
        echo(f"{count} files are in {folder}.")


async def _view(database: Database, settings: Settings) -> PageView:
    loaded = policy_reader.read(settings.policy_path)
    policies = Policies(loaded.policy, loaded.document, policy_reader.from_document)
    context = Context(database, policies, await open_clock(database, settings.tocsin_speed), url=settings.tocsin_url)
    rules, now = context.policy.status_page, context.clock.now()
    async with database.reading() as conn:
        published = await page.read(conn, read_since(rules, now), now)
    return build_view(rules, page_url(context), published, now)


def _publication(
    ctx: click.Context, options: Options, name: str, path: dict[str, str], arguments: Arguments, instants: Sequence[str]
) -> None:
    """Run an operation that returns a publication, and print it. `instants`: the options that are times."""

    async def work(client: OperationClient) -> Any:
        times = {option: options[option] for option in instants if options[option] is not None}
        zone = (await client.run("get_status_page", {}, {}))["timezone"] if times else ""
        stamps = {option: required_instant(text, zone).isoformat() for option, text in times.items()}
        return await client.run(name, path, {**arguments, **stamps}), zone

    publication, zone = run_in_group(ctx, options, work)
    _print(publication, zone, as_json=prints_json(ctx, options))


def _path(publication: str) -> dict[str, str]:
    return {"publication": publication}


def _options_set(options: Options, *names: str) -> Arguments:
    return {name: options[name] for name in names if options[name] is not None}


def _status(text: str) -> PublicStatus:
    try:
        return PublicStatus(text)
    except ValueError:
        raise TocsinError(f"“{text}” is no status. Use one of: {', '.join(PublicStatus)}.") from None


def _states(assignments: Sequence[str]) -> dict[str, str]:
    states: dict[str, str] = {}
    for assignment in assignments:
        name, equals, state = assignment.partition("=")
        if not equals:
            raise TocsinError(f"Say how “{name}” is: --component {name}=partial_outage")
        states[name] = str(parse_state(state))
    return states


def required_instant(text: str, zone: str) -> datetime:
    """An instant as RFC 3339, or without an offset in the page's time zone. Raises `TocsinError`."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise TocsinError(f"“{text}” is not an instant. Write 2026-03-29T14:30, or 2026-03-29T14:30+02:00.") from None
    return (instant if instant.tzinfo else instant.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)


def _planned(publication: dict[str, Any], zone: str) -> str:
    """When maintenance is planned, in the page's time zone if that is known, else in UTC; empty for an incident."""
    if publication["scheduled_for"] is None:
        return ""
    instants = (datetime.fromisoformat(publication[key]) for key in ("scheduled_for", "scheduled_until"))
    starts, ends = (instant.astimezone(ZoneInfo(zone or "UTC")) for instant in instants)
    return f" · {starts:%Y-%m-%d %H:%M} to {ends:%Y-%m-%d %H:%M %Z}"


def _print(publication: dict[str, Any], zone: str, *, as_json: bool) -> None:
    if as_json:
        print_json(publication)
        return
    echo(f"{publication['id']} · {publication['title']}{_planned(publication, zone)}")
    echo(f"{_label(publication)} · {publication['updates'][-1]['message']}")
    for finding in publication.get("findings") or ():
        echo(f"Look at this: {finding}")


def _label(publication: dict[str, Any]) -> str:
    return PublicStatus(publication["status"]).label


def _print_page(status_page: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(status_page)
        return
    echo(f"{status_page['status']['description']} · {status_page['url']}")
    for component in status_page["components"]:
        echo(f"  {component['key']:<20} {parse_state(component['state']).label}")
    for publication in status_page["publications"]:
        about = f" ({publication['incident']})" if publication["incident"] else ""
        planned = _planned(publication, status_page["timezone"])
        echo(f"{publication['id']}  {_label(publication):<14} {publication['title']}{about}{planned}")
