"""Builds the messages that page people in Slack: who is called to respond, why, and which button to press."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.domain.incident import Incident
from bot.domain.policy.policy import Policy
from bot.domain.routing.payloads import ChannelPagePayload, DrillPagePayload, PagePayload
from bot.domain.values import durations
from bot.domain.values.ordinals import ordinal
from bot.slack.blocks import elements, phrases
from bot.slack.blocks.elements import Block, Message, button
from bot.slack.blocks.press_value import press_value
from bot.slack.text import clip, mention, plain, render

COMMAND = "/incident"
GAPS = 10
PEOPLE = 50
WHY = 1000
PRESS = "Press *I'm on it* if you are responding; *Can't* pages the next rung at once."
PRESS_LAST = "Press *I'm on it* if you are responding; *Can't* tells the channel."


def page_channel(
    incident: Incident, policy: Policy, payload: PagePayload, now: datetime, command: str = COMMAND, *, bridge: str = ""
) -> Message:
    """The page in the incident's channel: mentions the rung's people, or warns that nobody could be paged.

    `bridge`, here and below, is the link to the call, as mrkdwn.
    """
    if payload.rung is None and not payload.pages:
        return nobody_left(incident, policy, payload, command)
    people = " ".join(mention(person) for person in payload.people[:PEOPLE])
    channels = elements.join_comma([phrases.channel_named(channel) for channel in payload.channels])
    recipients = elements.join_dots([people, channels]) or "People outside Slack"
    paged = "you are paged" if people else "paged"
    text = f":rotating_light: {recipients}: {paged} for {phrases.title(incident)}{_count(payload)}"
    return elements.message(
        phrases.drill_prefix(incident) + text,
        [
            elements.section(phrases.drill_prefix(incident) + text),
            elements.section("\n".join([f"*Why:* {_why(payload)}", *_bridge_line(bridge), *gap_lines(payload)])),
            elements.context(
                f"{_source(incident, payload)}. {_press(incident, policy, payload)}",
                *_last_resort(incident, policy, payload),
            ),
            _buttons(incident, payload),
        ],
    )


def _last_resort(incident: Incident, policy: Policy, payload: PagePayload) -> list[str]:
    """A line for the last rung of a ladder: nobody follows, and how often it is paged again."""
    if not _is_last(incident, policy, payload):
        return []
    return [f"*Last resort:* nobody follows on the ladder. {_repeat_text(incident, policy)}".rstrip()]


def nobody_left(incident: Incident, policy: Policy, payload: PagePayload, command: str = COMMAND) -> Message:
    """A warning that a page reached nobody: the ladder has ended, or its rungs are empty."""
    text = nobody_left_text(incident, payload)
    lines = [f"*Why now:* {_why(payload)}", *gap_lines(payload)]
    if payload.paged_before:
        rung, people = payload.paged_before[-1]
        lines.append(f"*Last resort:* {_paged_people(people)}, rung {rung}. {_repeat_text(incident, policy)}".rstrip())
    lines.append(f"*What to do:* call someone yourself, and bring them in with `{command} invite @user`.")
    return elements.message(
        phrases.drill_prefix(incident) + text,
        [
            elements.section(phrases.drill_prefix(incident) + text),
            elements.section("\n".join(lines)),
            elements.actions(
                button("Acknowledge", "ack", press_value(incident), style="primary")
                if incident.open and incident.ladder.acknowledged_at is None
                else None,
                block_id="page",
            ),
        ],
    )


def nobody_left_text(incident: Incident, payload: PagePayload) -> str:
    """Whether everybody was paged, everybody responds already, or nobody can be reached, as mrkdwn."""
    paged = payload.paged_before
    if payload.called:
        return f":warning: *Nobody could be paged* for {incident.id}: {render(payload.called)} reaches nobody."
    if paged:
        unanswered = "" if incident.ladder.acknowledged_at else " Nobody has answered yet."
        rungs = elements.join_comma([f"{_paged_people(people)} (rung {rung})" for rung, people in paged], PEOPLE)
        return f":warning: *Everybody on the ladder was paged* for {incident.id}: {rungs}.{unanswered}"
    if payload.skipped:
        return f":ballot_box_with_check: *Everybody on the ladder is responding* to {incident.id} already."
    severity = render(incident.severity)
    why = f"no rung of the {severity} ladder reaches anybody" if payload.fell_through else f"{severity} has no ladder"
    return f":warning: *Nobody could be paged* for {incident.id}: {why}."


def _paged_people(people: Sequence[str]) -> str:
    return elements.join_comma([mention(person) for person in people], PEOPLE) or "people outside Slack"


def _repeat_text(incident: Incident, policy: Policy) -> str:
    """A sentence that says how often rungs are paged again while nobody answers. Empty if they are not."""
    intervals = {rung.repeat for rung in phrases.level_of(incident, policy).ladder if rung.repeat}
    if not intervals or incident.ladder.acknowledged_at:
        return ""
    return f"Everybody who was paged is paged again every {durations.exact(min(intervals))} until somebody answers."


def page_direct(
    incident: Incident, policy: Policy, payload: PagePayload, now: datetime, *, bridge: str = ""
) -> Message:
    """The page to one person, as a direct message."""
    text = f":rotating_light: You are paged{_count(payload)}: {phrases.outside(incident)}"
    name = phrases.severity_name(incident.severity, policy)
    lines = [
        f"{name} · {phrases.status_line(incident)}",
        f"*Commander:* {phrases.who_leads(incident)}",
        f"*Channel:* {phrases.channel_link(incident)}",
        *_bridge_line(bridge),
        f"*Why you:* {_why_you(incident, payload)} — {_why(payload)}.",
    ]
    if incident.private:  # the page invites them, and they read the details in the channel
        where = f"*Channel:* {phrases.channel_link(incident)}. You are being invited; the details are there."
        lines = [where, *_bridge_line(bridge)]
    return elements.message(
        phrases.drill_prefix(incident) + text,
        [
            elements.section(f"{phrases.drill_prefix(incident)}*{text}*"),
            elements.section("\n".join(lines)),
            _buttons(incident, payload),
            elements.context(_press(incident, policy, payload)),
        ],
    )


def page_withdrawn(incident: Incident) -> Message:
    """The message that replaces the page of a person who is no longer inside the private incident."""
    return elements.line(f"You were paged for {phrases.outside(incident)}. You are no longer part of it.")


def page_elsewhere(
    incident: Incident, policy: Policy, payload: ChannelPagePayload, now: datetime, *, bridge: str = ""
) -> Message:
    """The page in a channel other than the incident's, which a rung names."""
    buttons = _buttons(incident, payload, f"{payload.base}:to:{payload.channel}")
    name = phrases.severity_name(incident.severity, policy)
    text = f":rotating_light: Help is needed{_count(payload)}: {phrases.outside(incident)}"
    if incident.private:
        return elements.message(text, [elements.section(f"*{text}*"), buttons])
    lines = [
        f"{name} · {phrases.status_line(incident)}",
        f"*Channel:* {phrases.channel_link(incident)}",
        *_bridge_line(bridge),
        f"*Why here:* {_why_here(payload)} — {_why(payload)}.",
    ]
    return elements.message(
        phrases.drill_prefix(incident) + text,
        [
            elements.section(f"{phrases.drill_prefix(incident)}*{text}*"),
            elements.section("\n".join(lines)),
            buttons,
        ],
    )


def _bridge_line(bridge: str) -> list[str]:
    return [f"*Bridge:* {bridge}"] if bridge else []


def _why(payload: PagePayload | DrillPagePayload) -> str:
    return clip(render(payload.why or "the ladder says so"), WHY).rstrip(".")


def _count(payload: PagePayload) -> str:
    return f" ({ordinal(payload.count)} time)" if payload.count > 1 else ""


def gap_lines(payload: PagePayload) -> list[str]:
    """Rungs that reached nobody or were left out, and methods that could not be used."""
    unreached = payload.fell_through
    lines = [f":warning: Rung {rung} reached nobody: {clip(render(gap), 300)}" for rung, gap in unreached[:GAPS]]
    if len(unreached) > GAPS:
        lines.append(f"… and {len(unreached) - GAPS} more rungs")
    lines += [f"Rung {rung} is left out: {clip(render(reason), 300)}" for rung, reason in payload.skipped[:GAPS]]
    unavailable = [clip(render(gap), 200) for gap in payload.gaps[:GAPS]]
    return [*lines, f":warning: Not every method could be used: {'; '.join(unavailable)}."] if unavailable else lines


def page_drill(incident: Incident, payload: DrillPagePayload) -> Message:
    """The page of a drill, which mentions nobody. `payload.people` has names with the methods that reach them."""
    people = [
        f"{render(plain(name))} ({', '.join(methods)})" if methods else render(plain(name))
        for name, methods in (payload.people or {}).items()
    ]
    channels = [phrases.channel_named(channel) for channel in payload.channels]
    recipients = elements.join_comma([*people, *channels], PEOPLE)
    outcome = f"Otherwise this would page: {recipients}" if recipients else "The ladder has nobody left."
    text = f"[DRILL] Nobody is paged. {outcome}"
    source = render(payload.called or "")
    lines = [f"*Why:* {_why(payload)}", *[f":warning: {clip(render(gap), 300)}" for gap in payload.gaps]]
    return elements.message(
        text,
        [
            elements.section(f":test_tube: {text}"),
            elements.section("\n".join(lines)),
            elements.context(source) if source else None,
        ],
    )


def _source(incident: Incident, payload: PagePayload) -> str:
    if payload.rung is None:
        return render(payload.called or "A page by hand")
    return f"Rung {payload.rung} of the {render(incident.severity)} ladder"


def _why_you(incident: Incident, payload: PagePayload) -> str:
    if payload.rung is None:
        return render(payload.called or "by hand")
    return f"you are on rung {payload.rung} of the {render(incident.severity)} ladder"


def _why_here(payload: PagePayload) -> str:
    if payload.rung is None:
        return f"{render(payload.called or 'someone')} names this channel"
    return f"this channel is on rung {payload.rung} of the ladder"


def _press(incident: Incident, policy: Policy, payload: PagePayload) -> str:
    return PRESS_LAST if payload.rung is None or _is_last(incident, policy, payload) else PRESS


def _is_last(incident: Incident, policy: Policy, payload: PagePayload) -> bool:
    return payload.rung == len(phrases.level_of(incident, policy).ladder)


def _buttons(incident: Incident, payload: PagePayload, key: str | None = None) -> Block | None:
    """The buttons of a page. `key` names the message if it is in a channel other than the incident's."""
    about = filter(None, (str(payload.rung or 0), payload.base if key is None else key))
    value = press_value(incident, *about)
    return elements.actions(
        button("I'm on it", "on_it", value, style="primary"),
        button("Can't", "cant", value),
        block_id="page",
    )
