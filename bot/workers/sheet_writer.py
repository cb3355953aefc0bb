"""Writes the emergency sheet into a folder after each change of it, so that it can be copied or synchronised away."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import structlog

from bot.sheet import formats
from bot.sheet.file import write_privately
from bot.sheet.read import read_sheet
from bot.usecases.context import Context
from bot.workers.base import Periodic

log = structlog.get_logger()

EVERY = timedelta(seconds=5)
NAME = "tocsin-emergency-sheet"


class SheetWriter:
    """Writes three files, each replaced as a whole: nobody reads half a sheet."""

    name = "emergency sheet"

    def __init__(self, context: Context, folder: Path) -> None:
        self._context = context
        self._folder = folder
        self._written: dict[str, Any] | None = None

    @property
    def periodic(self) -> Periodic:
        """The task that looks whether the sheet has changed."""
        return Periodic(self.name, EVERY, timedelta(0), self.look)

    async def look(self) -> None:
        """Write the sheet if it says something else than the last, or another day has begun."""
        sheet = await read_sheet(self._context)
        if self._written is not None and _lasting(sheet) == _lasting(self._written):
            return
        await asyncio.to_thread(write, self._folder, sheet)
        self._written = sheet
        log.info("sheet.written", folder=str(self._folder))


def write(folder: Path, sheet: dict[str, Any]) -> None:
    """Write the sheet as HTML, PDF and JSON. Raises `OSError`."""
    folder.mkdir(parents=True, exist_ok=True)
    for ending, content in (
        ("html", formats.as_html(sheet)),
        ("pdf", formats.as_pdf(sheet)),
        ("json", formats.as_json(sheet)),
    ):
        write_privately(folder / f"{NAME}.{ending}", content)


def _lasting(sheet: dict[str, Any]) -> dict[str, Any]:
    """What tells two sheets apart: not the minute at which the first shift was cut."""
    day = sheet["made_at"][:10]
    on_call = [
        {**each, "shifts": [(s["member"], s["ends_at"]) for s in each["shifts"][:-1]], "gaps": len(each["gaps"])}
        for each in sheet["on_call"]
    ]
    return {**sheet, "made_at": day, "on_call": on_call}
