"""Implements `tocsin policy`: prints the policy in force, a preset, or the JSON Schema."""

from __future__ import annotations

import click

from bot import policy as policy_reader
from bot import settings as settings_reader
from bot.cli.output import as_json_option, echo, print_json


@click.command("policy")
@click.option("--preset", type=click.Choice(list(policy_reader.PRESETS)), help="A preset instead of what is in force.")
@click.option("--schema", is_flag=True, help="The JSON Schema of the policy file, for editors.")
@as_json_option
def policy_command(preset: str | None, schema: bool, as_json: bool) -> None:
    """The policy in force, or a preset."""
    if schema:
        print_json(policy_reader.json_schema())
        return
    policy = policy_reader.preset(preset) if preset else policy_reader.load(settings_reader.load().policy_path)
    if as_json:
        print_json(policy_reader.as_json(policy))
        return
    for severity in policy.severities:
        echo(f"{severity.key:<12} {severity.name:<16} {severity.description}")
