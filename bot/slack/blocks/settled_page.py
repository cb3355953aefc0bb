"""Builds pages that were answered or whose incident ended: people, methods and reason stay, the buttons go."""

from __future__ import annotations

from datetime import datetime

from bot.domain.incident import Incident
from bot.domain.paging.calls import label
from bot.domain.routing.payloads import PagePayload, PageSettledPayload
from bot.domain.values import durations
from bot.domain.values.ordinals import ordinal
from bot.slack.blocks import elements, phrases
from bot.slack.blocks.elements import Message
from bot.slack.blocks.page import PEOPLE, WHY, gap_lines, nobody_left_text
from bot.slack.text import clip, mention, render


def in_channel(
    incident: Incident, page: PagePayload, settled: PageSettledPayload, paged_at: datetime, settled_at: datetime
) -> Message:
    """One line: `Paged @y (rung 2, Slack): not acknowledged within 5m — answered by @x after 2m.`"""
    ending = _ending(settled, paged_at, settled_at)
    if page.rung is None and not page.pages:
        text = nobody_left_text(incident, page)
        return elements.line(f"{phrases.drill_prefix(incident)}{text.rstrip('.')} — {ending}")
    line = f"{phrases.drill_prefix(incident)}Paged {_who(page)} ({_how(page)}): {_why(page)} — {ending}"
    gaps = gap_lines(page)
    return elements.message(line, [elements.section(line), elements.context("\n".join(gaps)) if gaps else None])


def elsewhere(
    incident: Incident, page: PagePayload, settled: PageSettledPayload, paged_at: datetime, settled_at: datetime
) -> Message:
    """One line in another channel. Of a private incident it names nobody."""
    anonymous = PageSettledPayload(settled.of, None, None, settled.ended) if incident.private else settled
    why = "" if incident.private else f": {_why(page)}"
    ending = _ending(anonymous, paged_at, settled_at)
    return elements.line(f"Help was asked for {phrases.outside(incident)} ({_how(page)}){why} — {ending}")


def direct(
    incident: Incident, page: PagePayload, settled: PageSettledPayload, paged_at: datetime, settled_at: datetime
) -> Message:
    """One line to the person who was paged, with the way to the channel."""
    go = f" {phrases.channel_link(incident)}" if incident.channel_id else ""
    why = "" if incident.private else f": {_why(page)}"
    ending = _ending(settled, paged_at, settled_at)
    prefix = phrases.drill_prefix(incident)
    return elements.line(f"{prefix}You were paged for {phrases.outside(incident)} ({_how(page)}){why} — {ending}{go}")


def _who(page: PagePayload) -> str:
    people = [mention(person) for person in page.people]
    channels = [phrases.channel_named(channel) for channel in page.channels]
    return elements.join_comma([*people, *channels], PEOPLE) or "people outside Slack"


def _how(page: PagePayload) -> str:
    """`rung 2, 3rd time, Slack, SMS`."""
    source = f"rung {page.rung}" if page.rung is not None else render(page.called or "by hand")
    times = [f"{ordinal(page.count)} time"] if page.count > 1 else []
    return ", ".join([source[:1].lower() + source[1:], *times, *(label(method) for method in page.methods)])


def _why(page: PagePayload) -> str:
    return clip(render(page.why or "the ladder says so"), WHY).rstrip(".")


def _ending(settled: PageSettledPayload, paged_at: datetime, settled_at: datetime) -> str:
    """`answered by @x after 2m.`"""
    after = f"after {durations.approximate(settled_at - paged_at)}."
    if settled.ended is not None:
        ended = render(settled.ended)
        return f"{ended} by {mention(settled.by)} {after}" if settled.by else f"{ended} {after}"
    return f"answered by {mention(settled.by)} {after}" if settled.by else f"answered {after}"
