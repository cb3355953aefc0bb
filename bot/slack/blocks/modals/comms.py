"""Builds and reads the form **Tell people**: one audience, its text, exactly who gets it, and what to look at first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain.communications import tell
from bot.domain.communications.communication import Communication, ExcludedRecipient, Group, Reach, State
from bot.domain.communications.leaks import Finding
from bot.domain.communications.tell import SUBJECT_LENGTH, TEXT_LENGTH, Message
from bot.domain.incident import AudienceMessage, Incident
from bot.domain.policy.policy import Audience
from bot.slack.blocks import elements, inputs, phrases
from bot.slack.blocks.elements import Block
from bot.slack.blocks.inputs import InputErrors, View
from bot.slack.blocks.press_value import press_value
from bot.slack.text import mention, plain, render

CALLBACK = "comms"
AUDIENCE, TEST, CORRECT = "audience", "comms_test", "comms_correct"
LISTED = 30  # recipients
OTHERS = "other"  # in a label: an audience that the severity does not propose


@dataclass(frozen=True, slots=True)
class AudienceChoice:
    """An audience to choose, with when it was last told."""

    audience: Audience
    proposed: bool
    last_told: str  # in words
    due_at: datetime | None = None  # when it is to be told next


@dataclass(frozen=True, slots=True)
class CommsForm:
    """The content of the form about one message."""

    incident: Incident
    audience: Audience
    message: Message
    reach: Reach
    findings: Sequence[Finding]
    told: AudienceMessage | None
    changes: Sequence[str]
    choices: Sequence[AudienceChoice]
    sent: Sequence[Communication] = ()
    asks: bool = False  # the policy wants a second person
    corrected: Communication | None = None


def comms_modal(form: CommsForm) -> Block:
    """The form, with inputs `audience`, `subject` and `text`, and the button **Send a test to me**."""
    blocks = [
        *([] if form.corrected else [_choice(form)]),
        last_messages(form),
        *([corrects(form.corrected)] if form.corrected else []),
        elements.input_block(
            _block_id("subject", form), "Subject", elements.text_input(form.message.subject, longest=SUBJECT_LENGTH)
        ),
        elements.input_block(
            _block_id("text", form),
            "Text",
            elements.text_input(form.message.text, multiline=True, longest=TEXT_LENGTH),
            hint="*bold* and lists that begin with - are kept. Fill in what stands in [brackets].",
        ),
        *findings_blocks(form.findings),
        *recipient_blocks(form.reach, form.audience),
        elements.actions(elements.button("Send a test to me", TEST, press_value(form.incident))),
        *([] if form.corrected else _sent_messages(form)),
    ]
    submit = "Ask for approval" if form.asks else "Send"
    return elements.modal(
        CALLBACK,
        "Tell people",
        submit,
        [block for block in blocks if block],
        inputs.metadata(
            incident=form.incident.id,
            audience=form.audience.key,
            stage=form.message.stage,
            corrects=form.message.corrects,
            found=[finding.sentence for finding in form.findings],
        ),
    )


def findings_blocks(findings: Sequence[Finding]) -> list[Block]:
    """The findings of the lint; empty if there are none."""
    if not findings:
        return []
    blocks = [elements.section(f"*Look at this first*\n{finding_lines(findings)}")]
    if not any(finding.blocks for finding in findings):
        blocks.append(elements.context("Change it, or press again to go on with it as it is."))
    return blocks


def finding_lines(findings: Sequence[Finding]) -> str:
    """Each finding on a line, as mrkdwn; empty where there is none."""
    return "\n".join(
        f"{':no_entry:' if finding.blocks else ':warning:'} {render(plain(finding.sentence))}" for finding in findings
    )


@dataclass(frozen=True, slots=True)
class CommsValues:
    """The form as submitted, or as it is when one of its buttons is pressed."""

    incident: int
    message: Message
    shown_findings: tuple[str, ...]  # what the person was shown


def values_of_comms(view: View) -> CommsValues:
    """Read the form. Raises `InputErrors` where the subject or text is empty."""
    values = typed_so_far(view)
    errors = {}
    for name, value, example in (
        ("subject", values.message.subject, "Write a subject."),
        ("text", values.message.text, "Write what these people need to know."),
    ):
        if not value.strip():
            errors[_block_id_in(view, name)] = example
    if errors:
        raise InputErrors(errors)
    return values


def typed_so_far(view: View) -> CommsValues:
    """Read the form as it is, even if something is empty."""
    metadata = inputs.metadata_of(view)
    audience = str(metadata.get("audience", ""))
    return CommsValues(
        inputs.incident_of(view),
        Message(
            audience,
            str(metadata.get("stage", "")),
            inputs.text(view, _block_id_in(view, "subject")),
            inputs.text(view, _block_id_in(view, "text")),
            corrects=metadata.get("corrects") if isinstance(metadata.get("corrects"), int) else None,
        ),
        tuple(str(sentence) for sentence in metadata.get("found") or ()),
    )


def chosen_audience(view: View) -> str | None:
    """The audience that is chosen now; it may differ from the one whose text stands in the form."""
    return inputs.chosen_value(view, AUDIENCE)


def text_block(view: View) -> str:
    """The ID of the text's block, for an error beside it."""
    return _block_id_in(view, "text")


def _block_id(name: str, form: CommsForm) -> str:
    """Slack keeps what was typed in a block of the same ID, so each audience has blocks of its own."""
    more = f"_{form.message.corrects}" if form.message.corrects is not None else ""
    return f"{name}_{form.audience.key}{more}"


def _block_id_in(view: View, name: str) -> str:
    metadata = inputs.metadata_of(view)
    more = f"_{metadata['corrects']}" if isinstance(metadata.get("corrects"), int) else ""
    return f"{name}_{metadata.get('audience', '')}{more}"


def _choice(form: CommsForm) -> Block:
    options = [
        elements.option(
            choice.audience.name, choice.audience.key, f"{choice.last_told}{'' if choice.proposed else f' · {OTHERS}'}"
        )
        for choice in form.choices
        if elements.usable([choice.audience.key])
    ][: elements.OPTIONS]
    block = elements.input_block(AUDIENCE, "Audience", elements.select(options, form.audience.key))
    return {**block, "dispatch_action": True}


def last_messages(form: CommsForm) -> Block:
    """When each audience that the severity proposes was last told, and is due; what changed since, for this one."""
    due = [
        f"*{render(plain(c.audience.name))}*: {c.last_told}{f', due by {elements.clock(c.due_at)}' if c.due_at else ''}"
        for c in form.choices
        if c.proposed
    ]
    lines = [" · ".join(due)] if due else ["The severity proposes no audience."]
    if form.told is not None:
        changed = ", ".join(render(plain(change)) for change in form.changes) or "nothing"
        lines.append(f"Changed since the last message to them: {changed}.")
    return elements.context(*lines)


def corrects(communication: Communication) -> Block:
    """Names the message that is corrected."""
    text = f"*{render(plain(communication.subject))}*"
    return elements.section(f":pencil2: This corrects #{communication.number}: {text}. The first message stays.")


def recipient_blocks(reach: Reach, audience: Audience) -> list[Block]:
    """Exactly who gets the message, and who is left out and why."""
    blocks = [elements.section(f"*Goes to*\n{reach_line(reach, audience)}")]
    if reach.left_out:
        lines = [_exclusion(omission) for omission in reach.left_out]
        blocks.append(elements.section("*Left out*\n" + "\n".join(lines[:LISTED])))
    return blocks


def reach_line(reach: Reach, audience: Audience) -> str:
    """Every recipient, by group, as mrkdwn; without any, what to add to the policy."""
    lines = []
    for group in Group:
        names = [_recipient(recipient.address, recipient.name, group) for recipient in reach.of(group)]
        if names:
            lines.append(f"{_BY[group]}: {elements.join_comma(names, LISTED)}")
    return "\n".join(lines) or f"Nobody: the policy reaches nobody under `audiences.{audience.key}`."


_BY = {
    Group.CHANNEL: "In Slack",
    Group.DIRECT: "Directly in Slack",
    Group.EMAIL: "By e-mail",
    Group.WEBHOOK: "By webhook",
}


def _recipient(address: str, name: str, group: Group) -> str:
    if group is Group.WEBHOOK:
        return "the operator's webhook"
    if group is Group.CHANNEL:
        return phrases.channel_named(address)
    person = mention(address) if group is Group.DIRECT else render(plain(address))
    return f"{render(plain(name))} ({person})" if name and name != address else person


def _exclusion(omission: ExcludedRecipient) -> str:
    return f"• {render(plain(omission.who))}: {render(plain(omission.why))}"


def _sent_messages(form: CommsForm) -> list[Block]:
    """The messages so far, each with **Correct**."""
    blocks: list[Block] = []
    for communication in form.sent:
        if communication.state is not State.SENT:
            continue
        when = elements.clock_and_age(communication.sent_at or communication.written_at)
        text = f"{render(plain(tell.title_of(communication)))} · {when}\n{render(plain(communication.subject))}"
        button = elements.button("Correct", CORRECT, press_value(form.incident, communication.number))
        blocks.append(elements.section(text, button))
    return [elements.divider(), *blocks] if blocks else []
