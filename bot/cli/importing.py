"""Implements `tocsin import`: plans and carries out the move from another paging service."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import click

from bot import policy as policy_reader
from bot import settings as settings_reader
from bot.cli.output import as_json_option, echo, print_json
from bot.cli.proving import prove_command
from bot.domain.errors import TocsinError
from bot.domain.values.one_line import escape_controls
from bot.importers import dispatch, ical
from bot.importers.archive import Archive
from bot.importers.calendar_files import calendar_texts
from bot.importers.errors import ImportFailed
from bot.importers.plan import Plan, make_plan
from bot.importers.record import RecordCounts, record
from bot.importers.report import in_markdown, in_terminal
from bot.importers.slack_members import directory_of
from bot.importers.vendors import VENDORS, Vendor, open_reader
from bot.policy import LoadedPolicy
from bot.settings import Settings
from bot.usecases.open_clock import open_clock
from storage import migrate
from storage.open import open_database

_FOLDER = click.Path(path_type=Path, file_okay=False)
_FILE = click.Path(path_type=Path, dir_okay=False)


@click.group("import")
def import_command() -> None:
    """Move in from another paging service: what becomes of each object, and the policy."""


def planning_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options that every source has."""
    for option in (
        as_json_option,
        click.option("--markdown", is_flag=True, help="Print the whole report as Markdown."),
        click.option("--count", is_flag=True, help="Count past incidents in figures."),
        click.option("--output", type=_FILE, help="Write the policy to this file; one that is there is added to."),
        click.option("--plan", "plan_only", is_flag=True, help="Change nothing: print the report and the policy."),
    ):
        command = option(command)
    return command


def _vendor_command(vendor: Vendor) -> click.Command:
    @click.command(vendor.name, help=f"From {vendor.title}. The key is read from {vendor.key_setting} and only reads.")
    @planning_options
    @click.option("--from", "saved", metavar="API|DIR", default="API", help="The API, or a folder of saved answers.")
    @click.option("--save", type=_FOLDER, help="Keep the raw answers in this folder; a second run goes on with them.")
    def command(saved: str, save: Path | None, output: Path | None, **options: Any) -> None:
        settings = settings_reader.load()
        base = _policy_text(output, settings)
        plan = asyncio.run(_plan(vendor, settings, _archive(vendor, saved, save), base))
        _finish(plan, vendor.title, output, settings, options)

    return command


@click.command("ical")
@planning_options
@click.option("--from", "places", metavar="FILE|DIR|URL", multiple=True, required=True, help="A calendar; several.")
def ical_command(places: tuple[str, ...], output: Path | None, **options: Any) -> None:
    """From calendars (.ics): each is a schedule, and its events are shifts."""
    settings = settings_reader.load()
    base, now = _policy_text(output, settings), datetime.now(UTC)
    account = ical.read_calendars(asyncio.run(calendar_texts(places)), now)
    _finish(make_plan(account, base, now, **plan_options(settings, base)), "Calendars", output, settings, options)


@click.command("dispatch")
@planning_options
def dispatch_command(output: Path | None, **options: Any) -> None:
    """From the PostgreSQL tables of Netflix Dispatch or monzo/response (DISPATCH_DATABASE_URL): past incidents."""
    settings = settings_reader.load()
    if settings.dispatch_database_url is None:
        raise ImportFailed("DISPATCH_DATABASE_URL is not set. Write postgresql://user:password@host/database.")
    base = _policy_text(output, settings)
    account = asyncio.run(dispatch.read_account(settings.dispatch_database_url.get_secret_value()))
    plan = make_plan(account, base, datetime.now(UTC), **plan_options(settings, base))
    _finish(plan, "Dispatch", output, settings, options)


def _finish(plan: Plan, title: str, output: Path | None, settings: Settings, options: dict[str, Any]) -> None:
    """Write the policy, print the report, and record covers and past incidents unless only a plan is asked for."""
    if output is not None:
        _write(output, plan.policy_text)
    _print(plan, title, output, settings, options)
    if not options["plan_only"]:
        recorded = asyncio.run(_record(plan, settings, counted=options["count"]))
        new = ((recorded.covers, "cover"), (recorded.incidents, "past incident"), (recorded.alerts, "past alert"))
        counts = ", ".join(f"{count} {noun}{'' if count == 1 else 's'}" for count, noun in new)
        echo(f"Recorded: {counts}. Ended: {recorded.ended} cover{'' if recorded.ended == 1 else 's'}.", err=True)


def _archive(vendor: Vendor, saved: str, save: Path | None) -> Archive | None:
    if saved.upper() != "API":
        if save is not None:
            raise ImportFailed("Say --save or --from DIR, not both.")
        return Archive.open(Path(saved), vendor.name, offline=True)
    return Archive.open(save, vendor.name) if save is not None else None


def _policy_text(output: Path | None, settings: Settings) -> str:
    """The policy to extend: the file of --output, else the one in force. Empty if there is no file."""
    path = output if output is not None and output.exists() else settings.policy_path
    if path is None:
        return ""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise ImportFailed(f"{path} cannot be read ({type(error).__name__}).") from error


async def _plan(vendor: Vendor, settings: Settings, archive: Archive | None, base: str) -> Plan:
    async with open_reader(vendor, settings, archive, partial(echo, err=True)) as reader:
        account = await vendor.read(reader)
    return make_plan(account, base, reader.now, await directory_of(settings), **plan_options(settings, base))


async def _record(plan: Plan, settings: Settings, *, counted: bool) -> RecordCounts:
    """Record covers, past incidents and past alerts in the database of the settings. An empty one is migrated first."""
    loaded = policy_of(plan.policy_text)
    database = await open_database(settings.url, migrate=False)
    try:
        if await migrate.current_revision(database) is None:
            await migrate.upgrade(database)
        await migrate.check_readable(database)
        now = (await open_clock(database, settings.tocsin_speed)).now()
        return await record(database, plan, loaded, now, counted=counted)
    finally:
        await database.close()


def policy_of(text: str) -> LoadedPolicy:
    """Parse a policy from its text. Raises `PolicyError` with every problem."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "policy.yml"
        path.write_text(text, encoding="utf-8")
        return policy_reader.read(path)


def plan_options(settings: Settings, base: str) -> dict[str, Any]:
    """The arguments of a plan that come from the settings and the policy file."""
    return {
        "severities": severities_of(base),
        "hook_url": settings.tocsin_url or "https://TOCSIN",
        "sms": settings.twilio_account_sid is not None,
    }


def severities_of(base: str) -> tuple[str, ...]:
    """The severities of a policy file, worst first. The preset `sev1-5` stands in for a file that cannot be read."""
    try:
        policy = policy_of(base).policy
    except TocsinError:
        policy = policy_reader.preset("sev1-5")
    return tuple(severity.key for severity in policy.severities)


def _write(path: Path, text: str) -> None:
    """Replace the file atomically, so that no reader sees half of it."""
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with open(handle, "w", encoding="utf-8") as file:
            file.write(text)
        if path.exists():
            os.chmod(name, path.stat().st_mode & 0o777)
        os.replace(name, path)
    except OSError as error:
        raise ImportFailed(f"{path} cannot be written ({type(error).__name__}).") from error


def _hints(plan: Plan, settings: Settings) -> Iterator[str]:
    """Hints at settings with which the report would say more."""
    if settings.slack_bot_token is None and plan.people:
        yield "Nobody was looked up in Slack. With SLACK_BOT_TOKEN the report names those whom Slack does not know."
    if settings.tocsin_url is None and "https://TOCSIN/" in str(plan.report.rows):
        yield "https://TOCSIN stands for your address. With TOCSIN_URL the lines to paste have it."


def _print(plan: Plan, title: str, output: Path | None, settings: Settings, options: dict[str, Any]) -> None:
    if options["as_json"]:
        print_json([row.as_json() for row in plan.report.rows])
        return
    for line in in_markdown(plan.report, title) if options["markdown"] else in_terminal(plan.report, title):
        echo(line)
    for line in _hints(plan, settings):
        echo(line, err=True)
    if output is not None:
        echo("")
        count = len(plan.additions)
        added = f"{count} {'entry' if count == 1 else 'entries'} added. Look at it, then: tocsin check"
        echo(f"{output}: {added if count else 'it has all of this already.'}")
        if plan.source in (*VENDORS, ical.SOURCE):
            echo(f"Then compare who is on call at every minute: tocsin import prove {plan.source}")
        return
    if not options["markdown"]:
        echo("")
        for line in plan.policy_text.split("\n"):
            click.echo(escape_controls(line))


for _vendor in VENDORS.values():
    import_command.add_command(_vendor_command(_vendor))
import_command.add_command(ical_command)
import_command.add_command(dispatch_command)
import_command.add_command(prove_command)
