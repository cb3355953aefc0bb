"""What can be done now, each a button; and which incident is meant, where nobody said."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.incident import Incident
from bot.domain.incident.status import Status
from bot.domain.policy.policy import Policy
from bot.slack.blocks import card, elements, phrases
from bot.slack.blocks.elements import Block, Message, button
from bot.slack.text import clip, length, render

COMMAND = "/incident"
CHOICES = 40  # of open incidents to choose from, within 50 blocks
ASKED_AGAIN = elements.VALUE - 20  # of a request that a button can carry beside the ID


def menu(incident: Incident, policy: Policy, command: str = COMMAND) -> Message:
    """Inside an incident channel: what can be done now."""
    value = incident.id
    return elements.message(
        f"{phrases.title(incident)} is {incident.status}. What would you like to do?",
        [
            elements.section(
                f"{phrases.drill_prefix(incident)}{phrases.severity_name(incident.severity, policy)} · "
                f"*{incident.id}* · {render(incident.title)}\n"
                f"{phrases.status_line(incident)} · commander: {phrases.who_leads(incident)}"
            ),
            elements.actions(*_now(incident), block_id="menu"),
            _more(incident),
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
    words = "There is no open incident."
    return elements.message(
        words,
        [
            elements.section(f"{words} `{command} list all` shows the past ones."),
            elements.actions(button("Declare incident", "menu_declare", "declare"), block_id="menu"),
        ],
    )


def which_incident(incidents: Sequence[Incident], raw: str, command: str = COMMAND) -> Message:
    """Ask which open incident is meant. Each button carries the whole request, `--in` included, to be parsed again.

    `raw` is Slack's text as it came. What is too long for a button must be typed again: it is never cut.
    """
    if not incidents:
        return none_open(command)
    words = "Which incident do you mean?"
    carried = length(raw) <= ASKED_AGAIN
    rows = [_row(one, raw if carried else None) for one in incidents[:CHOICES]]
    verb = clip((raw.split() or ["ack"])[0], 40)
    how = f"Say which by its ID: `{command} {verb} … --in {incidents[0].id}`"
    return elements.message(
        words,
        [
            elements.section(words if carried else f"{words} {how}"),
            *rows,
            elements.left_out(len(incidents) - CHOICES, how),
        ],
    )


def _row(incident: Incident, raw: str | None) -> Block:
    """`--in` stands first, so that it is found whatever follows."""
    state = f"{render(incident.severity)} · {incident.status}"
    shown = f"{phrases.drill_prefix(incident)}*{incident.id}* · {render(incident.title)}\n{state}"
    if raw is None:
        return elements.section(shown)
    return elements.section(shown, button("This one", "choose_incident", f"--in {incident.id} {raw}".strip()))


def _now(incident: Incident) -> list[Block | None]:
    value = incident.id
    if incident.open:
        return [
            button("Acknowledge", "ack", value, style="primary") if incident.ladder.acknowledged_at is None else None,
            button("Lead", "lead", value) if phrases.LEADS not in incident.roles else None,
            *card.working(value),
        ]
    if incident.status is Status.MERGED:
        return []
    close = button("Close", "close", value) if incident.status is Status.RESOLVED else None
    return [button("Reopen", "reopen", value), close]


def _more(incident: Incident) -> Block | None:
    """What the card has no button for."""
    value = incident.id
    return elements.actions(
        button("Impact", "impact", value) if incident.open else None,
        button("Hand over", "handover", value) if incident.open else None,
        button("Add a note", "note", value),
        button("False alarm", "cancel", value) if incident.open else None,
        block_id="menu_more",
    )
