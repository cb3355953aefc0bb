"""Implements the verbs of an incident: `tocsin declare`, `ack`, `update` …, which also work while Slack is down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from bot.cli.operation_client import OperationClient, Target, client_options, run_with_client
from bot.cli.output import echo, incident_number, print_json
from bot.domain.errors import TocsinError
from bot.domain.incident.relations import parse_tags
from bot.domain.values.one_line import one_line
from bot.domain.values.slack_ids import MENTION, ids_in, is_user_id
from bot.slack.text import recorded_text

Arguments = dict[str, Any]


def _carry_out(target: Target, name: str, incident_id: str | None, arguments: Arguments, as_json: bool) -> None:
    """Run a verb and print the incident as it is now."""
    path = {} if incident_id is None else {"id": f"INC-{incident_number(incident_id)}"}

    async def work(client: OperationClient) -> Any:
        return await client.run(name, path, await _with_ids(client, arguments))

    incident = run_with_client(target, work)
    if as_json:
        print_json(incident)
        return
    echo(f"{incident['id']} · {incident['severity']} · {incident['status']} · {one_line(incident['title'])}")


async def _with_ids(client: OperationClient, arguments: Arguments) -> Arguments:
    """The arguments with the Slack ID of a person who was named."""
    user = arguments.get("user")
    return {**arguments, "user": await client.person(user)} if isinstance(user, str) else arguments


def _joined(words: tuple[str, ...], missing: str) -> str:
    text = " ".join(words).strip()
    if not text:
        raise TocsinError(f"Say {missing}{'' if ':' in missing else '.'}")
    return text


def _other(words: tuple[str, ...], missing: str) -> str:
    """The ID of another incident. Raises `TocsinError` for anything else."""
    return f"INC-{incident_number(_joined(words, missing))}"


@click.command("declare")
@click.argument("words", nargs=-1, required=True)
@click.option("--severity", help="The severity, unless it is the first word.")
@click.option("--private", is_flag=True, help="Only for those invited.")
@click.option("--drill", is_flag=True, help="A test: marked everywhere, pages nobody.")
@click.option("--description", default="", help="What is happening.")
@click.option("--service", "services", multiple=True, help="An affected service; may be given several times.")
@client_options
def declare_command(words: tuple[str, ...], severity: str | None, as_json: bool, **options: Any) -> None:
    """Declare an incident: tocsin declare sev2 Checkout is down"""
    target = target_of(options)
    arguments: Arguments = {name: options[name] for name in ("private", "drill", "description")}
    arguments["services"] = list(options["services"])

    async def work(client: OperationClient) -> Any:
        levels = (await client.run("get_policy", {}, {}))["severities"]
        title, level = " ".join(words).split(), severity
        if level is None and len(title) > 1 and title[0].lower() in levels:
            level = title.pop(0).lower()
        return await client.run(
            "declare_incident", {}, {**arguments, "title": " ".join(title), **({"severity": level} if level else {})}
        )

    incident = run_with_client(target, work)
    if as_json:
        print_json(incident)
    else:
        echo(f"{incident['id']} · {incident['severity']} · {incident['status']} · {one_line(incident['title'])}")


def target_of(options: Arguments) -> Target:
    """The target that the options of a command name."""
    return Target(options.get("person"), options.get("server"))


def _verb(
    name: str,
    operation: str,
    help_text: str,
    arguments_of: Callable[[tuple[str, ...]], Arguments],
    *,
    takes_minus: bool = False,
) -> click.Command:
    """A command `tocsin NAME INC-7 [words]`. `arguments_of` turns the words into the operation's arguments.

    `takes_minus`: a word that begins with `-` and is no option stays a word.
    """

    @click.command(name, help=help_text, context_settings={"ignore_unknown_options": takes_minus})
    @click.argument("incident_id", metavar="ID")
    @click.argument("words", nargs=-1)
    @client_options
    def command(incident_id: str, words: tuple[str, ...], as_json: bool, **options: Any) -> None:
        _carry_out(target_of(options), operation, incident_id, arguments_of(words), as_json)

    return command


def _nothing(words: tuple[str, ...]) -> Arguments:
    if words:
        raise TocsinError(f"I don't know what to do with “{' '.join(words)[:40]}”.")
    return {}


def _status(words: tuple[str, ...]) -> Arguments:
    return {
        "status": _joined(words[:1], "which: tocsin status INC-7 identified").lower(),
        "note": " ".join(words[1:]),
    }


def _severity(words: tuple[str, ...]) -> Arguments:
    return {"severity": _joined(words[:1], "which severity: tocsin severity INC-7 sev1"), "reason": " ".join(words[1:])}


def _role(words: tuple[str, ...]) -> Arguments:
    if len(words) != 2:
        raise TocsinError("Say which role and who: tocsin role INC-7 commander U0123, or none to clear it")
    user = _person(words[1])
    return {"role": words[0], "user": None if words[1].lower() == "none" else user}


def _person(word: str) -> str:
    match = MENTION.fullmatch(word)
    return match[1] if match else word.lstrip("@")


def _page(words: tuple[str, ...]) -> Arguments:
    person_or_schedule = _person(_joined(words[:1], "whom, by Slack ID or schedule: tocsin page INC-7 primary Come"))
    target = {"users": [person_or_schedule]} if is_user_id(person_or_schedule) else {"schedule": person_or_schedule}
    return {**target, "reason": " ".join(words[1:])}


def _tags(words: tuple[str, ...]) -> Arguments:
    change = parse_tags(_joined(words, "which tags: tocsin tag INC-7 checkout -database"))
    return {"add": list(change.added), "remove": list(change.removed), "replace": change.all_others}


def _reason(words: tuple[str, ...]) -> Arguments:
    return {"reason": _joined(words, "why")}


ack_command = _verb("ack", "acknowledge_incident", "Say that you are responding.", _nothing)
update_command = _verb(
    "update",
    "post_update",
    "Post a status update.",
    lambda words: {"text": _joined(words, "what: tocsin update INC-7 Rolled back")},
)
status_command = _verb(
    "status", "change_status", "Change the status: tocsin status INC-7 identified Bad deploy", _status
)
severity_command = _verb(
    "severity", "change_severity", "Change the severity: tocsin severity INC-7 sev1 Everybody is hit", _severity
)
role_command = _verb(
    "role", "assign_role", "Give a role: tocsin role INC-7 commander U0123, or none to clear it.", _role
)
note_command = _verb(
    "note",
    "add_note",
    "Add a key entry to the timeline.",
    lambda words: {"text": _joined(words, "what: tocsin note INC-7 Deploy 4512 went out")},
)
page_command = _verb("page", "page_people", "Page a person or a schedule: tocsin page INC-7 U0123 We need you", _page)
escalate_command = _verb(
    "escalate", "escalate_incident", "Page the next rung now.", lambda words: {"reason": " ".join(words)}
)
snooze_command = _verb(
    "snooze",
    "snooze_incident",
    "Quiet the reminders: tocsin snooze INC-7 30m, or off.",
    lambda words: {"duration": _joined(words, "for how long: tocsin snooze INC-7 30m")},
)
next_command = _verb(
    "next",
    "promise_update",
    "Promise the next update: tocsin next INC-7 1h",
    lambda words: {"duration": _joined(words, "within how long: tocsin next INC-7 1h")},
)
resolve_command = _verb(
    "resolve",
    "resolve_incident",
    "End the incident: tocsin resolve INC-7 Rolled back",
    lambda words: {"summary": " ".join(words)},
)
reopen_command = _verb("reopen", "reopen_incident", "Open it again: tocsin reopen INC-7 Errors are back", _reason)
close_command = _verb("close", "close_incident", "Close it once nothing is left to do.", _nothing)
merge_command = _verb(
    "merge",
    "merge_incident",
    "End it as merged into another one: tocsin merge INC-7 INC-3",
    lambda words: {"into": _other(words, "into which incident: tocsin merge INC-7 INC-3")},
)
relate_command = _verb(
    "relate",
    "relate_incident",
    "Note that another one has to do with it: tocsin relate INC-7 INC-3",
    lambda words: {"to": _other(words, "which incident: tocsin relate INC-7 INC-3")},
)
tag_command = _verb(
    "tag", "tag_incident", "Add tags, or take them away: tocsin tag INC-7 checkout -database", _tags, takes_minus=True
)
cancel_command = _verb(
    "cancel", "cancel_incident", "End it as a false alarm: tocsin cancel INC-7 The probe was wrong", _reason
)


@click.command("why")
@click.argument("incident_id", metavar="ID")
@client_options
def why_command(incident_id: str, as_json: bool, **options: Any) -> None:
    """Every reminder and page: due, sent or not, and the reason."""
    path = {"id": f"INC-{incident_number(incident_id)}"}

    async def work(client: OperationClient) -> tuple[list[dict[str, Any]], dict[str, str]]:
        reminders = (await client.run("list_reminders", path, {}))["reminders"]
        return reminders, await client.names({slack_id for row in reminders for slack_id in ids_in(row["reason"])})

    rows, names = run_with_client(target_of(options), work)
    if as_json:
        print_json(rows)
        return
    for row in rows:
        rung = f" rung {row['rung']}" if row["rung"] else ""
        reason = one_line(recorded_text(row["reason"], names))
        echo(f"{row['due_at']}   {row['kind'] + rung:<20} {row['state']:<10} {reason}")
    if not rows:
        echo("Nothing is due.")
