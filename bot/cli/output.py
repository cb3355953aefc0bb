"""Prints lines and JSON for the commands, and parses incident IDs."""

from __future__ import annotations

import json
from typing import Any

import click

from bot.domain.errors import TocsinError
from bot.domain.values.one_line import escape_controls, escape_controls_in_json

as_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def echo(line: str, *, err: bool = False) -> None:
    """Print one line. Control characters are escaped, so that what people wrote cannot control the terminal."""
    click.echo(escape_controls(line), err=err)


def echo_lines(text: str, *, err: bool = False) -> None:
    """Print a text of our own, which may have several lines."""
    for line in text.split("\n"):
        echo(line, err=err)


def print_json(value: Any) -> None:
    """Print a value as JSON, for people and programs."""
    click.echo(escape_controls_in_json(json.dumps(value, ensure_ascii=False, indent=2)))


def incident_number(incident_id: str) -> int:
    """Parse the number in an ID such as INC-42, or in 42. Raises `TocsinError`."""
    number = incident_id.upper().removeprefix("INC-")
    if not number.isdecimal():
        raise TocsinError(f"“{incident_id}” is not an incident ID. They look like INC-42.")
    return int(number)
