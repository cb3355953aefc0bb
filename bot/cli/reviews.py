"""Implements `tocsin review`: prints or exports the review of an incident."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from bot import policy as policy_reader
from bot import review_formats
from bot.cli.acting import as_option, context_of, require_visible, write_file
from bot.cli.output import echo, incident_number, print_json
from bot.cli.shared import run
from bot.domain.errors import TocsinError
from bot.domain.review.export import WIKI_TITLES, WikiKind
from bot.domain.review.view import ReviewView
from bot.domain.timeline.entry import BOT
from bot.json_shapes.incidents import review_json
from bot.settings import Settings
from bot.usecases.reviews.export import export_review
from bot.usecases.reviews.read import read_review
from storage import incidents, policies
from storage.database import Database

_WIKIS = [kind.value for kind in WikiKind]  # given the kinds themselves, click asks for their names in capitals


@click.command("review")
@click.argument("incident_id")
@click.option("--format", "kind", type=click.Choice(["md", "html", "json", "docx"]), default="md", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option("--export", "wiki", type=click.Choice(_WIKIS), help="Instead: write it into this wiki.")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="A file; printed if left out.")
@as_option
def review_command(
    incident_id: str, kind: str, as_json: bool, wiki: str | None, output: Path | None, person: str | None
) -> None:
    """The review of INCIDENT_ID: drafted from its timeline, with what people wrote."""
    number = incident_number(incident_id)
    if wiki is not None:
        run(lambda database, settings: _export(database, settings, number, WikiKind(wiki), person))
        echo(f"INC-{number}: the review goes to {WIKI_TITLES[WikiKind(wiki)]}. The timeline will have the link.")
        return
    view = run(lambda database, settings: _read(database, settings, number, person))
    kind = "json" if as_json else kind
    if kind == "json" and output is None:
        print_json(review_json(view, datetime.now(UTC).date()))
        return
    content = _format(view, kind)
    if output is not None:
        write_file(output, content)
        echo(f"{output}: {len(content)} bytes.", err=True)
    elif kind == "docx":
        if sys.stdout.isatty():
            raise TocsinError("A Word document is no text. Name a file: --output review.docx")
        sys.stdout.buffer.write(content)
    else:
        click.echo(content.decode())


def _format(view: ReviewView, kind: str) -> bytes:
    match kind:
        case "html":
            return review_formats.html_page(view).encode()
        case "docx":
            return review_formats.docx(view)
        case "json":
            import json  # noqa: PLC0415 - for a file alone

            return json.dumps(review_json(view, datetime.now(UTC).date()), ensure_ascii=False, indent=2).encode()
    return review_formats.markdown(view).encode()


async def _export(database: Database, settings: Settings, number: int, wiki: WikiKind, person: str | None) -> None:
    context = await context_of(database, settings, person)
    await require_visible(context, number, person)
    await export_review(context, number, wiki, person or BOT)


async def _read(database: Database, settings: Settings, number: int, person: str | None) -> ReviewView:
    context = await context_of(database, settings, person)
    await require_visible(context, number, person)
    async with database.reading() as conn:
        incident = await incidents.get(conn, number)
        document = await policies.get(conn, incident.policy) if incident and incident.policy else None
        return await read_review(conn, policy_reader.from_document(document) if document else context.policy, number)
