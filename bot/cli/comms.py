"""Implements `tocsin comms`: sends, approves and corrects messages to audiences, also while Slack is down."""

from __future__ import annotations

import sys
from typing import Any

import click

from bot.cli.operation_client import OperationClient, Target, client_options, run_with_client
from bot.cli.output import echo, echo_lines, incident_number, print_json
from bot.domain.errors import TocsinError
from bot.domain.values.one_line import one_line

SHOWN = 10


@click.command("comms")
@click.argument("incident_id", metavar="ID")
@click.argument("audience", required=False)
@click.option("--send", is_flag=True, help="Send the message to AUDIENCE, or ask a second person to approve it.")
@click.option("--subject", help="Another subject than the template's.")
@click.option("--text", help="Another text than the template's; - reads it from the input.")
@click.option(
    "--stage", type=click.Choice(["start", "update", "resolved", "briefing"]), help="The stage, if not what is due."
)
@click.option("--accept-findings", is_flag=True, help="Send although the lint found something that does not stop it.")
@click.option("--approve", type=int, metavar="N", help="Approve message N, which waits for a second person.")
@click.option("--decline", type=int, metavar="N", help="Keep message N, which waits, from going out.")
@click.option("--correct", type=int, metavar="N", help="Send --text as the correction of message N.")
@client_options
def comms_command(incident_id: str, as_json: bool, **options: Any) -> None:
    """Tell the audiences of an incident: without AUDIENCE, who was told what; with it, the message as it would go out.

    tocsin comms INC-7 customers --send
    """
    name, path, arguments = _operation(f"INC-{incident_number(incident_id)}", options)

    async def work(client: OperationClient) -> Any:
        answer = await client.run(name, path, arguments)
        if name == "list_audiences":
            answer |= await client.run("list_communications", path, {"limit": SHOWN})
        return answer

    answer = run_with_client(Target(options["person"], options["server"]), work)
    if as_json:
        print_json(answer)
    elif name == "list_audiences":
        _print_overview(answer)
    elif name == "draft_communication":
        _print_draft(answer)
    else:
        _print_message(answer)


def _operation(incident: str, options: dict[str, Any]) -> tuple[str, dict[str, str], dict[str, Any]]:
    """The operation for the options, with its path and arguments. Raises `TocsinError` if the options name two."""
    acts = [act for act in ("approve", "decline", "correct") if options[act] is not None]
    if len(acts) + options["send"] > 1 or (acts and options["audience"]):
        raise TocsinError("One at a time: an audience with or without --send, --approve N, --decline N or --correct N.")
    path = {"id": incident}
    words = {name: value for name in ("subject", "stage") if (value := options[name]) is not None}
    if options["text"] is not None:
        words["text"] = sys.stdin.read() if options["text"] == "-" else options["text"]
    if acts:
        path["communication"] = str(options[acts[0]])
        if acts[0] != "correct":
            return f"{acts[0]}_communication", path, {}
        if "text" not in words:
            raise TocsinError("Say the right words: --correct N --text “It was EU customers only.”")
        return "correct_communication", path, {**words, "accept_findings": options["accept_findings"]}
    if options["audience"] is None:
        if options["send"]:
            raise TocsinError("Say whom to tell: tocsin comms INC-7 customers --send")
        return "list_audiences", path, {}
    if options["send"]:
        arguments = {"audience": options["audience"], **words, "accept_findings": options["accept_findings"]}
        return "send_communication", path, arguments
    stage = {"stage": words["stage"]} if "stage" in words else {}
    return "draft_communication", path, {"audience": options["audience"], **stage}


def _print_overview(answer: dict[str, Any]) -> None:
    for audience in answer["audiences"]:
        last_told = audience["told"]
        last = f"told {last_told['at']} ({last_told['stage']} #{last_told['number']})" if last_told else "never told"
        due = f", due {audience['due_at']}" if audience["due_at"] else ""
        echo(f"{audience['audience']:<20} {last}{due}{'' if audience['proposed'] else ' · not proposed'}")
    if not answer["audiences"]:
        echo("The policy has no audiences. Add them under `audiences`.")
    for communication in answer["communications"]:
        _print_message(communication)


def _print_message(message: dict[str, Any]) -> None:
    state = {"asked": "waits for a second person", "refused": "not approved", "sent": "sent"}[message["state"]]
    reached = "".join(
        f" · {delivery['group']} {delivery['sent']}/{delivery['recipients']}" for delivery in message["delivery"]
    )
    about = f" · corrects {message['corrects']}" if message["corrects"] else ""
    echo(f"{message['id']} · {message['name']} · {state}{reached}{about} · {one_line(message['subject'])}")


def _print_draft(draft: dict[str, Any]) -> None:
    echo(f"{draft['name']} · {draft['stage']} · {draft['subject']}")
    echo_lines(f"\n{draft['text']}\n")
    addresses = ", ".join(recipient["address"] or recipient["group"] for recipient in draft["recipients"])
    echo(f"Goes to: {addresses or 'nobody'}{' (a second person approves it first)' if draft['second_person'] else ''}")
    for person in draft["left_out"]:
        echo(f"Left out: {person['who']} ({person['why']})")
    for finding in draft["findings"]:
        echo(f"Look at this: {finding['finding']}{' (stops it)' if finding['blocks'] else ''}")
    if draft["changes"]:
        echo(f"Changed since they were last told: {', '.join(draft['changes'])}")
