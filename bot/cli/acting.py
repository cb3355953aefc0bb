"""Lets commands on the local database act as a person, who sees no private incident of others."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

from bot.cli.operation_client import check_identity, local_context
from bot.domain.errors import NotFound, TocsinError
from bot.settings import Settings
from bot.usecases.context import Context
from bot.usecases.visibility import can_see
from storage import incidents
from storage.database import Database

T = TypeVar("T")


def as_option(command: Callable[..., T]) -> Callable[..., T]:
    """The option `--as`, given to the command as `person`."""
    return click.option("--as", "person", metavar="U0123", help="The Slack ID of whom you are.")(command)


async def context_of(database: Database, settings: Settings, person: str | None) -> Context:
    """The context of a command. Raises `NotAllowed` for a person without an account here."""
    context = await local_context(database, settings, person)
    if person is not None:
        await check_identity(context, person)
    return context


async def require_visible(context: Context, number: int, person: str | None) -> None:
    """Raise `NotFound` for an incident that there is not, or that the person may not see. None sees every one."""
    async with context.database.reading() as conn:
        incident = await incidents.get(conn, number)
        if incident is None or not (person is None or await can_see(conn, incident, person)):
            raise NotFound(f"There is no incident INC-{number}. See them all: tocsin list all")


def write_file(path: Path, content: bytes) -> None:
    """Write a file that the command line named. Raises `TocsinError` where it cannot be written."""
    try:
        path.write_bytes(content)
    except OSError as error:
        raise TocsinError(
            f"{path} cannot be written ({error.strerror}). Another place: --output ~/{path.name}"
        ) from None
