"""Builds **Also tell**: the question in other forms, and the form that follows, which sends to several audiences."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain.communications import stages
from bot.domain.communications.communication import Reach
from bot.domain.communications.leaks import Finding
from bot.domain.communications.page import on_the_page
from bot.domain.communications.stages import STATUS_PAGE
from bot.domain.communications.tell import Message
from bot.domain.incident import Incident
from bot.domain.policy.policy import Audience, Policy
from bot.slack.blocks import elements, inputs
from bot.slack.blocks.elements import Block
from bot.slack.blocks.inputs import InputErrors, View
from bot.slack.blocks.modals.also_tell_page import PageOffer, PageText, page_blocks, page_metadata, page_text
from bot.slack.blocks.modals.comms import finding_lines, reach_line
from bot.slack.blocks.press_value import press_value
from bot.slack.text import clip, plain, quote, render

INPUT, CALLBACK, TO, EDIT = "also_tell", "comms_all", "to", "comms_edit"
MOST, QUOTED = 10, 900  # checkboxes in a group; characters of each message


@dataclass(frozen=True, slots=True)
class Offer:
    """A message to one audience, as it would go out."""

    audience: Audience
    message: Message
    reach: Reach
    findings: tuple[Finding, ...]

    @property
    def sendable(self) -> bool:
        """Whether it can go out as it is: nothing blocks it, and it reaches somebody."""
        return bool(self.reach.recipients) and not any(finding.blocks for finding in self.findings)

    @property
    def digest(self) -> str:
        """A short hash, which differs once the record has changed the text."""
        text = f"{self.message.stage}\n{self.message.subject}\n{self.message.text}"
        return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:12]


def also_tell_input(incident: Incident, policy: Policy, *, page: bool = False) -> Block | None:
    """The audiences to tell as well, ticked by the severity's rules. None where the policy names nobody to tell.

    With `page`, also the status page, ticked if it shows the incident.
    """
    proposed = stages.proposed_audiences(incident, policy)
    hidden = incident.private or incident.drill
    unproposed = [
        audience
        for audience in policy.audiences.values()
        if audience not in proposed and not (hidden and audience.public)
    ]
    audiences = [audience for audience in (*proposed, *unproposed) if stages.is_set_up(audience, policy)]
    keys = elements.usable(audience.key for audience in audiences)[:MOST]
    options = [
        elements.option(audience.name, audience.key, audience.description)
        for audience in audiences
        if audience.key in keys
    ]
    if page:
        options = [*options[: MOST - 1], elements.option(STATUS_PAGE.name, STATUS_PAGE.key, "What customers read")]
    if not options:
        return None
    keys_ticked = {audience.key for audience in proposed} | ({STATUS_PAGE.key} if on_the_page(incident) else set())
    ticked = [option for option in options if option["value"] in keys_ticked]
    boxes: Block = {"type": "checkboxes", "options": options}
    hint = "You see each message, and who gets it, before it goes out."
    boxes = {**boxes, "initial_options": ticked} if ticked else boxes
    return elements.input_block(INPUT, "Also tell", boxes, optional=True, hint=hint)


def also_told(view: View) -> tuple[str, ...]:
    """The keys of the audiences that were ticked."""
    return inputs.several(view, INPUT)


def tell_all_modal(
    incident: Incident, offers: Sequence[Offer], at: datetime, note: str, page: PageOffer | None = None
) -> Block:
    """The messages to several audiences and to the status page, to be sent with one press.

    `at` is the instant that their texts show.
    """
    options = [elements.option(offer.audience.name, offer.audience.key) for offer in offers if offer.sendable]
    if page is not None:
        options.append(elements.option(STATUS_PAGE.name, STATUS_PAGE.key))
    boxes: Block = {"type": "checkboxes", "options": options, "initial_options": options}
    blocks: list[Block | None] = [elements.context(render(plain(note)))] if note else []
    for offer in offers:
        blocks += _offer(incident, offer)
    if page is not None:
        blocks += page_blocks(incident, page, EDIT)
    if options:
        blocks.append(elements.input_block(TO, "Send to", boxes))
    metadata = inputs.metadata(
        incident=incident.id,
        at=at.isoformat(),
        digests={offer.audience.key: offer.digest for offer in offers},
        **({"page": page_metadata(page)} if page is not None else {}),
    )
    submit = "Send" if options else None
    return elements.modal(CALLBACK, "Also tell", submit, [block for block in blocks if block], metadata)


def _offer(incident: Incident, offer: Offer) -> list[Block | None]:
    message, audience = offer.message, offer.audience
    ask = " — a second person approves it" if audience.second_person else ""
    head = f"*{render(plain(audience.name))}*{ask}\n{reach_line(offer.reach, audience)}"
    text = f"*{render(plain(message.subject))}*\n{clip(render(message.text), QUOTED)}"
    lines = finding_lines(offer.findings)
    button = elements.button("Write it" if not offer.sendable else "Change", EDIT, press_value(incident, audience.key))
    return [
        elements.section(head, button),
        elements.section(quote(text)),
        elements.context(lines) if lines else None,
        elements.divider(),
    ]


@dataclass(frozen=True, slots=True)
class TellAllValues:
    """The submitted form: whom to send to, and what the person was shown."""

    incident: int
    audiences: tuple[str, ...]  # without the status page
    at: datetime
    digests: dict[str, str]
    page: PageText | None = None  # the text for the status page, if the form offers it
    to_page: bool = False  # whether it is to be published


def values_of_tell_all(view: View) -> TellAllValues:
    """Read the form. Raises `InputErrors` if no audience is ticked, or the form lost track of what it showed."""
    metadata = inputs.metadata_of(view)
    chosen = inputs.several(view, TO)
    if not chosen:
        raise InputErrors({TO: "Tick whom to tell, or close this form."})
    try:
        at, digests = (
            datetime.fromisoformat(str(metadata["at"])),
            {str(k): str(v) for k, v in metadata["digests"].items()},
        )
    except (KeyError, ValueError, AttributeError):
        raise InputErrors({TO: "This form lost track of its messages. Close it, and use /incident comms."}) from None
    audiences = tuple(key for key in chosen if key != STATUS_PAGE.key)
    text = page_text(view)
    return TellAllValues(
        inputs.incident_of(view), audiences, at, digests, text, text is not None and STATUS_PAGE.key in chosen
    )
