"""Implements `tocsin playbooks`: lists, checks, finds and shows playbooks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from bot import policy as policy_reader
from bot import settings as settings_reader
from bot.cli.output import as_json_option, echo, echo_lines, print_json
from bot.cli.shared import run
from bot.domain.playbook.definition import Command, Playbook, Step
from bot.domain.playbook.search_hit import Hit
from bot.domain.playbook.stats import RunStats, run_stats
from bot.domain.timeline.entry import rfc3339
from bot.domain.values.durations import approximate, exact
from bot.settings import Settings
from playbooks import loader, values
from playbooks.search import Query, SearchIndex
from storage import playbook_runs as stored
from storage.database import Database


@click.group("playbooks", invoke_without_command=True)
@click.option("--schema", is_flag=True, help="The JSON Schema of a playbook file, for editors.")
@as_json_option
@click.pass_context
def playbooks_command(context: click.Context, schema: bool, as_json: bool) -> None:
    """Every playbook: the shipped ones, and over them those of TOCSIN_PLAYBOOKS."""
    if context.invoked_subcommand is not None:
        return
    if schema:
        print_json(loader.json_schema())
        return
    library = _library()
    if as_json:
        order = _severities()
        print_json([values.as_json(playbook, order) for playbook in library.playbooks])
        return
    for playbook in library.playbooks:
        length = exact(playbook.expected_duration) if playbook.expected_duration else ""
        echo(f"{playbook.id:<28} {playbook.category:<16} {length:<6} {playbook.name}")


@playbooks_command.command("check")
@click.argument("folder", type=click.Path(path_type=Path))
def check_command(folder: Path) -> None:
    """Validate the playbooks in FOLDER together with the shipped ones."""
    library = loader.load([folder])
    own = [playbook for playbook in library.playbooks if Path(playbook.file).parent == folder]
    echo(f"{len(own)} playbook{'' if len(own) == 1 else 's'} in {folder}, nothing wrong.")
    for name in library.replaced:
        echo(f"{name} takes the place of the shipped one.")


@playbooks_command.command("find")
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
    query = Query(
        text=" ".join(words),
        category=category,
        severity=severity,
        severities=_severities() if severity else (),
        services=services,
        labels=dict(_name_and_value(text) for text in labels),
    )
    hits = SearchIndex(_library().playbooks).find(query, limit)
    if as_json:
        print_json([{"id": hit.playbook.id, "score": hit.score, "reasons": list(hit.reasons)} for hit in hits])
        return
    if not hits:
        echo("Nothing fits. Describe what you see, in other words, or list them all: tocsin playbooks")
    for hit in hits:
        echo_lines(_line(hit))


@playbooks_command.command("show")
@click.argument("name", metavar="ID")
@click.option("--set", "parameters", multiple=True, metavar="NAME=VALUE", help="Fill in a parameter; several times.")
def show_command(name: str, parameters: tuple[str, ...]) -> None:
    """One playbook from its first step to its last, its commands filled in."""
    playbook = _library().get(name)
    filled = playbook.filled_values(dict(_name_and_value(text) for text in parameters))
    echo_lines("\n".join(_as_text(playbook, filled)))


@playbooks_command.command("stats")
@click.option("--all", "everything", is_flag=True, help="Also those that were never used.")
@as_json_option
def stats_command(everything: bool, as_json: bool) -> None:
    """Show for each playbook its uses, successes, usual time, last use, last review and skipped steps.

    The most used first. JSON has all of them, in the order of `tocsin playbooks`.
    """
    all_stats = run(_stats)
    if as_json:
        print_json([_stats_json(stats) for stats in all_stats])
        return
    rows = sorted((s for s in all_stats if s.used or everything), key=lambda stats: (-stats.used, stats.playbook))
    if rows:
        echo(f"{'':<28} {'used':>5} {'success':>8} {'mean':>6}  {'last used':<11} {'reviewed':<11} skipped")
    for stats in rows:
        echo(_stats_line(stats))
    if unused := len(all_stats) - len(rows):
        subject = f"{unused} others were" if rows and unused > 1 else "One other was" if rows else f"All {unused} were"
        echo(f"{subject} never used. With them: tocsin playbooks stats --all")


def _stats_line(stats: RunStats) -> str:
    success = "" if stats.success_rate is None else f"{stats.success_rate:.0%}"
    last = stats.last_used_at.date().isoformat() if stats.last_used_at else "never"
    skipped = ", ".join(f"{step} {times}×" for step, times in sorted(stats.skipped.items()))
    mean = approximate(stats.mean) if stats.mean else ""
    reviewed = str(stats.last_reviewed or "never")
    return f"{stats.playbook:<28} {stats.used:>5} {success:>8} {mean:>6}  {last:<11} {reviewed:<11} {skipped}".rstrip()


async def _stats(database: Database, settings: Settings) -> list[RunStats]:
    library = loader.load(settings.playbook_folders)
    async with database.reading() as conn:
        used = set(await stored.used_playbooks(conn))
        return [
            run_stats(playbook, await stored.of_playbook(conn, playbook.id) if playbook.id in used else ())
            for playbook in library.playbooks
        ]


def _stats_json(stats: RunStats) -> dict[str, Any]:
    """Statistics as JSON. Instants are RFC 3339 in UTC, durations are seconds."""
    return {
        "id": stats.playbook,
        "used": stats.used,
        "ended": stats.ended,
        "succeeded": stats.succeeded,
        "success": stats.success_rate,
        "mean_s": stats.mean.total_seconds() if stats.mean else None,
        "last_used_at": rfc3339(stats.last_used_at) if stats.last_used_at else None,
        "last_reviewed": stats.last_reviewed.isoformat() if stats.last_reviewed else None,
        "skipped": dict(stats.skipped),
    }


def _library() -> loader.Library:
    return loader.load(settings_reader.load().playbook_folders)


def _severities() -> list[str]:
    return [severity.key for severity in policy_reader.load(settings_reader.load().policy_path).severities]


def _name_and_value(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise click.UsageError(f"“{text}” is not NAME=VALUE. Write it like alertname=ServiceDown")
    return name, value


def _line(hit: Hit) -> str:
    return f"{hit.playbook.id:<28} {hit.playbook.name}\n{'':<28} {' · '.join(hit.reasons)}"


def _as_text(playbook: Playbook, filled: dict[str, str]) -> list[str]:
    lines = [f"{playbook.name} ({playbook.id}) · {playbook.category}", playbook.description]
    lines += _list_section("Symptoms", playbook.symptoms) + _list_section("Before you begin", playbook.prerequisites)
    for phase in playbook.phases:
        lines += ["", f"== {phase.title}{f' · {phase.within}' if phase.within else ''}"]
        for step in phase.steps:
            lines += _step(step, filled)
    lines += _list_section("Escalate when", playbook.escalation_criteria) + _list_section(
        "Tell", playbook.communication
    )
    lines += _list_section("Afterwards", playbook.post_resolution) + _list_section("See also", playbook.related)
    return lines + _list_section("Why it differs from its source", playbook.notes)


def _list_section(title: str, texts: tuple[str, ...]) -> list[str]:
    return ["", f"{title}:", *(f"  - {text}" for text in texts)] if texts else []


def _step(step: Step, filled: dict[str, str]) -> list[str]:
    marks = " [needs approval]" if step.requires_approval else ""
    lines = ["", f"{step.key} {step.title}{marks}"]
    parts = (
        ("If", step.when),
        ("", step.description),
        ("DANGEROUS", step.dangerous),
        *(("$", _command(command, filled)) for command in step.commands),
        ("Done when", step.verification),
        *(("Roll back $", _command(command, filled)) for command in step.rollback),
        ("Roll back", step.rollback_text),
        ("Note", step.note),
    )
    return lines + [
        f"    {name}{': ' if name and name[-1] != '$' else ' ' if name else ''}{t}" for name, t in parts if t
    ]


def _command(command: Command, filled: dict[str, str]) -> str:
    return command.filled_in(filled) + (f"   # {command.about}" if command.about else "")
