"""Builds and reads the form **Status page**: what the public page says of an incident."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain.communications.leaks import Finding
from bot.domain.communications.stages import STATUS_PAGE
from bot.domain.incident import Incident
from bot.domain.policy.status_page_rules import StatusPageRules
from bot.domain.statuspage.component_state import ComponentState, worst
from bot.domain.statuspage.publication import (
    IMPACT_LENGTH,
    INCIDENT_STATUSES,
    TITLE_LENGTH,
    Publication,
    PublicStatus,
)
from bot.slack.blocks import elements, inputs
from bot.slack.blocks.elements import Block
from bot.slack.blocks.inputs import InputErrors, View
from bot.slack.blocks.modals.comms import AUDIENCE, AudienceChoice, findings_blocks
from bot.slack.blocks.modals.component_states import ALLOWED, STATES, lines_of, states_input, states_of
from bot.slack.blocks.status_page import correct_button
from bot.slack.text import clip, plain, render

CALLBACK = "status_page"
MESSAGE_LENGTH = 3000  # as Slack takes
LISTED, QUOTED = 5, 150  # earlier updates, and characters of each


@dataclass(frozen=True, slots=True)
class PageForm:
    """The content of the form. Without `publication`, nothing of the incident is on the page yet."""

    incident: Incident
    rules: StatusPageRules
    proposed: dict[str, ComponentState]
    publication: Publication | None
    choices: Sequence[AudienceChoice] = ()
    findings: Sequence[Finding] = ()
    values: PageValues | None = None  # as typed so far


@dataclass(frozen=True, slots=True)
class PageValues:
    """The submitted form."""

    incident: int
    publication: str | None
    title: str
    impact: str
    message: str
    status: PublicStatus
    components: dict[str, ComponentState]
    lines: str = ""  # of components in another state, as typed
    state: ComponentState = ComponentState.OPERATIONAL  # of the chosen components without a line
    shown_findings: tuple[str, ...] = ()


def status_page_modal(form: PageForm) -> Block:
    """The form, with inputs `audience`, `title`, `impact`, `status`, `components`, `state`, `states` and `message`."""
    page, typed = form.publication, form.values
    states = typed.components if typed else dict(page.components) if page else form.proposed
    affected = [key for key, state in states.items() if state is not ComponentState.OPERATIONAL]
    status = typed.status if typed else page.status if page else PublicStatus.INVESTIGATING
    title = typed.title if typed else page.title if page else ""
    impact = typed.impact if typed else page.impact if page else ""
    state = typed.state if typed else _common(states)
    lines = typed.lines if typed else lines_of(form.rules, states, state)
    blocks = [
        _choice(form),
        _present_state(form),
        elements.input_block(
            "title", "Title", elements.text_input(title, longest=TITLE_LENGTH, placeholder="Checkout fails for some"),
            hint="For customers. The incident's own title stays inside.",
        ),
        elements.input_block(
            "impact", "Impact", elements.text_input(impact, longest=IMPACT_LENGTH), optional=True,
            hint="In customers' words: what they notice, and who does.",
        ),
        elements.input_block("status", "Status", elements.select(_statuses(), str(status))),
        *_components(form.rules, affected),
        elements.input_block("state", "How these components are", elements.select(_state_options(), str(state))),
        *states_input(form.rules, lines),
        elements.input_block(
            "message", "Message",
            elements.text_input(typed.message if typed else "", multiline=True, longest=MESSAGE_LENGTH),
            hint="What happens, what you do about it, and when you say more.",
        ),
        *findings_blocks(form.findings),
        *_published_updates(form),
    ]  # fmt: skip
    sentences = [finding.sentence for finding in form.findings]
    metadata = inputs.metadata(incident=form.incident.id, publication=page.id if page else None, found=sentences)
    return elements.modal(CALLBACK, "Status page", "Publish", [block for block in blocks if block], metadata)


def values_of_page(view: View, rules: StatusPageRules) -> PageValues:
    """Read the form. Raises `InputErrors` where the title or message is empty, or a line of `states` says nothing."""
    title, message = inputs.text(view, "title"), inputs.text(view, "message")
    errors = {}
    if not title.strip():
        errors["title"] = "Write a title for customers, such as “Checkout fails for some”."
    if not message.strip():
        errors["message"] = "Write what customers notice, and when you say more."
    if errors:
        raise InputErrors(errors)
    metadata = inputs.metadata_of(view)
    state = ComponentState(inputs.chosen_value(view, "state") or ComponentState.OPERATIONAL)
    lines = inputs.text(view, STATES)
    publication = metadata.get("publication")
    return PageValues(
        inputs.incident_of(view),
        str(publication) if publication else None,
        title,
        inputs.text(view, "impact"),
        message,
        PublicStatus(inputs.chosen_value(view, "status") or PublicStatus.INVESTIGATING),
        {**dict.fromkeys(inputs.several(view, "components"), state), **states_of(rules, lines)},
        lines,
        state,
        tuple(str(sentence) for sentence in metadata.get("found") or ()),
    )


def _choice(form: PageForm) -> Block:
    options = [
        elements.option(choice.audience.name, choice.audience.key, choice.last_told)
        for choice in form.choices
        if elements.usable([choice.audience.key])
    ][: elements.OPTIONS]
    block = elements.input_block(AUDIENCE, "Audience", elements.select(options, STATUS_PAGE.key))
    return {**block, "dispatch_action": True}


def _present_state(form: PageForm) -> Block:
    page = form.publication
    if page is None:
        return elements.context("Nothing of this incident is on the status page yet.")
    last = elements.clock_and_age(page.updates[-1].at)
    return elements.context(f"On the page: *{render(plain(page.title))}* · {page.status.label} · {last}")


def _published_updates(form: PageForm) -> list[Block]:
    """The last updates on the page, each with **Correct**."""
    page = form.publication
    if page is None:
        return []
    numbered = list(enumerate(page.updates, start=1))[-LISTED:]
    return [
        elements.divider(),
        *(
            elements.section(
                f"{update.status.label} · {elements.clock_and_age(update.at)}\n"
                f"{clip(render(plain(update.message)), QUOTED)}",
                correct_button(form.incident, page, number),
            )
            for number, update in reversed(numbered)
        ),
    ]


def _statuses() -> list[Block]:
    return [elements.option(status.label, str(status)) for status in INCIDENT_STATUSES]


def _components(rules: StatusPageRules, affected: Sequence[str]) -> list[Block]:
    options = [
        elements.option(component.name, component.key)
        for component in rules.components
        if elements.usable([component.key])
    ]
    options = options[: elements.OPTIONS]
    if not options:
        return [elements.context("The policy lists no components under `status_page`.")]
    initial = [option for option in options if option["value"] in affected]
    select: Block = {
        "type": "multi_static_select", "options": options, "placeholder": elements.plain_text("Choose any", 150),
    }  # fmt: skip
    if initial:
        select["initial_options"] = initial
    return [elements.input_block("components", "Affected components", select, optional=True)]


def _state_options() -> list[Block]:
    return [elements.option(state.label, str(state)) for state in reversed(ALLOWED)]


def _common(states: dict[str, ComponentState]) -> ComponentState:
    state = worst(states.values())
    return state if state in ALLOWED and states else ComponentState.DEGRADED_PERFORMANCE
