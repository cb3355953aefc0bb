"""Builds the questions that a command asks before it does what its person may not have meant."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.domain.incident import Incident
from bot.domain.values import durations
from bot.slack.blocks import elements, phrases
from bot.slack.blocks.elements import Message, button
from bot.slack.blocks.press_value import press_value


def snooze_length_question(incident: Incident, now: datetime) -> Message:
    """Ask for how long to snooze the reminders, and whether to end a snooze."""
    quiet = phrases.snoozed(incident, now)
    words = f"For how long should the reminders of {incident.id} be quiet? Pages still go out."
    return elements.message(
        words,
        [
            elements.section(f"{words}\nThey are snoozed {quiet}." if quiet else words),
            elements.actions(
                button("Snooze 15m", "snooze_15m", press_value(incident)),
                button("Snooze 1h", "snooze_1h", press_value(incident)),
                button("End the snooze", "snooze_off", press_value(incident)) if quiet else None,
                block_id="snooze",
            ),
        ],
    )


def long_snooze_question(incident: Incident, span: timedelta, usual: timedelta) -> Message:
    """Ask whether a snooze much longer than usual is meant."""
    words = f"Quiet the reminders of {incident.id} for {durations.exact(span)}? That is longer than usual."
    requested, shorter = durations.exact(span), durations.exact(usual)
    return elements.message(
        words,
        [
            elements.section(
                f"{words} Nobody is reminded of an update or of empty roles until then. Pages still go out."
            ),
            elements.actions(
                button(f"Snooze {shorter}", "snooze_shorter", press_value(incident, int(usual.total_seconds()))),
                button(f"Snooze {requested}", "snooze_anyway", press_value(incident, int(span.total_seconds()))),
                block_id="long_snooze",
            ),
        ],
    )


def late_promise_question(incident: Incident, span: timedelta, usual: timedelta) -> Message:
    """Ask whether a next update much later than usual is meant."""
    words = f"Promise the next update of {incident.id} in {durations.exact(span)}? That is later than usual."
    requested, sooner = durations.exact(span), durations.exact(usual)
    return elements.message(
        words,
        [
            elements.section(f"{words} Nobody is reminded of an update until then. Pages still go out."),
            elements.actions(
                button(f"In {sooner}", "next_sooner", press_value(incident, int(usual.total_seconds()))),
                button(f"In {requested}", "next_anyway", press_value(incident, int(span.total_seconds()))),
                block_id="late_promise",
            ),
        ],
    )


def close_question(incident: Incident) -> Message:
    """Ask whether an incident that is still open is over. The button is for this episode alone."""
    words = f"{incident.id} is not resolved yet. Closing it resolves it, too: reminders and pages stop."
    return elements.message(
        words,
        [
            elements.section(words),
            elements.actions(
                button("Resolve and close", "close_anyway", press_value(incident, incident.episode), style="danger"),
                button("Resolve…", "resolve", press_value(incident)),
                block_id="close",
            ),
        ],
    )
