"""Implements `tocsin drill`: declares a test incident, also one in which Slack is down."""

from __future__ import annotations

import re
from typing import Any

import click

from bot.cli.operation_client import OperationClient, client_options, run_with_client
from bot.cli.output import echo, print_json
from bot.cli.verbs import target_of
from bot.domain.errors import TocsinError
from bot.domain.incident.declaration import TITLE_LENGTH

PAST, SPEED = re.compile(r"INC-[1-9]\d{0,8}", re.IGNORECASE), re.compile(r"[1-9]\d{0,2}x")
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
@click.option("--at", "speed", metavar="10x", default="", help="A past incident: so many times as fast.")
@client_options
def drill_command(words: tuple[str, ...], slack_down: str, speed: str, as_json: bool, **options: Any) -> None:
    """Declare a drill: it is marked everywhere, pages nobody, and counts nowhere.

    tocsin drill --slack-down 30m · tocsin drill INC-42 --at 10x plays a past incident
    """
    past = words[0].upper() if len(words) == 1 and PAST.fullmatch(words[0]) else ""
    if speed and not SPEED.fullmatch(speed):
        raise TocsinError("Say how many times as fast, from 1x to 999x: tocsin drill INC-42 --at 10x")
    if speed and not past:
        raise TocsinError("Only a past incident is played at a speed: tocsin drill INC-42 --at 10x")

    async def work(client: OperationClient) -> Any:
        if past:
            replay = f"Replay of {past}: {(await client.run('get_incident', {'id': past}, {}))['title']}"
            played = {"title": replay[:TITLE_LENGTH], "drill": True, "plays": past, "at": speed}
            return await client.run("declare_incident", {}, {**played, "slack_down": slack_down})
        levels = list((await client.run("get_policy", {}, {}))["severities"])
        title = list(words)
        level = title.pop(0).lower() if title and title[0].lower() in levels else levels[0]
        drill_title = " ".join(title) or (TITLE if slack_down else "Drill")
        arguments = {"title": drill_title, "severity": level, "drill": True, "slack_down": slack_down}
        return await client.run("declare_incident", {}, arguments)

    incident = run_with_client(target_of(options), work)
    if as_json:
        print_json(incident)
        return
    echo(f"{incident['id']} · drill · {incident['severity']} · {incident['title']}")
    if past:
        echo(f"What came in in {past} comes in again, {speed or '10x'} as fast, in its channel. Go on as usual:")
        for step in STEPS:
            echo(f"  {step.format(id=incident['id'])}")
        echo("Once it is resolved, its channel reads how it went, then and now.")
    if slack_down:
        echo(f"For {slack_down} nothing about it goes to Slack. Go on here, or in the console:")
        for step in STEPS:
            echo(f"  {step.format(id=incident['id'])}")
        echo("Then its channel is made, and one digest there says what happened meanwhile.")
