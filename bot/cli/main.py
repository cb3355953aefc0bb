"""Groups all commands of the `tocsin` command line."""

from __future__ import annotations

import sys
from typing import Any

import click

from bot.cli.commands import EXAMPLES, LazyGroup
from bot.cli.output import echo_lines
from bot.domain.errors import TocsinError


class Commands(LazyGroup):
    """The group of all commands. It prints the bot's own errors as sentences, without a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command. A `TocsinError` is printed as one line, and the exit code is 1.

        The answer to a line that cannot be parsed ends with one that can.
        """
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            example = EXAMPLES.get(error.ctx.info_name or "") if error.ctx else None
            if example is None:
                raise
            raise click.UsageError(f"{error.format_message()} This works: tocsin {example}", ctx=error.ctx) from None
        except TocsinError as error:
            echo_lines(str(error), err=True)
            sys.exit(1)


@click.group(cls=Commands)
@click.version_option(package_name="tocsin")
def main() -> None:
    """Tocsin: incident response in Slack."""
