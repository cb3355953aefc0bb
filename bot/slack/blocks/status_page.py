"""Builds the message to a channel that is subscribed to the status page."""

from __future__ import annotations

from bot.domain.incident import Incident
from bot.domain.policy.status_page_rules import StatusPageRules
from bot.domain.statuspage.publication import Publication, PublicStatus, PublicUpdate
from bot.slack.blocks import elements
from bot.slack.blocks.elements import Message
from bot.slack.blocks.press_value import press_value
from bot.slack.text import clip, mention, plain, quote, render

CORRECT = "page_correct"  # the button
QUOTED = 600  # characters of the message, in the receipt


def publication_message(
    publication: Publication, update: PublicUpdate, rules: StatusPageRules, url: str, label: str
) -> Message:
    """One update of a publication, with the states of its components. `label` says what it is, such as `Resolved`."""
    title = f"{rules.name}: {publication.title}"
    text = f"*{render(plain(title))}* · {label}\n{render(plain(update.message))}"
    facts = [_planned(publication), _affected(update, rules)]
    more = [elements.context(fact) for fact in facts if fact]
    address = f"{url}/incidents/{publication.id}"
    linked = [elements.context(elements.link(address, "On the status page"))] if url.startswith("http") else []
    return elements.message(f"{label}: {title}", [*elements.sections(text), *more, *linked])


def _planned(publication: Publication) -> str:
    """When maintenance is planned, in the reader's time zone; empty for an incident."""
    starts, ends = publication.scheduled_for, publication.scheduled_until
    return f"Planned: {elements.moment(starts)} – {elements.moment(ends)}" if starts and ends else ""


def _affected(update: PublicUpdate, rules: StatusPageRules) -> str:
    """The components with their states; of maintenance that is still to begin without."""
    affected = [component for component in rules.components if component.key in update.components]
    names = {component.key: render(plain(component.name)) for component in affected}
    if update.status is PublicStatus.SCHEDULED:
        return f"Affects: {elements.join_comma(list(names.values()), 20)}" if names else ""
    return elements.join_comma([f"{name}: {update.components[key].label.lower()}" for key, name in names.items()], 20)


def receipt(
    incident: Incident, publication: Publication, update: PublicUpdate, publisher: str, *, corrects: bool
) -> Message:
    """The record in the channel of a published update, with **Correct**. `corrects`: it replaces earlier words."""
    did = "corrected on the status page" if corrects else "published on the status page"
    number = publication.updates.index(update) + 1
    title = render(plain(publication.title))
    text = quote(clip(f"*{title}* · {update.status.label}\n{render(plain(update.message))}", QUOTED))
    icon = ":pencil2:" if corrects else ":loudspeaker:"
    return elements.message(
        f"{plain(publication.title)} · {update.status.label}",
        [
            elements.section(f"{icon} {mention(publisher)} {did}:\n{text}"),
            elements.actions(correct_button(incident, publication, number)),
        ],
    )


def correct_button(incident: Incident, publication: Publication, number: int) -> elements.Block:
    """The button that opens the form to correct update `number`, counted from 1."""
    return elements.button("Correct", CORRECT, press_value(incident, publication.id, number))


def subscription_changed(
    told_of: tuple[str, ...] | None, rules: StatusPageRules, command: str, *, covered: str = "", ended: str = ""
) -> Message:
    """The answer to the person who changed what the channel is told of: the keys `told_of`, empty for everything.

    `covered` is the component that everything contains already, `ended` the one that the channel is told of no more.
    """
    if told_of is None:
        return elements.line("This channel gets no more updates of the status page.")
    names = [render(plain(component.name)) for component in rules.components if component.key in told_of]
    subject = elements.join_comma(names, 20) if names else "everything on the status page"
    if covered:
        return elements.line(
            f"This channel is told of {subject} already, and so of {render(plain(covered))}. For single components, "
            f"end that with `{command}` first."
        )
    if ended:
        return elements.line(f"This channel is told of {render(plain(ended))} no more, but still of {subject}.")
    return elements.line(f"This channel is told of {subject}. The same command again ends it.")
