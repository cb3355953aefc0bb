"""Groups all commands of the `tocsin` command line."""

from __future__ import annotations

import os
import sys
from typing import Any

import click

from bot.cli.actions import actions_command
from bot.cli.alerts import alerts_command
from bot.cli.comms import comms_command
from bot.cli.drill import drill_command
from bot.cli.feeds import feeds_command
from bot.cli.figures import metrics_command
from bot.cli.importing import import_command
from bot.cli.incidents import list_command, retry_command, search_command, show_command
from bot.cli.login import login_command
from bot.cli.manifest import manifest_command
from bot.cli.mcp import mcp_command
from bot.cli.oncall import oncall_command
from bot.cli.outage import outage_command
from bot.cli.playbooks import playbooks
from bot.cli.policy import policy_command
from bot.cli.records import backup_command, export_command, restored_command, verify_command
from bot.cli.replay import replay_command
from bot.cli.reviews import review_command
from bot.cli.rules import rules_command
from bot.cli.serve import check_command, migrate_command, serve_command
from bot.cli.shared import echo_lines
from bot.cli.sheet import sheet_command
from bot.cli.statuspage import statuspage_command
from bot.cli.times import times_command
from bot.cli.tokens import token_command
from bot.cli.verbs import COMMANDS, why_command
from bot.cli.webhooks import webhooks_command
from bot.domain.errors import TocsinError


class Commands(click.Group):
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


@main.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def demo(options: tuple[str, ...]) -> None:
    """Try Tocsin in a local workspace: no Slack account, no network. More: tocsin demo --help"""
    # The workspace starts this bot as its child; neither imports the other.
    os.execv(sys.executable, [sys.executable, "-m", "sandbox.demo", *options])  # noqa: S606 - our own module, no shell


for command in (
    serve_command, check_command, migrate_command, list_command, search_command, show_command, retry_command,
    policy_command, playbooks, verify_command, export_command, backup_command, restored_command,
    feeds_command, alerts_command, actions_command,
    token_command, login_command, why_command, oncall_command, outage_command, sheet_command, mcp_command,
    webhooks_command, replay_command, drill_command,
    *COMMANDS,
    comms_command, statuspage_command,
    manifest_command,
    review_command, times_command,
    rules_command,
    metrics_command,
    import_command,
):  # fmt: skip
    main.add_command(command)
