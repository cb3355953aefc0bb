"""Implements `tocsin drill`: an incident that is only a test, also one in which Slack is down."""

from __future__ import annotations

from typing import Any

import click

from bot.cli.door import Door, door_options, through_door
from bot.cli.output import echo, print_json
from bot.cli.verbs import target_of

TITLE = "Drill: Slack is down"
STEPS = (
    "tocsin ack {id}",
    "tocsin update {id} We are looking at it",
    "tocsin status {id} identified",
    "tocsin resolve {id} It was only a drill",
)


@click.command("drill")
@click.argument("words", nargs=-1)
@click.option("--slack-down", "slack_down", metavar="DURATION", default="", help="Nothing of it goes to Slack so long.")
@door_options
def drill_command(words: tuple[str, ...], slack_down: str, as_json: bool, **options: Any) -> None:
    """Declare a drill: it is marked everywhere, pages nobody, and counts nowhere. tocsin drill --slack-down 30m"""

    async def work(door: Door) -> Any:
        levels = list((await door.run("get_policy", {}, {}))["severities"])
        title = list(words)
        level = title.pop(0).lower() if title and title[0].lower() in levels else levels[0]
        named = " ".join(title) or (TITLE if slack_down else "Drill")
        given = {"title": named, "severity": level, "drill": True, "slack_down": slack_down}
        return await door.run("declare_incident", {}, given)

    incident = through_door(target_of(options), work)
    if as_json:
        print_json(incident)
        return
    echo(f"{incident['id']} · drill · {incident['severity']} · {incident['title']}")
    if slack_down:
        echo(f"For {slack_down} nothing about it goes to Slack. Go on here, or in the console:")
        for step in STEPS:
            echo(f"  {step.format(id=incident['id'])}")
        echo("Then its channel is made, and one digest there says what happened meanwhile.")
