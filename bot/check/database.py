"""Checks the database: whether it can be reached and used, and which payloads Slack has sent so far."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

from bot.check import alerts, arrivals, shadow
from bot.check.finding import Finding, fail, ok
from bot.domain.errors import TocsinError
from bot.domain.policy.policy import Policy
from bot.settings import Settings
from storage import key_value, migrate
from storage.database import Database
from storage.engine import postgresql_facts
from storage.engine.errors import NoDatabaseFile
from storage.engine.url import parse_url
from storage.open import open_database


async def check(settings: Settings, policy: Policy | None, now: datetime) -> tuple[str | None, list[Finding]]:
    """Open the database without creating it. Returns the ID of its workspace, and the findings.

    The ID is None if no bot has served from this database yet, or if it cannot be read.
    """
    try:
        database = await open_database(settings.url, migrate=False)
    except NoDatabaseFile:
        return None, [_no_file(settings)]
    except TocsinError as error:
        return None, [fail("database", str(error))]
    try:
        return await _findings_of(database, policy, now)
    except TocsinError as error:
        return None, [fail("database", str(error))]
    finally:
        await database.close()


async def _findings_of(database: Database, policy: Policy | None, now: datetime) -> tuple[str | None, list[Finding]]:
    revision = await migrate.current_revision(database)
    problems = await postgresql_facts.problems(database) if database.dialect == "postgresql" else []
    if database.read_only:
        problems.append("the file cannot be written. Give it and its folder to the user that Tocsin runs as.")
    if message := migrate.newer(revision):
        problems.append(message)
    if problems:
        return None, [fail("database", message) for message in problems]
    if revision != migrate.HEAD:
        state = f"schema {revision}, an earlier one; the next start" if revision else "empty; the first start"
        return None, [ok("database", f"{database.dialect} reachable, {state} or `tocsin migrate` sets it up")]
    async with database.reading() as conn:
        identity = await key_value.BOT_IDENTITY.get(conn)
    findings = [ok("database", f"{database.dialect} reachable, schema {revision}")]
    findings += await arrivals.check(database, now)
    if policy is not None and policy.alerts.routes:
        findings += await alerts.check(database, policy, now)
    if policy is not None and policy.shadow is not None:
        findings += await shadow.check(database, policy.shadow, now)
    return (identity or {}).get("team_id"), findings


def _no_file(settings: Settings) -> Finding:
    """The finding for an SQLite file that does not exist, which is fine before the first start."""
    path = Path(str(parse_url(settings.url).database)).absolute()
    if not path.parent.is_dir():
        return fail("database", f"the folder {path.parent} does not exist. Create it for the user that Tocsin runs as.")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        return fail("database", f"no file can be created in {path.parent}. Give it to the user that Tocsin runs as.")
    return ok("database", f"{path} is not there yet; the first start creates it")
