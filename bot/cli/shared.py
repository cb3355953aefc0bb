"""Helps the commands of the command line: opens the database, prints JSON, parses incident IDs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import click

from bot import settings as settings_reader
from bot.domain.errors import TocsinError
from bot.domain.values.one_line import escape_controls, escape_controls_in_json
from bot.settings import Settings
from storage import migrate
from storage.database import Database
from storage.open import open_database

T = TypeVar("T")

as_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def run(work: Callable[[Database, Settings], Awaitable[T]]) -> T:
    """Run `work` with the database of the settings, without migrating it."""

    async def opened() -> T:
        async with settings_database() as (database, settings):
            return await work(database, settings)

    return asyncio.run(opened())


@asynccontextmanager
async def settings_database() -> AsyncIterator[tuple[Database, Settings]]:
    """The database of the settings, and the settings. The database is not migrated."""
    settings = settings_reader.load()
    database = await open_database(settings.url, migrate=False)
    try:
        await migrate.check_readable(database)
        yield database, settings
    finally:
        await database.close()


def echo(line: str, *, err: bool = False) -> None:
    """Print one line. What people wrote neither begins another nor controls the terminal."""
    click.echo(escape_controls(line), err=err)


def echo_lines(text: str, *, err: bool = False) -> None:
    """Print a text of ours that may have several lines."""
    for line in text.split("\n"):
        echo(line, err=err)


def print_json(value: Any) -> None:
    """Print a value as JSON, for people and programs."""
    click.echo(escape_controls_in_json(json.dumps(value, ensure_ascii=False, indent=2)))


def incident_number(incident_id: str) -> int:
    """Parse the number in an ID such as INC-42, or in 42. Raises `TocsinError`."""
    number = incident_id.upper().removeprefix("INC-")
    if not number.isdecimal():
        raise TocsinError(f"“{incident_id}” is not an incident ID. They look like INC-42.")
    return int(number)
