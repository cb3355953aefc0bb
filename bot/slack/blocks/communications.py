"""Builds messages about communications: to an audience in Slack, a test of one, and the receipt in the channel."""

from __future__ import annotations

from collections.abc import Mapping

from bot.domain.communications import tell
from bot.domain.communications.communication import GROUP_NAMES, Communication, Group, State
from bot.domain.incident import Incident
from bot.slack.blocks import elements, phrases
from bot.slack.blocks.elements import Message
from bot.slack.blocks.press_value import press_value
from bot.slack.text import clip, escape, mention, plain, quote, render

QUOTED = 600  # characters of the message, in the receipt
LISTED = 5  # people who are left out


def to_audience(communication: Communication, incident: Incident, original: str = "") -> Message:
    """The message as its audience reads it. `original` links the message that it corrects."""
    drill = phrases.drill_prefix(incident)
    subject = render(plain(communication.subject))
    corrects = original or (":pencil2: *Correction*" if communication.corrects is not None else "")
    return elements.message(
        f"{drill}{plain(communication.subject)}",
        [
            elements.section(f"{drill}*{subject}*"),
            elements.section(corrects) if corrects else None,
            *elements.sections(render(communication.text)),
        ],
    )


def correction_of(url: str, subject: str) -> str:
    """A line that links the corrected message, as mrkdwn."""
    label = f"“{render(plain(subject)).replace('|', '')}”"
    return f":pencil2: This corrects {elements.link(url, label)}."


def test(subject: str, text: str, audience: str, incident: Incident) -> Message:
    """The message as its author sees it before anybody else does."""
    head = f"[TEST] {phrases.drill_prefix(incident)}*{render(plain(subject))}*"
    foot = f"Only you see this. It is what {render(plain(audience))} would get about {incident.id}."
    return elements.message(
        f"[TEST] {plain(subject)}",
        [elements.section(head), *elements.sections(render(text)), elements.context(foot)],
    )


def receipt(communication: Communication, incident: Incident, states: Mapping[Group, list[str]]) -> Message:
    """The record in the channel: author, text and recipients. `states` are the outbox's, for each group."""
    title = render(plain(tell.title_of(communication)))
    author = mention(communication.author)
    head = {
        State.ASKED: f":hourglass: {author} asks somebody to approve: *{title}*",
        State.REFUSED: f":no_entry: Not approved: *{title}*",
        State.SENT: f":loudspeaker: {author} {_who_was_told(communication)}",
    }[communication.state]
    if communication.state is not State.ASKED and communication.approver:
        verb = "approved" if communication.state is State.SENT else "declined"
        head += f" ({verb} by {mention(communication.approver)})"
    text = f"*{render(plain(communication.subject))}*\n{clip(render(communication.text), QUOTED)}"
    return elements.message(
        f"{phrases.drill_prefix(incident)}{tell.title_of(communication)}: {plain(communication.subject)}",
        [
            elements.section(f"{phrases.drill_prefix(incident)}{head}\n{quote(text)}"),
            elements.context(
                elements.join_dots([*_reach_lines(communication, states), *_exclusion_lines(communication)]) or "–"
            ),
            _buttons(communication, incident),
        ],
    )


def _who_was_told(communication: Communication) -> str:
    audience = f"*{render(plain(communication.name))}*"
    if communication.corrects is not None:
        return f"corrected what {audience} was told"
    return f"told {audience} ({communication.stage} #{communication.of_audience})"


def _buttons(communication: Communication, incident: Incident) -> elements.Block | None:
    value = press_value(incident, communication.number)
    if communication.state is State.ASKED:
        return elements.actions(elements.button("Review and send", "comms_review", value, style="primary"))
    if communication.state is State.SENT:
        return elements.actions(elements.button("Correct", "comms_correct", value))
    return None


def _reach_lines(communication: Communication, states: Mapping[Group, list[str]]) -> list[str]:
    lines = []
    for group in Group:
        recipients = [recipient for recipient in communication.recipients if recipient.group is group]
        if not recipients:
            continue
        where = (
            ", ".join(escape(recipient.address) for recipient in recipients[:LISTED]) if group is Group.CHANNEL else ""
        )
        group_states = states.get(group, [])
        arrived, failed = group_states.count("sent"), group_states.count("failed")
        state = f"{arrived} of {len(recipients)} delivered" + (f", {failed} failed" if failed else "")
        if communication.state is not State.SENT:
            state = f"{len(recipients)}"
        lines.append(f"{GROUP_NAMES[group]} {where}: {state}".replace(" :", ":"))
    return lines


def _exclusion_lines(communication: Communication) -> list[str]:
    return [
        f"left out: {render(plain(omission.who))} ({render(plain(omission.why))})"
        for omission in communication.left_out[:LISTED]
    ]
