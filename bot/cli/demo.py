"""Implements `tocsin demo`, which starts the local workspace."""

from __future__ import annotations

import os
import sys

import click


@click.command("demo", context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def demo_command(options: tuple[str, ...]) -> None:
    """Try Tocsin in a local workspace: no Slack account, no network. More: tocsin demo --help"""
    # The workspace starts this bot as its child; neither imports the other.
    os.execv(sys.executable, [sys.executable, "-m", "sandbox.demo", *options])  # noqa: S606 - our own module, no shell
