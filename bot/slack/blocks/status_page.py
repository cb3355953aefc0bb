"""Builds the message to a channel that is subscribed to the status page."""

from __future__ import annotations

from bot.domain.incident import Incident
from bot.domain.policy.status_page_rules import StatusPageRules
from bot.domain.statuspage.publication import Publication, PublicUpdate
from bot.slack.blocks import elements
from bot.slack.blocks.elements import Message
from bot.slack.blocks.press_value import press_value
from bot.slack.text import clip, mention, plain, quote, render

CORRECTION = "Correction"
CORRECT = "page_correct"  # the button
QUOTED = 600  # characters of the message, in the receipt


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


def receipt(incident: Incident, publication: Publication, told: PublicUpdate, who: str, *, corrects: bool) -> Message:
    """What was published about the incident, by whom, with **Correct**. `corrects`: other words for what was there."""
    did = "corrected on the status page" if corrects else "published on the status page"
    number = publication.updates.index(told) + 1
    title = render(plain(publication.title))
    words = quote(clip(f"*{title}* · {told.status.label}\n{render(plain(told.message))}", QUOTED))
    icon = ":pencil2:" if corrects else ":loudspeaker:"
    return elements.message(
        f"{plain(publication.title)} · {told.status.label}",
        [
            elements.section(f"{icon} {mention(who)} {did}:\n{words}"),
            elements.actions(correct_button(incident, publication, number)),
        ],
    )


def correct_button(incident: Incident, publication: Publication, number: int) -> elements.Block:
    """The button that opens the form to correct update `number`, counted from 1."""
    return elements.button("Correct", CORRECT, press_value(incident, publication.id, number))


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
