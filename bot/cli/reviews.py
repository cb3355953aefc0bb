"""Implements `tocsin review`: prints or exports the review of an incident."""

from __future__ import annotations

import json
import sys
from base64 import b64decode
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from bot import policy as policy_reader
from bot import review_formats
from bot.cli.acting import as_option, context_of, require_visible, write_file
from bot.cli.operation_client import OperationClient, Target, is_remote, run_with_client, server_option
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
@server_option
@as_option
def review_command(
    incident_id: str, wiki: str | None, output: Path | None, person: str | None, server: str | None, *,
    kind: str, as_json: bool,
) -> None:  # fmt: skip
    """The review of INCIDENT_ID: drafted from its timeline, with what people wrote."""
    number = incident_number(incident_id)
    target = Target(person, server)
    remote = is_remote(target)
    if wiki is not None:
        if remote:
            raise TocsinError("A review is written into a wiki where the bot runs. There: --export without --server.")
        run(lambda database, settings: _export(database, settings, number, WikiKind(wiki), person))
        echo(f"INC-{number}: the review goes to {WIKI_TITLES[WikiKind(wiki)]}. The timeline will have the link.")
        return
    kind = "json" if as_json else kind
    if remote:
        content = run_with_client(target, lambda client: _fetch_content(client, number, kind))
    else:
        content = _format(run(lambda database, settings: _read(database, settings, number, person)), kind)
    if output is not None:
        write_file(output, content)
        echo(f"{output}: {len(content)} bytes.", err=True)
    elif kind == "json":
        print_json(json.loads(content))
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
            return _json(review_json(view, datetime.now(UTC).date()))
    return review_formats.markdown(view).encode()


def _json(review: dict[str, Any]) -> bytes:
    return json.dumps(review, ensure_ascii=False, indent=2).encode()


async def _fetch_content(client: OperationClient, number: int, kind: str) -> bytes:
    """The review in this format, through the API."""
    path = {"id": f"INC-{number}"}
    if kind == "json":
        return _json(await client.run("get_review", path, {}))
    document = await client.run("get_review_document", path, {"format": kind})
    return b64decode(document["base64"]) if kind == "docx" else str(document["text"]).encode()


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
