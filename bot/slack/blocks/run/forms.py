"""Forms of a playbook run: skip, note, assign, stop, roll back, refuse, break glass and fill in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain.playbook.definition import Parameter, Playbook, Step
from bot.domain.playbook.run import Approval, PlaybookRun, StepState, StepStatus
from bot.slack.blocks import elements, inputs
from bot.slack.blocks.elements import Block
from bot.slack.blocks.inputs import InputErrors, View
from bot.slack.text import clip, mention, render

VALUE = "value:"  # prefix of a parameter's name in the block_id of its input
PARAMETERS = 90  # inputs; a form has at most 100 blocks
REASON = 1000
VALUE_LENGTH = 600
COMMANDS = 12  # that a form shows


@dataclass(frozen=True, slots=True)
class FormSubject:
    """What a form is about."""

    incident: int
    run: int
    step: str = ""  # empty: the run as a whole
    approval: int = 0  # zero: no request for approval


def skip_modal(run: PlaybookRun, state: StepState) -> Block:
    """Asks why a step is skipped; warns if that withdraws a request for approval."""
    ask = elements.input_block("reason", "Why?", elements.text_input(longest=REASON, placeholder="We have no replica"))
    return _form("walk_skip", "Skip step", "Skip", run, state, [_step_title(state), *_withdrawn_request(state), ask])


def _withdrawn_request(state: StepState) -> list[Block]:
    if state.state is not StepStatus.WAITING or state.asked is None:
        return []
    return [
        elements.context(
            f"{mention(state.asked.by)} asked for approval of this step. Skipping it withdraws the request."
        )
    ]


def note_modal(run: PlaybookRun, state: StepState | None) -> Block:
    """A note on a step, or on the run as a whole if `state` is `None`."""
    ask = elements.input_block("text", "Note", elements.text_input(multiline=True))
    return _form("walk_note", "Add a note", "Add", run, state, [*([_step_title(state)] if state else []), ask])


def stop_modal(run: PlaybookRun) -> Block:
    """Asks why the run is stopped."""
    intro = elements.section(f"*{render(run.name)}* ends here. What has been done so far stays on the timeline.")
    ask = elements.input_block(
        "reason", "Why?", elements.text_input(longest=REASON, placeholder="It is not the database")
    )
    return _form("walk_stop", "Stop playbook", "Stop", run, None, [intro, ask])


def assign_modal(run: PlaybookRun, state: StepState, asker: str) -> Block:
    """Preselects the present holder, or else the asker."""
    element = {
        "type": "users_select",
        "initial_user": state.holder or asker,
        "placeholder": elements.plain_text("Choose a person", elements.PLACEHOLDER),
    }
    ask = elements.input_block("holder", "Who does it?", element, hint="They get the reminder when it takes too long.")
    return _form("walk_assign", "Assign step", "Assign", run, state, [_step_title(state), ask])


def rollback_modal(run: PlaybookRun, state: StepState, step: Step) -> Block:
    """How to undo the step by hand, and a button to record that it is done. No runner takes this rollback."""
    commands = [
        elements.section(elements.preformatted(clip(command.filled_in(run.values), 2900)))
        for command in step.rollback[:COMMANDS]
    ]
    text = [elements.section(render(step.rollback_text))] if step.rollback_text else []
    how = "Do this first, then press *Rolled back*."
    ask = elements.input_block("reason", "Why?", elements.text_input(longest=REASON), optional=True)
    blocks = [_step_title(state), elements.section(how), *commands, *text, ask]
    return _form("walk_rollback", "Roll back step", "Rolled back", run, state, blocks)


def refuse_modal(run: PlaybookRun, state: StepState, approval: Approval) -> Block:
    """Asks why approval is refused; the reason is optional."""
    ask = elements.input_block(
        "reason", "Why?", elements.text_input(longest=REASON, placeholder="Not before the backup"), optional=True
    )
    return _form("walk_refuse", "Refuse", "Refuse", run, state, [_step_title(state), ask], approval)


def glass_modal(run: PlaybookRun, state: StepState, approval: Approval) -> Block:
    """Asks for the reason why a step cannot wait for a second person's approval."""
    commands = [elements.section(elements.preformatted(clip(command, 2900))) for command in approval.shown[:COMMANDS]]
    warning = elements.section(
        ":rotating_light: *This goes ahead without approval.* The channel is told, and the timeline keeps it, "
        "with your name and your reason."
    )
    ask = elements.input_block(
        "reason", "Why can it not wait?",
        elements.text_input(longest=REASON, placeholder="Nobody else is awake and customers cannot pay"),
    )  # fmt: skip
    return _form(
        "walk_glass", "Break glass", "Break glass", run, state, [_step_title(state), *commands, warning, ask], approval
    )


def fill_modal(run: PlaybookRun, playbook: Playbook) -> Block:
    """An input for every parameter, the missing ones first."""
    missing_first = sorted(playbook.parameters, key=lambda parameter: parameter.name in run.values)
    blocks = [
        _parameter_input(parameter, run.values.get(parameter.name, "")) for parameter in missing_first[:PARAMETERS]
    ]
    intro = elements.section(
        "These values are filled into the commands. Changing one withdraws approvals that were given for the old one."
    )
    return _form("walk_fill", "Fill in", "Save", run, None, [intro, *blocks])


def subject_of(view: View) -> FormSubject:
    """Raises `InputErrors` if the metadata of the form is lost."""
    metadata = inputs.metadata_of(view)
    incident, run = inputs.incident_of(view), metadata.get("walk")
    if not isinstance(run, int):
        raise InputErrors({inputs.first_block(view): "This form has lost its playbook. Close it and open it again."})
    return FormSubject(incident, run, str(metadata.get("step") or ""), int(metadata.get("approval") or 0))


def reason(view: View, example: str) -> str:
    """Raises `InputErrors`, with `example` in the message, if the input is empty."""
    text = inputs.text(view, "reason")
    if not text:
        raise InputErrors({"reason": f"Say why, such as “{example}”."})
    return text


def values_of_fill(view: View, playbook: Playbook) -> dict[str, str]:
    """The values that were filled in; empty inputs are left out. Raises `InputErrors` for unusable values."""
    values: dict[str, str] = {}
    errors: dict[str, str] = {}
    for parameter in playbook.parameters:
        name = f"{VALUE}{parameter.name}"
        value = (inputs.chosen(view, name) or "") if parameter.options else inputs.text(view, name)
        if not value:
            continue
        if problem := parameter.problem_with(value):
            errors[name] = problem
        values[parameter.name] = value
    if errors:
        raise InputErrors(errors)
    return values


def _parameter_input(parameter: Parameter, value: str) -> Block:
    name = f"{VALUE}{parameter.name}"
    label = f"{parameter.name}: {parameter.description}" if parameter.description else parameter.name
    if parameter.options:
        options = [elements.option(option, option) for option in elements.usable(parameter.options)]
        return elements.input_block(name, label, elements.select(options, value), optional=True)
    return elements.input_block(name, label, elements.text_input(value, longest=VALUE_LENGTH), optional=True)


def _step_title(state: StepState) -> Block:
    return elements.section(f"*{state.key} {render(state.title)}*")


def _form(
    callback: str,
    title: str,
    submit: str,
    run: PlaybookRun,
    state: StepState | None,
    blocks: Sequence[Block],
    approval: Approval | None = None,
) -> Block:
    metadata = inputs.metadata(
        incident=f"INC-{run.incident}", walk=run.number, step=state.key if state else None,
        approval=approval.number if approval else None,
    )  # fmt: skip
    return elements.modal(callback, title, submit, blocks, metadata)
