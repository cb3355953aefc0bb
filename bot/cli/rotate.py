"""Implements `tocsin rotate`: replaces the keys that the database generated."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from bot.cli.output import echo
from bot.cli.shared import run
from bot.settings import Settings
from bot.usecases.rotate_keys import KEYS, rotate_key
from storage.database import Database


@click.command("rotate")
@click.argument("names", nargs=-1, required=True, type=click.Choice(sorted(KEYS)), metavar="KEY...")
def rotate_command(names: tuple[str, ...]) -> None:
    """Replace keys that the database made for itself: acknowledge, console, feeds, status-page. The old end at once."""
    for name, ends in run(lambda database, _: _rotate(database, _, names)).items():
        echo(f"{name}: a new key is in use. From now on {ends}.")


async def _rotate(database: Database, settings: Settings, names: tuple[str, ...]) -> dict[str, str]:
    async with database.transaction() as conn:
        return {name: await rotate_key(conn, name, datetime.now(UTC)) for name in names}
