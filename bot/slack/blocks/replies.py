"""Private answers: what came of what somebody typed or pressed, and what they can do next."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.domain.incident import Incident
from bot.domain.paging.ladder import PagingOutcome, recipient_name
from bot.domain.policy.policy import Policy
from bot.domain.values import durations
from bot.slack.blocks import elements, phrases
from bot.slack.blocks.elements import Message, button
from bot.slack.blocks.help import help
from bot.slack.blocks.incident_lists import listing, roles, show
from bot.slack.blocks.ledger import Reminder, timeline, why
from bot.slack.blocks.menu import menu, none_open, which_incident
from bot.slack.commands.request import BadRequest
from bot.slack.text import mention, render

__all__ = [
    "NOT_RECORDED",
    "Reminder",
    "acknowledged",
    "already_acknowledged",
    "bad_request",
    "cant_noted",
    "declared",
    "declaring",
    "done",
    "escalated",
    "help",
    "joining",
    "just_watching",
    "listing",
    "menu",
    "modal_failed",
    "none_open",
    "not_recorded",
    "press_too_late",
    "promised",
    "refused",
    "responding_or_watching",
    "roles",
    "show",
    "snoozed",
    "timeline",
    "updated",
    "watching_in_hands",
    "which_incident",
    "why",
]

NOT_RECORDED = "That was not recorded. Please try again in a moment."


def declared(incident: Incident, policy: Policy) -> Message:
    """To whoever declared: it is recorded, and where to go."""
    if incident.channel_id:
        where = f"Go to {phrases.channel_link(incident)}."
    else:
        where = (
            "Its channel could not be opened yet; the card comes to you directly, and every command works with "
            f"`--in {incident.id}`."
        )
    level = phrases.severity_name(incident.severity, policy)
    return elements.line(f"{phrases.drill_prefix(incident)}*{incident.id}* is declared: {level}. {where}")


def declaring(incident: Incident, policy: Policy) -> Message:
    """The first answer, while the channel is being opened."""
    level = phrases.severity_name(incident.severity, policy)
    drill = phrases.drill_prefix(incident)
    return elements.line(
        f"{drill}*{incident.id}* is declared: {level}. Its channel is being opened; I'll send you the link."
    )


def done(words: str) -> Message:
    """What was done, in a few words of house text."""
    return elements.line(render(words))


def refused(words: str, example: str | None = None) -> Message:
    """Why not, and one line that works."""
    return elements.line(render(words) + _try(example))


def bad_request(bad: BadRequest) -> Message:
    return refused(bad.message, bad.example)


def modal_failed(example: str) -> Message:
    """The form could not be opened: the same by one line. `example` is a whole command."""
    return elements.line(f"I couldn't open the form in time. This does the same: {elements.code(example)}")


def not_recorded() -> Message:
    return elements.line(f":warning: {NOT_RECORDED}")


def already_acknowledged(incident: Incident, by: str, at: datetime, user: str = "") -> Message:
    """To whoever pressed second."""
    if by == user:
        return elements.line(f"You acknowledged {incident.id} already, {elements.moment(at)}.{_go(incident)}")
    return elements.line(
        f"{mention(by)} was first to acknowledge {incident.id}, {elements.moment(at)}. "
        f"You count as responding too, thank you.{_go(incident)}"
    )


def acknowledged(incident: Incident, *, offer_lead: bool = False) -> Message:
    """To whoever acknowledged; where nobody leads, leading is one press away."""
    words = f"You are responding to {incident.id}."
    if not offer_lead:
        return elements.line(words + _go(incident))
    return elements.message(
        f"{words} Nobody leads it yet.",
        [
            elements.section(f"{words}{_go(incident)}\nNobody leads it yet. Will you? You can hand it on at any time."),
            elements.actions(button("Lead", "lead", incident.id, style="primary"), block_id="offer_lead"),
        ],
    )


def responding_or_watching(incident: Incident) -> Message:
    """The reporter acknowledged while others are being paged: who is responding?"""
    words = f"Are you responding to {incident.id} yourself?"
    return elements.message(
        words,
        [
            elements.section(f"{words} If you are, paging stops. If you are just watching, it goes on."),
            elements.actions(
                button("I'm responding", "im_responding", incident.id, style="primary"),
                button("Just watching", "just_watching", incident.id),
                block_id="responding_or_watching",
            ),
        ],
    )


def just_watching(incident: Incident) -> Message:
    return elements.line(f"Fine. Paging for {incident.id} goes on until somebody responds.")


def watching_in_hands(incident: Incident, by: str) -> Message:
    """To whoever only watches, once somebody responds."""
    return elements.line(f"Fine. {mention(by)} is responding to {incident.id}.{_go(incident)}")


def press_too_late(incident: Incident) -> Message:
    """A press on a message that is overtaken."""
    if incident.open:
        return elements.line(f"{incident.id} is open again: it is {incident.status}.{_go(incident)}")
    return elements.line(
        f"{incident.id} is over: it is {incident.status}. If it is failing again, reopen it.{_go(incident)}"
    )


def updated(incident: Incident, policy: Policy) -> Message:
    due = incident.update_due_at
    after = f" The next one is due {elements.moment(due)}." if due and incident.open else ""
    return elements.line(f"Update #{incident.updates} of {incident.id} is posted.{after}")


def snoozed(incident: Incident, span: timedelta) -> Message:
    until = f", until {elements.moment(incident.snooze.until)}" if incident.snooze else ""
    return elements.line(
        f"Reminders of {incident.id} are quiet for {durations.exact(span)}{until}. Pages still go out."
    )


def promised(incident: Incident, span: timedelta) -> Message:
    due = f", {elements.moment(incident.update_due_at)}" if incident.update_due_at else ""
    return elements.line(f"The next update of {incident.id} is promised in {durations.exact(span)}{due}.")


def joining(incident: Incident) -> Message:
    if incident.channel_id:
        return elements.line(f"You're in: {phrases.channel_link(incident)}.")
    return elements.line(f"The channel of {incident.id} is being opened. You'll be invited as soon as it is there.")


def escalated(incident: Incident, policy: Policy, climb: PagingOutcome) -> Message:
    """To whoever asked for the next rung."""
    fell = [f"Rung {rung} reached nobody: {render(gap)}." for rung, gap in climb.fell_through[:10]]
    if not climb.reached:
        words = (
            f":warning: *Nobody could be paged* for {incident.id}: the ladder has nobody left. Call somebody yourself."
        )
    else:
        reached = climb.recipients
        whom = [render(recipient_name(person, policy)) for person in reached.people]
        whom += [phrases.channel_named(channel) for channel in reached.channels]
        what = f"{incident.id}, rung {climb.rung}" if climb.rung else incident.id
        people = elements.join_comma(whom or list(reached.contacts), 20)
        words = f"Paged now for {what}: {people}."
        if incident.drill:
            words = f"[DRILL] Nobody is paged. Otherwise this would page, for {what}: {people}."
    return elements.message(words, [elements.section("\n".join([words, *fell]))])


def cant_noted(incident: Incident, climb: PagingOutcome | None) -> Message:
    """To whoever was paged and can't."""
    if climb is None:
        return elements.line(f"Thanks for saying so. {incident.id} is in hands already; nothing more to do.")
    if climb.label:
        return elements.line(f"Thanks for saying so. The channel of {incident.id} is told.")
    if climb.rung is not None:
        return elements.line(f"Thanks for saying so. Rung {climb.rung} of {incident.id} is paged now.")
    return elements.line(
        f"Thanks for saying so; it is noted for {incident.id}. "
        "The rungs after yours were paged already, or nobody is left there."
    )


def _go(incident: Incident) -> str:
    return f" Go to {phrases.channel_link(incident)}." if incident.channel_id else ""


def _try(example: str | None) -> str:
    return f"\nThis works: {elements.code(example)}" if example else ""
