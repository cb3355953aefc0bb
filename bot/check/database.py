"""Checks the database: whether it can be reached, and whether its tables are those of this version."""

from __future__ import annotations

import os
from pathlib import Path

from bot.check.finding import Finding, fail, ok
from bot.domain.errors import TocsinError
from bot.settings import Settings
from storage import migrate
from storage.engine.errors import NoDatabaseFile
from storage.engine.url import parse_url
from storage.open import open_database


async def check(settings: Settings) -> list[Finding]:
    """Open the database as a command does, which creates nothing."""
    try:
        database = await open_database(settings.url, migrate=False)
    except NoDatabaseFile:
        return [_no_file(settings)]
    except TocsinError as error:
        return [fail("database", str(error))]
    try:
        await database.ping()
        version = await migrate.current_revision(database)
    except TocsinError as error:
        return [fail("database", str(error))]
    finally:
        await database.close()
    if database.read_only:
        words = "the file cannot be written. Give it and its folder to the user that Tocsin runs as."
        return [fail("database", words)]
    state = f"schema {version}" if version else "empty; `tocsin serve` or `tocsin migrate` sets it up"
    return [ok("database", f"{database.dialect} reachable, {state}")]


def _no_file(settings: Settings) -> Finding:
    """What to say of an SQLite file that is not there, as it should be before the first start."""
    path = Path(str(parse_url(settings.url).database)).absolute()
    if not path.parent.is_dir():
        return fail("database", f"the folder {path.parent} does not exist. Create it for the user that Tocsin runs as.")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        return fail("database", f"no file can be created in {path.parent}. Give it to the user that Tocsin runs as.")
    return ok("database", f"{path} is not there yet; the first start creates it")
