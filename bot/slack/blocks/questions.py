"""Builds the questions that a command asks before it does what its person may not have meant."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.domain.incident import Incident
from bot.domain.values import durations
from bot.slack.blocks import elements, phrases
from bot.slack.blocks.elements import Block, Message, button
from bot.slack.blocks.press_value import press_value


def snooze_length_question(incident: Incident, now: datetime) -> Message:
    """Ask for how long to snooze the reminders, and whether to end a snooze."""
    quiet = phrases.snoozed(incident, now)
    text = f"For how long should the reminders of {incident.id} be quiet? Pages still go out."
    return _question(
        text,
        f"{text}\nThey are snoozed {quiet}." if quiet else text,
        button("Snooze 15m", "snooze_15m", press_value(incident)),
        button("Snooze 1h", "snooze_1h", press_value(incident)),
        button("End the snooze", "snooze_off", press_value(incident)) if quiet else None,
        block_id="snooze",
    )


def long_snooze_question(incident: Incident, span: timedelta, usual: timedelta) -> Message:
    """Ask whether a snooze much longer than usual is meant."""
    text = f"Quiet the reminders of {incident.id} for {durations.exact(span)}? That is longer than usual."
    return _question(
        text,
        f"{text} Nobody is reminded of an update or of empty roles until then. Pages still go out.",
        _span_button("Snooze", "snooze_shorter", incident, usual),
        _span_button("Snooze", "snooze_anyway", incident, span),
        block_id="long_snooze",
    )


def late_promise_question(incident: Incident, span: timedelta, usual: timedelta) -> Message:
    """Ask whether a next update much later than usual is meant."""
    text = f"Promise the next update of {incident.id} in {durations.exact(span)}? That is later than usual."
    return _question(
        text,
        f"{text} Nobody is reminded of an update until then. Pages still go out.",
        _span_button("In", "next_sooner", incident, usual),
        _span_button("In", "next_anyway", incident, span),
        block_id="late_promise",
    )


def close_question(incident: Incident) -> Message:
    """Ask whether an incident that is still open is over. The button is for this episode alone."""
    text = f"{incident.id} is not resolved yet. Closing it resolves it, too: reminders and pages stop."
    return _question(
        text,
        text,
        button("Resolve and close", "close_anyway", press_value(incident, incident.episode), style="danger"),
        button("Resolve…", "resolve", press_value(incident)),
        block_id="close",
    )


def _question(summary: str, text: str, *answers: Block | None, block_id: str) -> Message:
    """The question as a text with its answers as buttons. `summary` is what a notification shows."""
    return elements.message(summary, [elements.section(text), elements.actions(*answers, block_id=block_id)])


def _span_button(verb: str, action: str, incident: Incident, span: timedelta) -> Block:
    """A button that is pressed to choose this span."""
    return button(f"{verb} {durations.exact(span)}", action, press_value(incident, int(span.total_seconds())))
