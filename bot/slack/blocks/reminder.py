"""Builds the reminders in an incident's channel: who owes what, when the next comes, and what stops it."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.domain.incident import Incident
from bot.domain.policy.policy import Policy
from bot.domain.routing.payloads import NudgePayload
from bot.domain.values import durations
from bot.slack.blocks import elements, phrases
from bot.slack.blocks.elements import Block, Message, button
from bot.slack.blocks.press_value import press_value
from bot.slack.text import mention, plain, render

COMMAND = "/incident"
SUPERSEDED = "Superseded by a newer reminder."


def nudge(incident: Incident, policy: Policy, payload: NudgePayload, now: datetime, command: str = COMMAND) -> Message:
    """The reminder with its buttons. A soft one is a single line without mentions."""
    if payload.soft:
        text = phrases.drill_prefix(incident) + _soft(incident, policy, payload, now)
        return elements.message(text, [elements.section(text), _buttons(incident, payload)])
    people = " ".join(mention(person) for person in payload.mention)
    text = phrases.drill_prefix(incident) + f"{people} {_demand(incident, policy, payload)}".strip()
    return elements.message(
        text,
        [
            elements.section(f"{text}{_paging(payload)}"),
            elements.context(
                f"*Why:* {_why(incident, policy, payload)}", _next_reminder(payload, now), _stops(payload, command)
            ),
            _buttons(incident, payload),
        ],
    )


def nudge_done(outcome: str, incident: Incident | None = None) -> Message:
    """The reminder after it was settled: one line without buttons, small if a newer reminder replaced it.

    `outcome` is a sentence, or `superseded`, `snoozed` or `promised`; for the last two the incident has the details.
    """
    drill = phrases.drill_prefix(incident) if incident else ""
    if outcome == "superseded":
        return elements.message(f"{drill}{SUPERSEDED}", [elements.context(f"{drill}{SUPERSEDED}")])
    return elements.line(f"{drill}:heavy_check_mark: {_outcome(outcome, incident)}")


def _outcome(outcome: str, incident: Incident | None) -> str:
    snooze = incident.snooze if incident else None
    if outcome == "snoozed":
        return (
            f"Snoozed by {mention(snooze.by)} until {elements.moment(snooze.until)}."
            if snooze
            else "This reminder was snoozed."
        )
    if outcome == "promised":
        if incident and incident.promised_by and incident.update_due_at:
            return f"{mention(incident.promised_by)} promised an update by {elements.moment(incident.update_due_at)}."
        return "The next update was promised."
    return render(outcome)


def _soft(incident: Incident, policy: Policy, payload: NudgePayload, now: datetime) -> str:
    owed, late = _owed(incident, policy, payload), _late(payload)
    next_at = payload.next_at
    next_reminder = f" I'll ask again {phrases.at(next_at, now)}." if next_at else ""
    return f"When you have a moment: {incident.id} is due {owed}{f' ({late})' if late else ''}.{next_reminder}"


def _demand(incident: Incident, policy: Policy, payload: NudgePayload) -> str:
    owed = _owed(incident, policy, payload) or "a status update"
    late = _late(payload)
    return f"*{incident.id}* needs {owed}." + (f" This reminder is {late}." if late else "")


def _owed(incident: Incident, policy: Policy, payload: NudgePayload) -> str:
    """Everything that is owed: `a status update, someone as Scribe, and a message to Company and Customers`."""
    owed = ["a status update"] if payload.owes_update else []
    missing = [render(plain(phrases.role_of(key, policy).title)) for key in payload.missing]
    if missing:
        owed.append(f"someone as {elements.join_and(missing)}")
    if payload.audiences:
        owed.append(f"a message to {elements.join_and([render(plain(name)) for name in payload.audiences])}")
    if len(owed) < 2 or not any(" and " in part for part in owed):
        return elements.join_and(owed)
    return f"{', '.join(owed[:-1])}, and {owed[-1]}"


def _late(payload: NudgePayload) -> str:
    """The delay of the reminder itself; empty if it is on time."""
    late_s = payload.late_s
    return f"late by {durations.approximate(timedelta(seconds=late_s))}" if late_s else ""


def _paging(payload: NudgePayload) -> str:
    silence = "No one has written for two rounds of reminders"
    if payload.page:
        return f"\n:rotating_light: {silence}, so I am paging as well."
    if payload.nobody_left:
        return f"\n:warning: {silence}, and nobody could be paged: the ladder has nobody left. Call someone yourself."
    return ""


def _why(incident: Incident, policy: Policy, payload: NudgePayload) -> str:
    reason = render(payload.reason.partition(" (late by")[0])
    level = phrases.level_of(incident, policy)
    if payload.owes_update and level.update_every:
        return f"{reason}; {render(level.key)} asks for an update every {durations.exact(level.update_every)}."
    if payload.missing:
        return f"{reason}; {render(level.key)} asks for these roles."
    if payload.audiences and level.update_every:
        return f"{reason}; {render(level.key)} asks that they be told every {durations.exact(level.update_every)}."
    return f"{reason}."


def _next_reminder(payload: NudgePayload, now: datetime) -> str:
    next_at = payload.next_at
    return f"*Again:* {phrases.at(next_at, now)}" if next_at else "*Again:* no more for now"


def _stops(payload: NudgePayload, command: str) -> str:
    if payload.owes_update:
        return f"*What stops it:* an update, a snooze, or a promise: `{command} next 1h`"
    if payload.audiences and not payload.missing:
        return f"*What stops it:* a message to them (`{command} comms`), or a snooze"
    return "*What stops it:* filling the roles, or a snooze"


def _buttons(incident: Incident, payload: NudgePayload) -> Block | None:
    value = press_value(incident)
    return elements.actions(
        button("Post update", "update", value, style="primary") if payload.owes_update else None,
        button("Assign roles", "roles", value) if payload.missing else None,
        button("Tell people", "comms", value) if payload.audiences else None,
        button("Snooze 15m", "snooze_15m", value),
        button("Snooze 1h", "snooze_1h", value),
        block_id="nudge",
    )
