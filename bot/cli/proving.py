"""Implements `tocsin import prove`: compares who is on call here and in the source, minute by minute."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections import Counter
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click

from bot import policy as policy_reader
from bot import settings as settings_reader
from bot.cli.output import as_json_option, echo, print_json
from bot.domain.errors import TocsinError
from bot.domain.oncall.schedule import Override
from bot.domain.policy.policy import Policy
from bot.importers import ical
from bot.importers.archive import Archive
from bot.importers.calendar_files import calendar_texts
from bot.importers.errors import ImportFailed
from bot.importers.plan import make_plan
from bot.importers.proof import PolicyCoverage, Proof, prove, window
from bot.importers.vendors import VENDORS, Vendor, open_reader
from bot.settings import Settings
from storage import migrate, overrides
from storage.open import open_database

_MOST_DIFFERENCES, _MOST_CAUSES = 50, 20  # printed without --json


@click.command("prove")
@click.argument("source", required=False, type=click.Choice([*VENDORS, ical.SOURCE]))
@click.option("--days", type=click.IntRange(1, 366), default=90, show_default=True, help="How far ahead.")
@click.option(
    "--from", "saved", metavar="API|DIR", default="API", help="The API, a folder of saved answers, or a calendar."
)
@click.option("--save", type=click.Path(path_type=Path, file_okay=False), help="Keep the raw answers in this folder.")
@as_json_option
def prove_command(source: str | None, days: int, saved: str, save: Path | None, as_json: bool) -> None:
    """Compare who is on call here and there at every minute, thirty days back and so many ahead. Exits 1 if not equal.

    Here: the policy in force, with what the import adds to it, and the covers that are recorded.
    """
    settings = settings_reader.load()
    if source == ical.SOURCE:
        proof = asyncio.run(_prove_calendar(settings, days, saved))
    else:
        vendor = _vendor(source, settings)
        proof = asyncio.run(_prove(vendor, settings, days, _archive(vendor, saved, save)))
    if as_json:
        print_json(proof.as_json())
    else:
        _print(proof)
    sys.exit(1 if proof.differences else 0)


def _vendor(source: str | None, settings: Settings) -> Vendor:
    if source is not None:
        return VENDORS[source]
    with_key = [vendor for vendor in VENDORS.values() if vendor.key(settings)]
    if len(with_key) != 1:
        raise ImportFailed(f"Say which source: tocsin import prove {'|'.join(VENDORS)}")
    return with_key[0]


def _archive(vendor: Vendor, saved: str, save: Path | None) -> Archive | None:
    if saved.upper() != "API":
        return Archive.open(Path(saved), vendor.name, offline=True)
    return Archive.open(save, vendor.name) if save is not None else None


async def _prove(vendor: Vendor, settings: Settings, days: int, archive: Archive | None) -> Proof:
    async with open_reader(vendor, settings, archive, partial(echo, err=True)) as reader:
        now = reader.now
        span = window(now, days)
        account = await vendor.read(reader, history=False)
        plan = make_plan(account, _in_force(settings), now)
        rendering = await vendor.rendering(reader, account, *span)
    coverage = PolicyCoverage(_policy(plan.policy_text), await _covers(settings, span[0]))
    return prove(account, plan, coverage, rendering, span, now)


async def _prove_calendar(settings: Settings, days: int, address: str) -> Proof:
    now = datetime.now(UTC)
    account = ical.read_calendars(await calendar_texts([address]), now)
    plan, span = make_plan(account, _in_force(settings), now), window(now, days)
    coverage = PolicyCoverage(_policy(plan.policy_text), await _covers(settings, span[0]))
    return prove(account, plan, coverage, ical.rendering(account), span, now)


def _in_force(settings: Settings) -> str:
    path = settings.policy_path
    return path.read_text(encoding="utf-8") if path is not None else ""


def _policy(text: str) -> Policy:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "policy.yml"
        path.write_text(text, encoding="utf-8")
        return policy_reader.load(path)


async def _covers(settings: Settings, since: datetime) -> tuple[Override, ...]:
    """The covers in the database. Empty if there is no database yet."""
    try:
        database = await open_database(settings.url, migrate=False)
    except (TocsinError, OSError):
        return ()
    try:
        await migrate.check_readable(database)
        async with database.reading() as conn:
            return await overrides.in_force(conn, since)
    except TocsinError:
        return ()
    finally:
        await database.close()


def _by_cause(proof: Proof) -> list[tuple[tuple[str, str], int]]:
    """Each cause with its schedules in words, and its minutes of difference, the most first."""
    minutes: Counter[str] = Counter()
    schedules: dict[str, dict[str, None]] = {}
    for difference in proof.differences:
        minutes[difference.cause] += difference.minutes
        schedules.setdefault(difference.cause, {})[difference.schedule] = None
    words = {
        cause: next(iter(names)) if len(names) == 1 else f"{len(names)} schedules" for cause, names in schedules.items()
    }
    return [((cause, words[cause]), count) for cause, count in minutes.most_common()]


def _print(proof: Proof) -> None:
    share = 100 * proof.equal_minutes / proof.total_minutes if proof.total_minutes else 100.0
    span = f"{proof.starts_at:%Y-%m-%d} to {proof.ends_at:%Y-%m-%d}"
    echo(
        f"{proof.source}, {span}: {proof.equal_minutes:,} of {proof.total_minutes:,} minutes are equal ({share:.4f} %)."
    )
    if proof.differences:
        echo("")
        echo("Why, by the minutes that it makes different:")
    for (cause, schedules), minutes in _by_cause(proof)[:_MOST_CAUSES]:
        echo(f"  {minutes:,} min in {schedules}: {cause}")
    if proof.differences:
        echo("")
        echo("When:")
    for difference in proof.differences[:_MOST_DIFFERENCES]:
        our_people, their_people = (", ".join(people) or "nobody" for people in (difference.ours, difference.theirs))
        span = f"{difference.starts_at:%Y-%m-%d %H:%M} to {difference.ends_at:%Y-%m-%d %H:%M} UTC"
        echo(f"  {difference.schedule}, {span}, {difference.minutes} min: here {our_people}, there {their_people}")
    if len(proof.differences) > _MOST_DIFFERENCES:
        echo(f"  … and {len(proof.differences) - _MOST_DIFFERENCES} more; --json lists all.")
