"""Groups all commands of the `tocsin` command line."""

from __future__ import annotations

import sys
from typing import Any

import click

from bot.cli.commands import LazyGroup
from bot.cli.output import echo_lines
from bot.domain.errors import TocsinError


class Commands(LazyGroup):
    """The group of all commands. It prints the bot's own errors as sentences, without a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command. A `TocsinError` is printed as one line, and the exit code is 1."""
        try:
            return super().invoke(ctx)
        except TocsinError as error:
            echo_lines(str(error), err=True)
            sys.exit(1)


@click.group(cls=Commands)
@click.version_option(package_name="tocsin")
def main() -> None:
    """Tocsin: incident response in Slack."""
