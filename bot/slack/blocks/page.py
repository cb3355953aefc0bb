"""Pages: who is paged, why, and which button to press."""

from __future__ import annotations

from datetime import datetime

from bot.domain.incident import Incident
from bot.domain.paging.ladder import ordinal
from bot.domain.policy.policy import Policy
from bot.domain.routing.payloads import DrillPagePayload, PagePayload
from bot.slack.blocks import elements, phrases
from bot.slack.blocks.elements import Block, Message, button
from bot.slack.text import clip, mention, plain, render

COMMAND = "/incident"
GAPS = 10
PEOPLE = 50
WHY = 1000
PRESS = "Press *I'm on it* if you are responding; *Can't* calls the next rung at once."


def page_channel(
    incident: Incident, policy: Policy, payload: PagePayload, now: datetime, command: str = COMMAND
) -> Message:
    """In the incident's channel: mentions whom the rung reaches; says so loudly where it reaches nobody."""
    if payload.rung is None and not payload.pages:
        return nobody_left(incident, payload, command)
    people = " ".join(mention(person) for person in payload.people[:PEOPLE])
    channels = elements.join_comma([phrases.channel_named(channel) for channel in payload.channels])
    called = elements.join_dots([people, channels]) or "Others, outside Slack"
    paged = "you are paged" if people else "paged"
    words = f":rotating_light: {called}: {paged} for {phrases.title(incident)}{_count(payload)}"
    return elements.message(
        phrases.drill_prefix(incident) + words,
        [
            elements.section(phrases.drill_prefix(incident) + words),
            elements.section("\n".join([f"*Why:* {_why(payload)}", *_gaps(payload)])),
            elements.context(f"{_called(incident, payload)}. {_press(payload)}"),
            _buttons(incident, payload),
        ],
    )


def nobody_left(incident: Incident, payload: PagePayload, command: str = COMMAND) -> Message:
    """The end of the ladder, or a ladder that reaches nobody."""
    why = "the ladder has nobody left" if not payload.called else f"{render(payload.called)} is empty"
    words = f":warning: *Nobody could be paged* for {incident.id}: {why}."
    lines = [f"*Why now:* {_why(payload)}", *_gaps(payload)]
    if len(lines) == 1:
        lines.append("Every rung was paged already, or there is none for this severity.")
    lines.append(f"*What to do:* call somebody yourself, and bring them in with `{command} invite @user`.")
    return elements.message(
        phrases.drill_prefix(incident) + words,
        [
            elements.section(phrases.drill_prefix(incident) + words),
            elements.section("\n".join(lines)),
            elements.actions(
                button("Acknowledge", "ack", incident.id, style="primary")
                if incident.open and incident.ladder.acknowledged_at is None
                else None,
                block_id="page",
            ),
        ],
    )


def page_direct(incident: Incident, policy: Policy, payload: PagePayload, now: datetime) -> Message:
    """To one person, directly."""
    words = f":rotating_light: You are paged{_count(payload)}: {phrases.outside(incident)}"
    name = phrases.severity_name(incident.severity, policy)
    lines = [
        f"{name} · {phrases.status_line(incident)}",
        f"*Commander:* {phrases.who_leads(incident)}",
        f"*Channel:* {phrases.channel_link(incident)}",
        f"*Why you:* {_why_you(incident, payload)} — {_why(payload)}.",
    ]
    if incident.private:  # they are invited, and read the rest in its channel
        lines = [f"*Channel:* {phrases.channel_link(incident)}. You are being invited; all else is said there."]
    return elements.message(
        phrases.drill_prefix(incident) + words,
        [
            elements.section(f"{phrases.drill_prefix(incident)}*{words}*"),
            elements.section("\n".join(lines)),
            _buttons(incident, payload),
            elements.context(_press(payload)),
        ],
    )


def page_elsewhere(incident: Incident, policy: Policy, payload: PagePayload, now: datetime) -> Message:
    """In another channel that a rung names."""
    name = phrases.severity_name(incident.severity, policy)
    words = f":rotating_light: Help is needed{_count(payload)}: {phrases.outside(incident)}"
    if incident.private:
        return elements.message(words, [elements.section(f"*{words}*"), _buttons(incident, payload)])
    return elements.message(
        phrases.drill_prefix(incident) + words,
        [
            elements.section(f"{phrases.drill_prefix(incident)}*{words}*"),
            elements.section(
                f"{name} · {phrases.status_line(incident)}\n*Channel:* {phrases.channel_link(incident)}\n"
                f"*Why here:* {_why_here(payload)} — {_why(payload)}."
            ),
            _buttons(incident, payload),
        ],
    )


def page_settled(incident: Incident, policy: Policy, outcome: str | None = None, *, directly: bool = True) -> Message:
    """What a page becomes, without buttons. `outcome` in words; without, the incident says what happened.

    In a channel it is one line: what it said was for others, and stands on the timeline.
    """
    words = render(outcome) if outcome else _settled_by(incident)
    if not directly:
        return elements.line(words)
    return elements.message(
        words,
        [
            elements.section(f"~You were paged for {phrases.outside(incident).replace('~', '∼')}~"),
            elements.section(words),
        ],
    )


def _settled_by(incident: Incident) -> str:
    go = f" {phrases.channel_link(incident)}" if incident.channel_id else ""
    if not incident.open:
        return f"It is over: {incident.id} is {incident.status}. Nothing to do.{go}"
    ladder = incident.ladder
    if ladder.acknowledged_at and incident.acknowledged_by:
        by, when = mention(incident.acknowledged_by), elements.moment(ladder.acknowledged_at)
        return f":raised_hand: {by} acknowledged {incident.id}, {when}. Nothing more to do.{go}"
    return f"{incident.id} has moved on. Nothing to do here.{go}"


def _why(payload: PagePayload | DrillPagePayload) -> str:
    return clip(render(payload.why or "the ladder says so"), WHY).rstrip(".")


def _count(payload: PagePayload) -> str:
    return f" ({ordinal(payload.times)} time)" if payload.times > 1 else ""


def _gaps(payload: PagePayload) -> list[str]:
    fell = payload.fell_through
    lines = [f":warning: Rung {rung} reached nobody: {clip(render(gap), 300)}" for rung, gap in fell[:GAPS]]
    if len(fell) > GAPS:
        lines.append(f"… and {len(fell) - GAPS} more rungs")
    ways = [clip(render(gap), 200) for gap in payload.gaps[:GAPS]]
    return [*lines, f":warning: Not every way was open: {'; '.join(ways)}."] if ways else lines


def page_drill(incident: Incident, payload: DrillPagePayload) -> Message:
    """What a drill would have sent; it mentions nobody. `people` are names, each with the ways to reach them."""
    people = [
        f"{render(plain(name))} ({', '.join(ways)})" if ways else render(plain(name))
        for name, ways in (payload.people or {}).items()
    ]
    channels = [phrases.channel_named(channel) for channel in payload.channels]
    whom = elements.join_comma([*people, *channels], PEOPLE)
    words = (
        f"[DRILL] Nobody is paged. {'Otherwise this would page: ' + whom if whom else 'The ladder has nobody left.'}"
    )
    called = render(payload.called or "")
    lines = [f"*Why:* {_why(payload)}", *[f":warning: {clip(render(g), 300)}" for g in payload.gaps]]
    return elements.message(
        words,
        [
            elements.section(f":test_tube: {words}"),
            elements.section("\n".join(lines)),
            elements.context(called) if called else None,
        ],
    )


def _called(incident: Incident, payload: PagePayload) -> str:
    if payload.rung is None:
        return render(payload.called or "A page by hand")
    return f"Rung {payload.rung} of the {render(incident.severity)} ladder"


def _why_you(incident: Incident, payload: PagePayload) -> str:
    if payload.rung is None:
        return render(payload.called or "by hand")
    return f"you are on rung {payload.rung} of the {render(incident.severity)} ladder"


def _why_here(payload: PagePayload) -> str:
    if payload.rung is None:
        return f"{render(payload.called or 'somebody')} names this channel"
    return f"this channel is on rung {payload.rung} of the ladder"


def _press(payload: PagePayload) -> str:
    if payload.rung is None:
        return "Press *I'm on it* if you are responding; *Can't* tells the channel so."
    return PRESS


def _buttons(incident: Incident, payload: PagePayload) -> Block | None:
    value = f"{incident.id}:{payload.rung or 0}"
    return elements.actions(
        button("I'm on it", "on_it", value, style="primary"),
        button("Can't", "cant", value),
        block_id="page",
    )
