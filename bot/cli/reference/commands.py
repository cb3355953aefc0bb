"""The page of the command line."""

from __future__ import annotations

from collections.abc import Iterator

import click

from bot.cli.main import main
from bot.cli.reference.markdown import block, code, document, table

INTRODUCTION = (
    "The commands of `tocsin`. [The command line](../cli.md) explains how the verbs of an incident work here, on "
    "the database and over the API. Most take `--json`: see [JSON](json.md)."
)


def page() -> str:
    """The page."""
    return document("Command line", INTRODUCTION, [_section(path, command) for path, command in _commands(main, ())])


def _commands(group: click.Group, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command with its path, in alphabetical order."""
    context = click.Context(group)
    for name in sorted(group.list_commands(context)):
        command = group.get_command(context, name)
        if command is None or command.hidden:
            continue
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from _commands(command, (*path, name))


def _section(path: tuple[str, ...], command: click.Command) -> str:
    name = " ".join(("tocsin", *path))
    with click.Context(command, info_name=name) as context:
        usage = " ".join([name, *command.collect_usage_pieces(context)])
        options = [parameter.get_help_record(context) for parameter in command.get_params(context)]
    rows = [(code(names), meaning) for names, meaning in filter(None, options) if "--help" not in names]
    meaning = " ".join((command.help or command.short_help or "").split())
    parts = [f"{'#' * (len(path) + 1)} {name}", meaning, block("text", usage)]
    if rows:
        parts.append(table(("option", "meaning"), rows))
    return "\n\n".join(part for part in parts if part)
