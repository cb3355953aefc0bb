"""Builds the message to a channel that is subscribed to the status page."""

from __future__ import annotations

from bot.domain.policy.status_page_rules import StatusPageRules
from bot.domain.statuspage.publication import Publication, PublicUpdate
from bot.slack.blocks import elements
from bot.slack.blocks.elements import Message
from bot.slack.text import plain, render

CORRECTION = "Correction"


def publication_message(
    publication: Publication, update: PublicUpdate, rules: StatusPageRules, url: str, *, corrects: bool = False
) -> Message:
    """One update of a publication, with the states of its components. `corrects`: it was told with other words."""
    title = f"{rules.name}: {publication.title}"
    what = CORRECTION if corrects else update.status.label
    states = [
        f"{render(plain(each.name))}: {update.components[each.key].label.lower()}"
        for each in rules.components
        if each.key in update.components
    ]
    words = f"*{render(plain(title))}* · {what}\n{render(plain(update.message))}"
    more = [elements.context(elements.join_comma(states, 20))] if states else []
    address = f"{url}/incidents/{publication.id}"
    linked = [elements.context(elements.link(address, "On the status page"))] if url.startswith("http") else []
    return elements.message(f"{what}: {title}", [*elements.sections(words), *more, *linked])


def subscribed(components: tuple[str, ...], rules: StatusPageRules) -> Message:
    """The answer to whoever subscribed the channel."""
    names = [each.name for each in rules.components if each.key in components]
    what = (
        elements.join_comma([render(plain(name)) for name in names], 20) if names else "everything on the status page"
    )
    return elements.line(f"This channel is told of {what}. The same command again ends it.")


def unsubscribed() -> Message:
    """The answer to whoever ended the channel's subscription."""
    return elements.line("This channel is told nothing of the status page any more.")
