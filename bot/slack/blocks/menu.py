"""Builds the menu of an incident's buttons, and asks which incident is meant if a command names none."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.incident import Incident
from bot.domain.incident.status import Status
from bot.domain.policy.policy import Policy
from bot.slack.blocks import card, elements, phrases
from bot.slack.blocks.elements import Block, Message, button
from bot.slack.blocks.press_value import press_value
from bot.slack.text import as_typed, clip, length, render

COMMAND = "/incident"
CHOICES = 35  # open incidents to choose from; a message has at most 50 blocks
REQUEST = elements.VALUE - 20  # characters of a request that a button can carry beside the ID


def menu(incident: Incident, policy: Policy, command: str = COMMAND) -> Message:
    """The buttons that fit the incident's status, for its channel."""
    value = press_value(incident)
    return elements.message(
        f"{phrases.title(incident)} is {incident.status}. What would you like to do?",
        [
            elements.section(
                f"{phrases.drill_prefix(incident)}{phrases.severity_name(incident.severity, policy)} · "
                f"*{incident.id}* · {render(incident.title)}\n"
                f"{phrases.status_line(incident)} · commander: {phrases.who_leads(incident)}"
            ),
            elements.actions(*_status_buttons(incident), block_id="menu"),
            _more_buttons(incident),
            elements.actions(
                button("Catch up", "catchup", value),
                button("Timeline", "timeline", value),
                button("Why this reminder?", "why", value),
                block_id="menu_read",
            ),
            elements.context(f"Or type it: `{command} help`"),
        ],
    )


def none_open(command: str = COMMAND) -> Message:
    """Says that no incident is open, and offers to declare one."""
    text = "There is no open incident."
    return elements.message(
        text,
        [
            elements.section(f"{text} `{command} list all` shows the past ones."),
            elements.actions(button("Declare incident", "menu_declare", "declare"), block_id="menu"),
        ],
    )


def none_ended(command: str = COMMAND) -> Message:
    """Says that no incident has ended lately."""
    return elements.line(f"No incident has ended lately. `{command} list all` shows every one.")


def which_incident(
    incidents: Sequence[Incident], raw: str, command: str = COMMAND, *, total: int | None = None
) -> Message:
    """Ask which incident is meant. Each button holds the whole command, with `--in`, to be parsed again.

    `raw` is the text as Slack sent it; `total` counts the incidents of which these are the first. A request too
    long for a button is never cut: the person types it again.
    """
    if not incidents:
        return none_open(command)
    question = "Which incident do you mean?"
    command_line = f"{command} {raw}"
    carried = length(raw) <= REQUEST
    rows = [_row(incident, raw if carried else None) for incident in incidents[:CHOICES]]
    verb = clip((raw.split() or ["ack"])[0], 40)
    how = f"Say which by its ID: `{command} {verb} … --in {incidents[0].id}`"
    return elements.message(
        question,
        [
            elements.section(question if carried else f"{question} {how}"),
            *rows,
            *([] if carried else elements.to_copy(as_typed(command_line))),
            elements.left_out((len(incidents) if total is None else total) - CHOICES, how),
        ],
    )


def _row(incident: Incident, raw: str | None) -> Block:
    """A row for one incident. `--in` comes first in its command, so that free text after it cannot hide it."""
    state = f"{render(incident.severity)} · {incident.status}"
    text = f"{phrases.drill_prefix(incident)}*{incident.id}* · {render(incident.title)}\n{state}"
    if raw is None:
        return elements.section(text)
    return elements.section(text, button("This one", "choose_incident", f"--in {incident.id} {raw}".strip()))


def _status_buttons(incident: Incident) -> list[Block | None]:
    value = press_value(incident)
    if incident.open:
        return [
            button("Acknowledge", "ack", value, style="primary") if incident.ladder.acknowledged_at is None else None,
            button("Lead", "lead", value) if phrases.LEADS not in incident.roles else None,
            *card.response_buttons(value),
        ]
    if incident.status is Status.MERGED:
        return []
    close = button("Close", "close", value) if incident.status is Status.RESOLVED else None
    return [button("Reopen", "reopen", value), close]


def _more_buttons(incident: Incident) -> Block | None:
    """Buttons that the card does not have."""
    value = press_value(incident)
    return elements.actions(
        button("Impact", "impact", value) if incident.open else None,
        button("Hand over", "handover", value) if incident.open else None,
        button("Add a note", "note", value),
        button("Create action item", "action_new", value),
        button("False alarm", "cancel", value) if incident.open else None,
        block_id="menu_more",
    )
