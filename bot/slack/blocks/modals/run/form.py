"""Builds and reads the parts that all forms about a playbook run have: their subject, and a reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain.playbook.run import Approval, PlaybookRun, StepState
from bot.slack.blocks import elements, inputs
from bot.slack.blocks.elements import Block
from bot.slack.blocks.inputs import InputErrors, View
from bot.slack.text import render

REASON = 1000
COMMANDS = 12  # that a form shows


@dataclass(frozen=True, slots=True)
class FormSubject:
    """The subject of a form: a run, perhaps one of its steps, or a request for approval."""

    incident: int
    run: int
    step: str = ""  # empty: the run as a whole
    approval: int = 0  # zero: no request for approval


def run_form(
    callback: str,
    title: str,
    submit: str,
    run: PlaybookRun,
    state: StepState | None,
    blocks: Sequence[Block],
    approval: Approval | None = None,
) -> Block:
    """A form about the run, about one of its steps, or about a request for approval."""
    metadata = inputs.metadata(
        incident=f"INC-{run.incident}", walk=run.number, step=state.key if state else None,
        approval=approval.number if approval else None,
    )  # fmt: skip
    return elements.modal(callback, title, submit, blocks, metadata)


def step_title(state: StepState) -> Block:
    """The first line of a form, which names its step."""
    return elements.section(f"*{state.key} {render(state.title)}*")


def subject_of(view: View) -> FormSubject:
    """Read the subject of a form. Raises `InputErrors` if its metadata is lost."""
    metadata = inputs.metadata_of(view)
    incident, run = inputs.incident_of(view), metadata.get("walk")
    if not isinstance(run, int):
        raise InputErrors({inputs.first_block(view): "This form has lost its playbook. Close it and open it again."})
    return FormSubject(incident, run, str(metadata.get("step") or ""), int(metadata.get("approval") or 0))


def reason(view: View, example: str) -> str:
    """The reason that was typed. Raises `InputErrors`, with `example` in the message, if it is empty."""
    text = inputs.text(view, "reason")
    if not text:
        raise InputErrors({"reason": f"Say why, such as “{example}”."})
    return text
