"""Implements `tocsin comms`: tell an incident's audiences, approve and correct messages, also while Slack is down."""

from __future__ import annotations

import sys
from typing import Any

import click

from bot.cli.door import Door, Target, door_options, through_door
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
@door_options
def comms_command(incident_id: str, as_json: bool, **given: Any) -> None:
    """Tell the audiences of an incident: without AUDIENCE, who was told what; with it, the message as it would go out.

    tocsin comms INC-7 customers --send
    """
    name, path, arguments = _operation(f"INC-{incident_number(incident_id)}", given)

    async def work(door: Door) -> Any:
        answer = await door.run(name, path, arguments)
        if name == "list_audiences":
            answer |= await door.run("list_communications", path, {"limit": SHOWN})
        return answer

    answer = through_door(Target(given["person"], given["server"]), work)
    if as_json:
        print_json(answer)
    elif name == "list_audiences":
        _print_overview(answer)
    elif name == "draft_communication":
        _print_draft(answer)
    else:
        _print_message(answer)


def _operation(incident: str, given: dict[str, Any]) -> tuple[str, dict[str, str], dict[str, Any]]:
    """The operation that the options mean, with its path and arguments. Raises `TocsinError` where they mean two."""
    acts = [act for act in ("approve", "decline", "correct") if given[act] is not None]
    if len(acts) + given["send"] > 1 or (acts and given["audience"]):
        raise TocsinError("One at a time: an audience with or without --send, --approve N, --decline N or --correct N.")
    path = {"id": incident}
    words = {name: value for name in ("subject", "stage") if (value := given[name]) is not None}
    if given["text"] is not None:
        words["text"] = sys.stdin.read() if given["text"] == "-" else given["text"]
    if acts:
        path["communication"] = str(given[acts[0]])
        if acts[0] != "correct":
            return f"{acts[0]}_communication", path, {}
        if "text" not in words:
            raise TocsinError("Say the right words: --correct N --text “It was EU customers only.”")
        return "correct_communication", path, {**words, "accept_findings": given["accept_findings"]}
    if given["audience"] is None:
        if given["send"]:
            raise TocsinError("Say whom to tell: tocsin comms INC-7 customers --send")
        return "list_audiences", path, {}
    if given["send"]:
        sent = {"audience": given["audience"], **words, "accept_findings": given["accept_findings"]}
        return "send_communication", path, sent
    stage = {"stage": words["stage"]} if "stage" in words else {}
    return "draft_communication", path, {"audience": given["audience"], **stage}


def _print_overview(answer: dict[str, Any]) -> None:
    for each in answer["audiences"]:
        told = each["told"]
        last = f"told {told['at']} ({told['stage']} #{told['number']})" if told else "never told"
        due = f", due {each['due_at']}" if each["due_at"] else ""
        echo(f"{each['audience']:<20} {last}{due}{'' if each['proposed'] else ' · not proposed'}")
    if not answer["audiences"]:
        echo("The policy has no audiences. Add them under `audiences`.")
    for each in answer["communications"]:
        _print_message(each)


def _print_message(message: dict[str, Any]) -> None:
    state = {"asked": "waits for a second person", "refused": "not approved", "sent": "sent"}[message["state"]]
    reached = "".join(f" · {each['group']} {each['sent']}/{each['recipients']}" for each in message["delivery"])
    about = f" · corrects {message['corrects']}" if message["corrects"] else ""
    echo(f"{message['id']} · {message['name']} · {state}{reached}{about} · {one_line(message['subject'])}")


def _print_draft(draft: dict[str, Any]) -> None:
    echo(f"{draft['name']} · {draft['stage']} · {draft['subject']}")
    echo_lines(f"\n{draft['text']}\n")
    listed = ", ".join(each["address"] or each["group"] for each in draft["recipients"])
    echo(f"Goes to: {listed or 'nobody'}{' (a second person approves it first)' if draft['second_person'] else ''}")
    for each in draft["left_out"]:
        echo(f"Left out: {each['who']} ({each['why']})")
    for each in draft["findings"]:
        echo(f"Look at this: {each['finding']}{' (stops it)' if each['blocks'] else ''}")
    if draft["changes"]:
        echo(f"Changed since they were last told: {', '.join(draft['changes'])}")
