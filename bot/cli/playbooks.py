"""`tocsin playbooks`: the library on the command line."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from bot import policy as policy_reader
from bot import settings as settings_reader
from bot.domain.playbook.definition import Command, Playbook, Step
from bot.domain.playbook.search_hit import Hit
from bot.domain.playbook.stats import RunStats, run_stats
from bot.domain.timeline.entry import rfc3339
from bot.domain.values.durations import approximate, exact
from playbooks import loader, values
from playbooks.search import Query, SearchIndex
from storage import playbook_runs as stored
from storage.open import open_database

as_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group("playbooks", invoke_without_command=True)
@click.option("--schema", is_flag=True, help="The JSON Schema of a playbook file, for editors.")
@as_json_option
@click.pass_context
def playbooks(context: click.Context, schema: bool, as_json: bool) -> None:
    """Every playbook: the shipped ones, and over them those of TOCSIN_PLAYBOOKS."""
    if context.invoked_subcommand is not None:
        return
    if schema:
        _print(loader.json_schema())
        return
    library = _library()
    if as_json:
        order = _severities()
        _print([values.as_json(one, order) for one in library.playbooks])
        return
    for one in library.playbooks:
        click.echo(f"{one.id:<28} {one.category:<16} {_length(one.expected_duration):<6} {one.name}")


@playbooks.command("check")
@click.argument("folder", type=click.Path(path_type=Path))
def check_command(folder: Path) -> None:
    """Validate the playbooks in FOLDER together with the shipped ones."""
    library = loader.load([folder])
    own = [one for one in library.playbooks if Path(one.file).parent == folder]
    click.echo(f"{len(own)} playbook{'' if len(own) == 1 else 's'} in {folder}, nothing wrong.")
    for name in library.replaced:
        click.echo(f"{name} takes the place of the shipped one.")


@playbooks.command("find")
@click.argument("words", nargs=-1)
@click.option("--category", help="The incident's category.")
@click.option("--severity", help="The incident's severity.")
@click.option("--service", "services", multiple=True, help="An affected service; may be given several times.")
@click.option("--label", "labels", multiple=True, metavar="NAME=VALUE", help="A label of the alert; several times.")
@click.option("--limit", default=5, show_default=True, type=click.IntRange(1, 50))
@as_json_option
def find_command(
    words: tuple[str, ...],
    category: str | None,
    severity: str | None,
    services: tuple[str, ...],
    labels: tuple[str, ...],
    limit: int,
    as_json: bool,
) -> None:
    """Playbooks for WORDS, the best first, each with the reason."""
    wanted = Query(
        text=" ".join(words),
        category=category,
        severity=severity,
        severities=_severities() if severity else (),
        services=services,
        labels=dict(_label(text) for text in labels),
    )
    hits = SearchIndex(_library().playbooks).find(wanted, limit)
    if as_json:
        _print([{"id": hit.playbook.id, "score": hit.score, "reasons": list(hit.reasons)} for hit in hits])
        return
    if not hits:
        click.echo("Nothing fits. Describe what you see, in other words, or list them all: tocsin playbooks")
    for hit in hits:
        click.echo(_line(hit))


@playbooks.command("show")
@click.argument("name", metavar="ID")
@click.option("--set", "given", multiple=True, metavar="NAME=VALUE", help="Fill in a parameter; several times.")
def show_command(name: str, given: tuple[str, ...]) -> None:
    """One playbook from its first step to its last, its commands filled in."""
    one = _library().get(name)
    click.echo("\n".join(_page(one, one.filled_values(dict(_label(text) for text in given)))))


@playbooks.command("stats")
@click.option("--all", "everything", is_flag=True, help="Also those that were never used.")
@as_json_option
def stats_command(everything: bool, as_json: bool) -> None:
    """How each playbook has fared: used, with success, how long it takes, last used, last reviewed, what is skipped.

    The most used first. JSON has all of them, in the order of `tocsin playbooks`.
    """
    found = asyncio.run(_figures())
    if as_json:
        _print([_figures_json(one) for one in found])
        return
    shown = sorted((one for one in found if one.used or everything), key=lambda one: (-one.used, one.playbook))
    if shown:
        click.echo(f"{'':<28} {'used':>5} {'success':>8} {'mean':>6}  {'last used':<11} {'reviewed':<11} skipped")
    for one in shown:
        click.echo(_figures_line(one))
    if left := len(found) - len(shown):
        said = f"{left} others were" if shown and left > 1 else "One other was" if shown else f"All {left} were"
        click.echo(f"{said} never used. With them: tocsin playbooks stats --all")


def _figures_line(one: RunStats) -> str:
    success = "" if one.success_rate is None else f"{one.success_rate:.0%}"
    last = one.last_used_at.date().isoformat() if one.last_used_at else "never"
    skipped = ", ".join(f"{step} {times}×" for step, times in sorted(one.skipped.items()))
    mean = approximate(one.mean) if one.mean else ""
    reviewed = str(one.last_reviewed or "never")
    return f"{one.playbook:<28} {one.used:>5} {success:>8} {mean:>6}  {last:<11} {reviewed:<11} {skipped}".rstrip()


async def _figures() -> list[RunStats]:
    database = await open_database(settings_reader.load().url, migrate=False)
    try:
        library = _library()
        async with database.reading() as conn:
            used = set(await stored.used_playbooks(conn))
            return [
                run_stats(one, await stored.of_playbook(conn, one.id) if one.id in used else ())
                for one in library.playbooks
            ]
    finally:
        await database.close()


def _figures_json(one: RunStats) -> dict[str, Any]:
    """Instants are RFC 3339 in UTC, durations seconds."""
    return {
        "id": one.playbook,
        "used": one.used,
        "ended": one.ended,
        "succeeded": one.succeeded,
        "success": one.success_rate,
        "mean_s": one.mean.total_seconds() if one.mean else None,
        "last_used_at": rfc3339(one.last_used_at) if one.last_used_at else None,
        "last_reviewed": one.last_reviewed.isoformat() if one.last_reviewed else None,
        "skipped": dict(one.skipped),
    }


def _library() -> loader.Library:
    return loader.load(settings_reader.load().playbook_folders)


def _severities() -> list[str]:
    return [severity.key for severity in policy_reader.load(settings_reader.load().policy_path).severities]


def _label(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise click.UsageError(f"“{text}” is not NAME=VALUE. Write it like alertname=ServiceDown")
    return name, value


def _print(shown: Any) -> None:
    click.echo(json.dumps(shown, ensure_ascii=False, indent=2))


def _line(hit: Hit) -> str:
    return f"{hit.playbook.id:<28} {hit.playbook.name}\n{'':<28} {' · '.join(hit.reasons)}"


def _length(span: timedelta | None) -> str:
    return exact(span) if span else ""


def _page(one: Playbook, filled: dict[str, str]) -> list[str]:
    lines = [f"{one.name} ({one.id}) · {one.category}", one.description]
    lines += _listed("Symptoms", one.symptoms) + _listed("Before you begin", one.prerequisites)
    for phase in one.phases:
        lines += ["", f"== {phase.title}{f' · {phase.within}' if phase.within else ''}"]
        for step in phase.steps:
            lines += _step(step, filled)
    lines += _listed("Escalate when", one.escalation_criteria) + _listed("Tell", one.communication)
    lines += _listed("Afterwards", one.post_resolution) + _listed("See also", one.related)
    return lines + _listed("Why it differs from its source", one.notes)


def _listed(title: str, texts: tuple[str, ...]) -> list[str]:
    return ["", f"{title}:", *(f"  - {text}" for text in texts)] if texts else []


def _step(step: Step, filled: dict[str, str]) -> list[str]:
    marks = " [needs approval]" if step.requires_approval else ""
    lines = ["", f"{step.key} {step.title}{marks}"]
    said = (
        ("If", step.when),
        ("", step.description),
        ("DANGEROUS", step.dangerous),
        *(("$", _command(command, filled)) for command in step.commands),
        ("Done when", step.verification),
        *(("Undo $", _command(command, filled)) for command in step.rollback),
        ("Undo", step.rollback_text),
        ("Note", step.note),
    )
    return lines + [
        f"    {name}{': ' if name and name[-1] != '$' else ' ' if name else ''}{t}" for name, t in said if t
    ]


def _command(command: Command, filled: dict[str, str]) -> str:
    return command.filled_in(filled) + (f"   # {command.about}" if command.about else "")
