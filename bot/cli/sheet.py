"""Implements `tocsin sheet`: prints the emergency sheet, for when neither Slack nor Tocsin can be reached."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from bot.cli.operation_client import local_context
from bot.cli.output import echo, echo_lines
from bot.cli.shared import run
from bot.domain.errors import TocsinError
from bot.settings import Settings
from bot.sheet import formats
from bot.sheet.file import write_privately
from bot.sheet.lines import as_text
from bot.sheet.read import read_sheet
from storage.database import Database


@click.command("sheet")
@click.option("--html", "kind", flag_value="html", help="One page that opens without a network.")
@click.option("--pdf", "kind", flag_value="pdf", help="A document to print.")
@click.option("--json", "kind", flag_value="json", help="Print JSON.")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="A file; printed if left out.")
def sheet_command(kind: str | None, output: Path | None) -> None:
    """The emergency sheet: who is on call, telephone numbers, ladders, vendors, bridge, playbooks."""
    sheet = run(_read)
    if kind is None and output is None:
        echo_lines(as_text(sheet))
        return
    content = {"pdf": formats.as_pdf, "json": formats.as_json}.get(kind or "html", formats.as_html)(sheet)
    if output is not None:
        write_privately(output, content)
        echo(f"{output}: {len(content)} bytes.", err=True)
    elif kind == "pdf":
        if sys.stdout.isatty():
            raise TocsinError("A PDF is no text. Name a file: --output sheet.pdf")
        sys.stdout.buffer.write(content)
    else:
        click.echo(content.decode())


async def _read(database: Database, settings: Settings) -> dict[str, Any]:
    return await read_sheet(await local_context(database, settings, None))
