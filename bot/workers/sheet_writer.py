"""Writes the emergency sheet into a folder after each change, so that other tools can copy or synchronise it."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import structlog

from bot.domain.oncall.schedule import Override
from bot.sheet import formats
from bot.sheet.file import write_privately
from bot.sheet.read import read_sheet
from bot.usecases.context import Context
from bot.workers.base import Periodic
from storage import overrides

log = structlog.get_logger()

EVERY = timedelta(seconds=5)
NAME = "tocsin-emergency-sheet"
Stamp = tuple[str, date, tuple[Override, ...]]  # what the sheet depends on: the policy's digest, the day, the covers


class SheetWriter:
    """Writes three files, each replaced as a whole: nobody reads half a sheet.

    Only the policy, the covers and the hour change what it says, so a look reads the covers alone.
    """

    name = "emergency sheet"

    def __init__(self, context: Context, folder: Path) -> None:
        self._context = context
        self._folder = folder
        self._written: dict[str, Any] | None = None
        self._stamp: Stamp | None = None
        self._until = datetime.min.replace(tzinfo=UTC)  # when the sheet says something else, whatever happens
        self.made = 0  # how often the sheet was put together

    @property
    def periodic(self) -> Periodic:
        """The task that looks whether the sheet has changed."""
        return Periodic(self.name, EVERY, timedelta(0), self.look)

    async def look(self) -> None:
        """Write the sheet if its content has changed since the last one, or a new day has begun."""
        now = self._context.clock.now()
        async with self._context.database.reading() as conn:
            covers = await overrides.in_force(conn, now)
        stamp = (self._context.policy.digest, now.date(), covers)
        if stamp == self._stamp and now < self._until:
            return
        sheet = await read_sheet(self._context)
        self.made += 1
        if self._written is None or _comparable(sheet) != _comparable(self._written):
            await asyncio.to_thread(write, self._folder, sheet)
            self._written = sheet
            log.info("sheet.written", folder=str(self._folder))
        self._stamp, self._until = stamp, _changes_at(sheet, now)


def write(folder: Path, sheet: dict[str, Any]) -> None:
    """Write the sheet as HTML, PDF and JSON. Raises `OSError`."""
    folder.mkdir(parents=True, exist_ok=True)
    for ending, content in (
        ("html", formats.as_html(sheet)),
        ("pdf", formats.as_pdf(sheet)),
        ("json", formats.as_json(sheet)),
    ):
        write_privately(folder / f"{NAME}.{ending}", content)


def _changes_at(sheet: dict[str, Any], now: datetime) -> datetime:
    """When the first shift or gap of the sheet ends, or the next day begins."""
    spans = [span for schedule in sheet["on_call"] for span in (*schedule["shifts"], *schedule["gaps"])]
    ends = [parsed for span in spans if (parsed := datetime.fromisoformat(span["ends_at"])) > now]
    return min([*ends, now + timedelta(days=1)])


def _comparable(sheet: dict[str, Any]) -> dict[str, Any]:
    """The sheet without what changes each minute: the time of writing and the start of the current shift."""
    day = sheet["made_at"][:10]
    on_call = [
        {
            **schedule,
            "shifts": [(shift["member"], shift["ends_at"]) for shift in schedule["shifts"][:-1]],
            "gaps": len(schedule["gaps"]),
        }
        for schedule in sheet["on_call"]
    ]
    return {**sheet, "made_at": day, "on_call": on_call}
