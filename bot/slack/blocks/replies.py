"""Builds the private answers to a command or a button: the outcome, and what the person can do next."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.domain.incident import Incident
from bot.domain.incident.channel import stand_in
from bot.domain.paging.calls import label
from bot.domain.paging.ladder import PagingOutcome
from bot.domain.paging.recipients import recipient_name
from bot.domain.policy.policy import Policy
from bot.domain.routing.payloads import PagePayload
from bot.domain.timeline.entry import BOT, Entry
from bot.domain.values import durations
from bot.slack.blocks import elements, page, phrases
from bot.slack.blocks.elements import Message, button
from bot.slack.blocks.press_value import press_value
from bot.slack.commands.request import BadRequest
from bot.slack.text import length, mention, render

INLINE = 2500  # characters of a command that stands in a sentence
NOT_RECORDED = "That was not recorded. Please try again in a moment."


def declared_reply(incident: Incident, policy: Policy) -> Message:
    """The answer to the person who declared, once the channel exists or could not be created."""
    if incident.channel_id:
        where = f"Go to {phrases.channel_link(incident)}."
    else:
        loss = phrases.channel_loss(incident) or "could not be opened yet"
        where = (
            f"Its channel {loss}. I'll send you the card directly, and every command works with `--in {incident.id}`."
        )
    level = phrases.severity_name(incident.severity, policy)
    return elements.line(f"{phrases.drill_prefix(incident)}*{incident.id}* is declared: {level}. {where}")


def channel_link_reply(incident: Incident, policy: Policy) -> Message:
    """The second answer to the person who declared by a command, after `declaring`: the link that it promised."""
    if incident.channel_id is None:
        return declared_reply(incident, policy)
    return elements.line(
        f"{phrases.drill_prefix(incident)}The channel of {incident.id} is open: {phrases.channel_link(incident)}."
    )


def thread_reply(incident: Incident, policy: Policy) -> Message:
    """The reply in the thread of the message that the incident was declared from, for everybody who reads it."""
    level = phrases.severity_name(incident.severity, policy)
    return elements.line(
        f"{phrases.drill_prefix(incident)}*{incident.id}* is declared from this message by "
        f"{mention(incident.declared_by)}: {level}. Go to {phrases.channel_link(incident)}."
    )


def declaring_reply(incident: Incident, policy: Policy) -> Message:
    """The first answer, while the channel is being opened."""
    level = phrases.severity_name(incident.severity, policy)
    drill = phrases.drill_prefix(incident)
    return elements.line(
        f"{drill}*{incident.id}* is declared: {level}. Its channel is being opened; I'll send you the link."
    )


def confirmation(text: str) -> Message:
    """The answer that confirms what was done; `text` is plain text."""
    return elements.line(render(text))


def refusal(text: str, example: str | None = None, *, before: Entry | None = None, user: str = "") -> Message:
    """The reason for a refusal, and an example that works. `before` is the entry of who did what `user` asked for."""
    return elements.line(render(text) + _first(before, user) + _try(example))


def _first(before: Entry | None, user: str) -> str:
    if before is None:
        return ""
    if before.actor == user:
        return f" You did that, {elements.moment(before.at)}."
    return f" {mention(before.actor)} was first, {elements.moment(before.at)}."


def parse_error_reply(bad: BadRequest) -> Message:
    """The refusal of a command that could not be parsed."""
    return refusal(bad.message, bad.example)


def form_error_reply(line: str, again: tuple[str, str] | None = None, *, late: bool = True) -> Message:
    """The answer if a form could not be opened: it was too `late`, or the request allows no form.

    `line` is a complete command that does the same, with what the person typed; empty if there is none. `again` is the
    action and the value of the button that asks for the form once more.
    """
    text = "I couldn't open the form in time." if late else "This needs a form."
    open_again = button("Open the form", *again, style="primary") if again is not None else None
    instruction = "This does the same:" if line else "" if again is not None else "Please press the button again."
    short = length(line) <= INLINE
    first = elements.join_spaces(text, instruction, elements.code(line) if line and short else "")
    return elements.message(
        first,
        [
            elements.section(first),
            *([] if short else elements.to_copy(line)),
            elements.actions(open_again, block_id="open_form"),
        ],
    )


def storage_error_reply(line: str = "") -> Message:
    """The answer if something failed before the change was stored. `line` is the command that the person typed."""
    text = f":warning: {NOT_RECORDED}"
    if not line:
        return elements.line(text)
    return elements.message(text, [elements.section(f"{text} You typed:"), *elements.to_copy(line)])


def other_version_reply(surface: str, command: str, typed: Sequence[tuple[str, str]] = ()) -> Message:
    """The answer to a person who used a button, form or shortcut that this version of the bot does not have.

    `typed` is the text that they typed into it, by label.
    """
    text = (
        f"That {surface} is from another version of Tocsin, so nothing was done. "
        f"{elements.code(command)} shows what you can do now."
    )
    return elements.message(text, [elements.section(text), *elements.typed_again(typed)])


def already_acknowledged_reply(
    incident: Incident, by: str, at: datetime, user: str = "", *, offer_lead: bool = False, here: str | None = None
) -> Message:
    """The answer to a person who acknowledges after somebody else, or again. `offer_lead` and `here` as below."""
    text = f"You acknowledged {incident.id} already, {elements.moment(at)}."
    if by != user:
        text = (
            f"{mention(by)} was first to acknowledge {incident.id}, {elements.moment(at)}. "
            "You're counted as responding too, thank you."
        )
    text += _go(incident, here)
    return _lead_offer(incident, text) if offer_lead else elements.line(text)


def leads_already(incident: Incident, holder: str, since: datetime | None, command: str) -> Message:
    """The answer to a person who pressed Lead after somebody else."""
    when = f", since {elements.moment(since)}" if since else ""
    instead = elements.code(f"{command} lead --in {incident.id}")
    return elements.line(f"{mention(holder)} leads {incident.id} already{when}. If you agreed to take over: {instead}")


def acknowledged_reply(incident: Incident, *, offer_lead: bool = False, here: str | None = None) -> Message:
    """The answer to the person who acknowledged. `offer_lead` adds the button to become incident commander.

    `here` is the channel in which the person sees it: nobody is sent to where they are.
    """
    text = f"You are responding to {incident.id}.{_go(incident, here)}"
    return _lead_offer(incident, text) if offer_lead else elements.line(text)


def _lead_offer(incident: Incident, text: str) -> Message:
    return elements.message(
        f"{text} Nobody leads it yet.",
        [
            elements.section(f"{text}\nNobody leads it yet. Will you? You can hand it on at any time."),
            elements.actions(button("Lead", "lead", press_value(incident), style="primary"), block_id="offer_lead"),
        ],
    )


def outdated_press_reply(incident: Incident, newest: Entry | None = None) -> Message:
    """The answer if the incident has ended, or been reopened, since the pressed message was posted.

    `turn` is the entry that says who ended or reopened it.
    """
    how = f"it is {incident.status}"
    if newest is not None:
        how = f"{mention(newest.actor)} {newest.kind} it, {elements.moment(newest.at)}"
    if incident.open:
        return elements.line(f"{incident.id} is open again: {how}.{_go(incident)}")
    return elements.line(f"{incident.id} is over: {how}. If it is failing again, reopen it.{_go(incident)}")


def update_confirmation(incident: Incident, policy: Policy) -> Message:
    """Confirm a posted update, with the time of the next."""
    due = incident.update_due_at
    after = f" The next one is due {elements.moment(due)}." if due and incident.open else ""
    how = f"recorded; its channel {phrases.channel_loss(incident)}" if incident.channel_lost else "posted"
    return elements.line(f"Update #{incident.updates} of {incident.id} is {how}.{_direct_recipients(incident)}{after}")


def snooze_confirmation(incident: Incident, span: timedelta) -> Message:
    """Confirm snoozed reminders. What was to come later than that stays, and the answer says so."""
    snooze, due = incident.snooze, incident.update_due_at
    until = f", until {elements.moment(snooze.until)}" if snooze else ""
    later = f" The next update stays due {elements.moment(due)}." if snooze and due and due > snooze.until else ""
    return elements.line(
        f"Reminders for {incident.id} are snoozed for {durations.exact(span)}{until}.{later} Pages still go out."
    )


def snooze_end_confirmation(incident: Incident) -> Message:
    """Confirm that reminders go out again."""
    due = f" The next update is due {elements.moment(incident.update_due_at)}." if incident.update_due_at else ""
    return elements.line(f"Reminders for {incident.id} go out again.{due}")


def promise_confirmation(incident: Incident, span: timedelta) -> Message:
    """Confirm a promised update."""
    due = f", {elements.moment(incident.update_due_at)}" if incident.update_due_at else ""
    return elements.line(f"The next update of {incident.id} is promised in {durations.exact(span)}{due}.")


def join_reply(incident: Incident) -> Message:
    """A link to the channel, or a promise of the invitation while the channel is being created."""
    if incident.channel_lost:
        return elements.line(
            f"The channel of {incident.id} {phrases.channel_loss(incident)}. I'll invite you once it is there."
        )
    if incident.channel_id:
        return elements.line(f"You're in: {phrases.channel_link(incident)}.")
    return elements.line(f"The channel of {incident.id} is being opened. I'll invite you as soon as it exists.")


def escalation_reply(incident: Incident, policy: Policy, outcome: PagingOutcome, withheld_for: str = "") -> Message:
    """The answer to the person who escalated: who is paged now, and which rungs reached nobody.

    `withheld_for` is the service that pages while shadow mode is on.
    """
    skipped = [f"Rung {rung} reached nobody: {render(gap)}." for rung, gap in outcome.fell_through[:10]]
    skipped += [f"Rung {rung} is left out: {render(reason)}." for rung, reason in outcome.skipped[:10]]
    if not outcome.reached:
        paged = tuple((paged_rung.rung, paged_rung.people) for paged_rung in incident.ladder.pages if paged_rung.rung)
        payload = PagePayload(fell_through=outcome.fell_through, skipped=outcome.skipped, paged_before=paged)
        text = f"{page.nobody_left_text(incident, payload)} Call somebody yourself."
    else:
        reached = outcome.recipients
        names = [render(recipient_name(person, policy)) for person in reached.people]
        names += [phrases.channel_named(channel) for channel in reached.channels]
        subject = f"{incident.id}, rung {outcome.rung}" if outcome.rung else incident.id
        people = elements.join_comma(names or list(reached.contacts), 20)
        text = f"Paged now for {subject}: {people}."
        if incident.drill:
            text = f"[DRILL] Nobody is paged. Otherwise this would page, for {subject}: {people}."
        elif withheld_for:
            text = (
                f":warning: *Nobody is paged*: shadow mode is on, and {withheld_for} pages. Page there, or call "
                f"somebody yourself. Without shadow mode this would page, for {subject}: {people}."
            )
    return elements.message(text, [elements.section("\n".join([text, *skipped]))])


def escalation_question(
    incident: Incident,
    policy: Policy,
    outcome: PagingOutcome,
    reason: str = "",
    *,
    again: bool = False,
) -> Message:
    """Ask whether to page the next rung, naming whom that pages. Its button pages that rung and no other.

    `again`: the incident was escalated meanwhile, which the person may not know.
    """
    reached = outcome.recipients
    names = [render(recipient_name(person, policy)) for person in reached.people]
    names += [phrases.channel_named(channel) for channel in reached.channels]
    methods = f" ({', '.join(label(method) for method in outcome.plan.methods)})" if outcome.plan.methods else ""
    people = elements.join_comma(names or list(reached.contacts), 20) + methods
    drill = " (a drill pages nobody)" if incident.drill else ""
    text = f"Page rung {outcome.rung} of {incident.id} now: {people}?{drill}"
    if again:
        by, at = incident.ladder.escalated_by, incident.ladder.escalated_at
        escalation = (
            f"{mention(by)} escalated {incident.id}, {elements.moment(at)}" if by and at else "A rung was paged"
        )
        text = f"{escalation}. Page rung {outcome.rung} as well: {people}?{drill}"
    value = press_value(incident, outcome.rung, *([reason] if reason else []))
    return elements.message(
        text,
        [
            elements.section(text),
            elements.actions(button("Page them", "escalate_rung", value, style="danger"), block_id="escalate"),
        ],
    )


def not_your_page_reply(incident: Incident, people: Sequence[str]) -> Message:
    """To a person who answered a page that is for others."""
    names = elements.join_comma([mention(person) for person in people], 10)
    text = f"That page is for {names}. If you are responding to {incident.id} too, press *Acknowledge*."
    acknowledge = button("Acknowledge", "ack", press_value(incident), style="primary")
    return elements.message(text, [elements.section(text), elements.actions(acknowledge, block_id="not_your_page")])


def declined_page_reply(incident: Incident, outcome: PagingOutcome | None) -> Message:
    """The answer to a person who was paged and cannot respond. `outcome` is None if somebody responds already."""
    if outcome is None:
        return elements.line(
            f"Thanks for letting me know. Somebody is already responding to {incident.id}, so you need do nothing more."
        )
    if outcome.label:
        return elements.line(f"Thanks for letting me know. I've told the channel of {incident.id}.")
    if outcome.rung is not None:
        return elements.line(f"Thanks for letting me know. Rung {outcome.rung} of {incident.id} is paged now.")
    return elements.line(
        f"Thanks for letting me know; I've noted it for {incident.id}. "
        "The rungs after yours have been paged already or reach nobody."
    )


def _go(incident: Incident, here: str | None = None) -> str:
    if incident.channel_lost:
        return f" Its channel {phrases.channel_loss(incident)}.{_direct_recipients(incident)}"
    elsewhere = incident.channel_id and incident.channel_id != here
    return f" Go to {phrases.channel_link(incident)}." if elsewhere else ""


def _direct_recipients(incident: Incident) -> str:
    """The person who gets the messages directly while the channel cannot be used."""
    person = stand_in(incident) if incident.channel_lost else None
    return f" {mention(person)} gets directly what I would post there." if person and person != BOT else ""


def _try(example: str | None) -> str:
    return f"\nThis works: {elements.code(example)}" if example else ""
