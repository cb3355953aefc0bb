"""Builds and reads the part of the form **Also tell** that publishes on the status page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.domain.communications.leaks import Finding
from bot.domain.communications.stages import STATUS_PAGE
from bot.domain.incident import Incident
from bot.domain.policy.status_page_rules import StatusPageRules
from bot.domain.statuspage.component_state import ComponentState
from bot.domain.statuspage.publication import TITLE_LENGTH, Publication, PublicStatus
from bot.slack.blocks import elements, inputs
from bot.slack.blocks.elements import Block
from bot.slack.blocks.inputs import View
from bot.slack.blocks.modals.comms import findings_blocks
from bot.slack.blocks.modals.status_page import MESSAGE_LENGTH
from bot.slack.blocks.press_value import press_value
from bot.slack.text import plain, render

TITLE, MESSAGE = "page_title", "page_message"
LISTED = 10  # components


@dataclass(frozen=True, slots=True)
class PageText:
    """What a person typed for the page, and what the form had shown them."""

    title: str
    message: str
    publication: str | None = None  # the publication that the form was about; None: there was none
    shown_findings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PageOffer:
    """What would be published with one press. Without `publication`, it is the first that the page says of this."""

    rules: StatusPageRules
    publication: Publication | None
    status: PublicStatus
    components: Mapping[str, ComponentState]
    title: str = ""
    message: str = ""
    findings: Sequence[Finding] = ()

    @property
    def publication_id(self) -> str | None:
        """The publication that gets the update."""
        return self.publication.id if self.publication else None


def page_blocks(incident: Incident, offer: PageOffer, change: str) -> list[Block]:
    """The offer, with inputs `page_title` (for the first publication) and `page_message`.

    `change` is the action of the button that opens the page's own form.
    """
    published = offer.publication
    about = f"on it: “{render(plain(published.title))}”" if published else "nothing of this incident is on it yet"
    head = f"*{STATUS_PAGE.name}* — {about}\n{elements.join_dots([offer.status.label, *_components(offer)])}"
    button = elements.button("Change", change, press_value(incident, STATUS_PAGE.key))
    title = elements.text_input(offer.title, longest=TITLE_LENGTH, placeholder="Checkout fails for some")
    message = elements.text_input(offer.message, multiline=True, longest=MESSAGE_LENGTH)
    blocks = [elements.section(head, button)]
    if published is None:
        hint = "For customers. The incident's own title stays inside."
        blocks.append(elements.input_block(TITLE, "Title on the page", title, optional=True, hint=hint))
    hint = "In customers' words: what happens, what you do about it, and when you say more."
    blocks.append(elements.input_block(MESSAGE, "Message on the page", message, optional=True, hint=hint))
    return [*blocks, *findings_blocks(offer.findings)]


def page_metadata(offer: PageOffer) -> dict[str, object]:
    """What the form remembers of the offer."""
    return {"publication": offer.publication_id, "found": [finding.sentence for finding in offer.findings]}


def page_text(view: View) -> PageText | None:
    """The text that was typed for the page. None where the form does not offer the page."""
    shown = inputs.metadata_of(view).get("page")
    if not isinstance(shown, dict):
        return None
    publication = shown.get("publication")
    return PageText(
        inputs.text(view, TITLE).strip(),
        inputs.text(view, MESSAGE).strip(),
        str(publication) if publication else None,
        tuple(str(sentence) for sentence in shown.get("found") or ()),
    )


def _components(offer: PageOffer) -> list[str]:
    names = {component.key: component.name for component in offer.rules.components}
    lines = [
        f"{render(plain(names.get(key, key)))}: {state.label.lower()}"
        for key, state in list(offer.components.items())[:LISTED]
    ]
    return lines or ["no component is affected"]
