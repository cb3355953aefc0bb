"""Private answers: what came of what somebody typed or pressed, and what they can do next."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.domain.incident import Incident
from bot.domain.lifecycle import Status
from bot.domain.policy import Policy
from bot.slack.blocks import kit, phrases
from bot.slack.blocks.kit import Message, button
from bot.slack.text import clip, mention, render

COMMAND = "/incident"
CHOICES = 40  # of open incidents to choose from, within 50 blocks


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
    return kit.line(f"{phrases.drill_prefix(incident)}*{incident.id}* is declared: {level}. {where}")


def declaring(incident: Incident, policy: Policy) -> Message:
    """The first answer, while the channel is being opened."""
    level = phrases.severity_name(incident.severity, policy)
    return kit.line(f"*{incident.id}* is declared: {level}. Its channel is being opened; I'll send you the link.")


def done(words: str) -> Message:
    """What was done, in a few words of house text."""
    return kit.line(render(words))


def refused(words: str, example: str | None = None) -> Message:
    """Why not, and one line that works."""
    return kit.line(render(words) + _try(example))


def bad_request(words: str, example: str) -> Message:
    return refused(words, example)


def modal_failed(example: str) -> Message:
    """The form could not be opened: the same by one line. `example` is a whole command."""
    return kit.line(f"I couldn't open the form in time. This does the same:{_code(example)}")


def not_recorded() -> Message:
    return kit.line(":warning: That was *not recorded*. Please try again in a moment.")


def no_open_incidents(command: str = COMMAND) -> Message:
    words = "There is no open incident."
    return kit.message(
        words,
        [
            kit.section(f"{words} `{command} list all` shows the past ones."),
            kit.actions(button("Declare incident", "menu_declare", "declare"), block_id="menu"),
        ],
    )


def which_incident(incidents: Sequence[Incident], policy: Policy, raw: str, command: str = COMMAND) -> Message:
    """Ask which open incident is meant. Each button carries the whole request, `--in` included, to be parsed again."""
    if not incidents:
        return no_open_incidents(command)
    words = "Which incident do you mean?"
    rows = [
        kit.section(
            f"{phrases.dot(one.severity, policy)} *{one.id}* · {render(one.title)}",
            button("This one", "choose_incident", choice(one, raw)),
        )
        for one in incidents[:CHOICES]
    ]
    hint = kit.left_out(len(incidents) - CHOICES, f"Add `--in INC-42` to say which: {_inline(raw, command)}")
    return kit.message(words, [kit.section(words), *rows, hint])


def choice(incident: Incident, raw: str) -> str:
    """The value of a `choose_incident` button: a whole request, as it is typed."""
    return clip(f"--in {incident.id} {raw}".strip(), kit.VALUE)


def already_acknowledged(incident: Incident, by: str, at: datetime) -> Message:
    """To whoever pressed second."""
    return kit.line(
        f"{mention(by)} acknowledged {incident.id} first, {kit.clock(at)}. You're in as a responder too — thank you."
    )


def acknowledged(incident: Incident) -> Message:
    return kit.line(f"You are responding to {incident.id}. {_go(incident)}".strip())


def ask_reporter(incident: Incident) -> Message:
    """The reporter acknowledged while others are being paged: who is responding?"""
    words = f"Are you responding to {incident.id} yourself?"
    return kit.message(
        words,
        [
            kit.section(f"{words} If you say so, paging stops. If you only watch, it goes on."),
            kit.actions(
                button("I'm responding", "im_responding", incident.id, style="primary"),
                button("Just watching", "just_watching", incident.id),
                block_id="ask_reporter",
            ),
        ],
    )


def just_watching(incident: Incident) -> Message:
    return kit.line(f"Fine. Paging for {incident.id} goes on until somebody responds.")


def offer_lead(incident: Incident) -> Message:
    words = f"You are responding to {incident.id}. Nobody leads it yet."
    return kit.message(
        words,
        [
            kit.section(f"{words} Will you? You can hand it on at any time."),
            kit.actions(button("Lead", "lead", incident.id, style="primary"), block_id="offer_lead"),
        ],
    )


def settled(incident: Incident) -> Message:
    """A press on a message that is overtaken."""
    if incident.open:
        return kit.line(f"{incident.id} has moved on; nothing more to do here.")
    return kit.line(f"{incident.id} is over: it is {incident.status}. Reopen it if it is failing again.")


def menu(incident: Incident, policy: Policy, now: datetime, command: str = COMMAND) -> Message:
    """Inside an incident channel: what can be done now, each a button."""
    value = incident.id
    words = f"{phrases.title(incident)} is {incident.status}. What would you like to do?"
    more = kit.actions(
        button("Timeline", "timeline", value),
        button("Why was I paged?", "why", value),
        button("Help", "help", value),
        block_id="menu_more",
    )
    return kit.message(
        words,
        [
            kit.section(
                f"{phrases.severity_name(incident.severity, policy)} · *{phrases.title(incident)}*\n"
                f"{phrases.status_line(incident)} · commander: {phrases.who_leads(incident)}"
            ),
            kit.actions(*_now(incident), block_id="menu"),
            more,
            kit.context(f"Or type it: `{command} help`"),
        ],
    )


def _now(incident: Incident) -> list[kit.Block | None]:
    value = incident.id
    if incident.open:
        return [
            button("Acknowledge", "ack", value, style="primary") if incident.ladder.acknowledged_at is None else None,
            button("Lead", "lead", value) if phrases.LEADS not in incident.roles else None,
            button("Update status", "update", value),
            button("Change severity", "severity", value),
            button("Assign roles", "roles", value),
            button("Escalate", "escalate", value),
            button("Resolve", "resolve", value),
        ]
    if incident.status is Status.MERGED:
        return []
    close = button("Close", "close", value) if incident.status is Status.RESOLVED else None
    return [button("Reopen", "reopen", value), close]


def _go(incident: Incident) -> str:
    return f"Go to {phrases.channel_link(incident)}." if incident.channel_id else ""


def _try(example: str | None) -> str:
    return f"\nThis works:{_code(example)}" if example else ""


def _code(example: str) -> str:
    return f" `{render(example).replace('`', 'ˋ')}`"


def _inline(raw: str, command: str) -> str:
    return _code(clip(f"{command} {raw} --in INC-42".replace("\n", " "), 200)).strip()
