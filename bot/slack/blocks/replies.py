"""Private replies to the verbs that change something, and the two small forms that go with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bot.domain import spans
from bot.domain.escalation import Climb
from bot.domain.incident import Incident
from bot.domain.policy import Policy
from bot.slack.blocks import inputs, kit, phrases
from bot.slack.blocks.inputs import InputErrors, View
from bot.slack.blocks.kit import Block, Message
from bot.slack.text import clip, mention, plain, render

NOT_RECORDED = "This was not recorded. Please press the button again in a moment."
NO_REMINDERS = "No update reminders are set for this severity."


def updated(incident: Incident, policy: Policy) -> Message:
    """After a one-line update: its number, and when the next is due."""
    due = f"Next one by {kit.clock(incident.update_due_at)}." if incident.update_due_at else NO_REMINDERS
    return kit.line(f"Update #{incident.updates} is posted. {due}")


def joining(incident: Incident) -> Message:
    where = phrases.channel_link(incident) if incident.channel_id else "its channel, once it is open"
    return kit.line(f"You're invited to {where}.")


def snoozed(incident: Incident, span: timedelta) -> Message:
    return kit.line(
        f"Reminders of {incident.id} are quiet for {spans.in_words(span)}. The card says so. Pages still go out."
    )


def promised(incident: Incident, span: timedelta) -> Message:
    due = f", by {kit.clock(incident.update_due_at)}" if incident.update_due_at else ""
    return kit.line(f"Next update of {incident.id} promised in {spans.in_words(span)}{due}.")


def escalated(incident: Incident, climb: Climb) -> Message:
    """Whom the rung reaches, or that it reaches nobody and what to do then."""
    if climb.rung is None:
        gaps = "".join(f"\n• Rung {number}: {render(gap)}" for number, gap in climb.fell_through)
        return kit.line(
            f"Nobody is left to page on the ladder of {incident.severity}. "
            f"Bring people in yourself: `/incident invite @name`.{gaps}"
        )
    reached = [*(mention(person) for person in climb.reached.people), *map(render, climb.reached.channels)]
    return kit.line(f"Paging rung {climb.rung}: {kit.listed(reached)}.")


def cant_noted(incident: Incident, climb: Climb | None) -> Message:
    if climb is None:
        return kit.line(f"Thanks for saying so. {incident.id} is taken care of already.")
    if climb.rung is None:
        return kit.line("Thanks for saying so. The channel knows.")
    return kit.line(f"Thanks for saying so. Rung {climb.rung} is paged now.")


def add_to_timeline_modal(incidents: Sequence[Incident], source: Mapping[str, Any]) -> Block:
    """A message from elsewhere becomes a key entry: of which incident? Block `incident`."""
    options = [kit.option(f"{one.id} · {plain(one.title)}", one.id) for one in incidents[: kit.OPTIONS]]
    quoted = clip(render(str(source.get("text", ""))), 500)
    return {
        "type": "modal",
        "callback_id": "add_to_timeline",
        "title": kit.words("Add to timeline", kit.MODAL_TITLE),
        "submit": kit.words("Add", kit.MODAL_TITLE),
        "close": kit.words("Cancel", kit.MODAL_TITLE),
        "private_metadata": inputs.metadata(source=dict(source)),
        "blocks": [
            kit.section(f">{quoted}" if quoted else "_A message without words_"),
            kit.asked("incident", "Incident", kit.select(options, options[0]["value"])),
        ],
    }


@dataclass(frozen=True, slots=True)
class AddValues:
    incident: int
    source: dict[str, Any]


def values_of_add_to_timeline(view: View) -> AddValues:
    number = (inputs.chosen(view, "incident") or "").removeprefix("INC-")
    source = inputs.metadata_of(view).get("source")
    if not number.isdecimal() or not isinstance(source, dict):
        raise InputErrors({"incident": "Choose an incident, then press Add."})
    return AddValues(int(number), source)


def refusal_modal(view: View, message: Message) -> Block:
    """The form gives way to why it could not be done: the incident had moved on meanwhile."""
    return {
        "type": "modal",
        "callback_id": "refused",
        "title": {"type": "plain_text", "text": view["title"]["text"]},
        "close": kit.words("Close", kit.MODAL_TITLE),
        "blocks": message.blocks,
    }
