"""The forms of a walk: why a step is skipped, a note, who holds it, what its commands are filled in with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain.playbook.definition import Parameter, Playbook, Step
from bot.domain.playbook.run import Approval, PlaybookRun, StepState, StepStatus
from bot.slack.blocks import elements, inputs
from bot.slack.blocks.elements import Block
from bot.slack.blocks.inputs import InputErrors, View
from bot.slack.text import clip, mention, render

VALUE = "value:"  # before a parameter's name, in the id of its input
PARAMETERS = 90  # of a form's 100 blocks
REASON = 1000
VALUE_LENGTH = 600
SHOWN = 12  # commands that a form shows


@dataclass(frozen=True, slots=True)
class Of:
    """What a form is about. `step` is empty where it is the walk as a whole, `approval` where it is no request."""

    incident: int
    walk: int
    step: str = ""
    approval: int = 0


def skip_modal(walk: PlaybookRun, mark: StepState) -> Block:
    ask = elements.input_block("reason", "Why?", elements.text_input(longest=REASON, placeholder="We have no replica"))
    return _form("walk_skip", "Skip step", "Skip", walk, mark, [_named(mark), *_request_ends(mark), ask])


def _request_ends(mark: StepState) -> list[Block]:
    if mark.state is not StepStatus.WAITING or mark.asked is None:
        return []
    return [elements.context(f"{mention(mark.asked.by)} has asked for approval of it. That request ends with this.")]


def note_modal(walk: PlaybookRun, mark: StepState | None) -> Block:
    ask = elements.input_block("text", "Note", elements.text_input(multiline=True))
    return _form("walk_note", "Add a note", "Add", walk, mark, [*([_named(mark)] if mark else []), ask])


def stop_modal(walk: PlaybookRun) -> Block:
    said = elements.section(f"*{render(walk.name)}* ends here, and what is done so far stays on the timeline.")
    ask = elements.input_block(
        "reason", "Why?", elements.text_input(longest=REASON, placeholder="It is not the database")
    )
    return _form("walk_stop", "Stop playbook", "Stop", walk, None, [said, ask])


def assign_modal(walk: PlaybookRun, mark: StepState, asker: str) -> Block:
    element = {
        "type": "users_select",
        "initial_user": mark.holder or asker,
        "placeholder": elements.plain_text("Somebody", 150),
    }
    ask = elements.input_block("holder", "Who does it?", element, hint="They are asked when it takes too long.")
    return _form("walk_assign", "Assign step", "Assign", walk, mark, [_named(mark), ask])


def rollback_modal(walk: PlaybookRun, mark: StepState, step: Step) -> Block:
    """What has to be done to undo the step. No runner takes it: a person does it, and says so here."""
    commands = [
        elements.section(elements.preformatted(clip(one.filled_in(walk.values), 2900))) for one in step.rollback[:SHOWN]
    ]
    words = [elements.section(render(step.rollback_text))] if step.rollback_text else []
    how = "Do this first, then press *Rolled back*."
    ask = elements.input_block("reason", "Why?", elements.text_input(longest=REASON), optional=True)
    blocks = [_named(mark), elements.section(how), *commands, *words, ask]
    return _form("walk_rollback", "Roll back step", "Rolled back", walk, mark, blocks)


def refuse_modal(walk: PlaybookRun, mark: StepState, approval: Approval) -> Block:
    ask = elements.input_block(
        "reason", "Why?", elements.text_input(longest=REASON, placeholder="Not before the backup"), optional=True
    )
    return _form("walk_refuse", "Refuse", "Refuse", walk, mark, [_named(mark), ask], approval)


def glass_modal(walk: PlaybookRun, mark: StepState, approval: Approval) -> Block:
    """Nobody else is there."""
    commands = [elements.section(elements.preformatted(clip(one, 2900))) for one in approval.shown[:SHOWN]]
    said = elements.section(
        ":rotating_light: *Nobody else will have approved this.* It is told in the channel and stays on the timeline, "
        "with your name and your reason."
    )
    ask = elements.input_block(
        "reason", "Why can it not wait?",
        elements.text_input(longest=REASON, placeholder="Nobody else is awake and customers cannot pay"),
    )  # fmt: skip
    return _form("walk_glass", "Break glass", "Break glass", walk, mark, [_named(mark), *commands, said, ask], approval)


def fill_modal(walk: PlaybookRun, playbook: Playbook) -> Block:
    """Every parameter, what is missing first."""
    missing = [one for one in playbook.parameters if one.name not in walk.values]
    known = [one for one in playbook.parameters if one.name in walk.values]
    blocks = [_parameter(one, walk.values.get(one.name, "")) for one in [*missing, *known][:PARAMETERS]]
    intro = elements.section(
        "These stand in the commands of this playbook. Changing one takes back approvals that showed another."
    )
    return _form("walk_fill", "Fill in", "Save", walk, None, [intro, *blocks])


def of(view: View) -> Of:
    """Raises `InputErrors` where the form does not know any more what it is about."""
    known = inputs.metadata_of(view)
    incident, walk = inputs.incident_of(view), known.get("walk")
    if not isinstance(walk, int):
        raise InputErrors({inputs.first_block(view): "This form has lost its playbook. Close it and open it again."})
    return Of(incident, walk, str(known.get("step") or ""), int(known.get("approval") or 0))


def reason(view: View, example: str) -> str:
    """Raises `InputErrors` where nothing is given."""
    said = inputs.text(view, "reason")
    if not said:
        raise InputErrors({"reason": f"Say why, such as “{example}”."})
    return said


def values_of_fill(view: View, playbook: Playbook) -> dict[str, str]:
    """What was filled in; empty inputs leave a value as it is. Raises `InputErrors` for what cannot be used."""
    given: dict[str, str] = {}
    wrong: dict[str, str] = {}
    for one in playbook.parameters:
        name = f"{VALUE}{one.name}"
        said = (inputs.chosen(view, name) or "") if one.options else inputs.text(view, name)
        if not said:
            continue
        if trouble := one.problem_with(said):
            wrong[name] = trouble
        given[one.name] = said
    if wrong:
        raise InputErrors(wrong)
    return given


def _parameter(one: Parameter, value: str) -> Block:
    label = f"{one.name}: {one.description}" if one.description else one.name
    if one.options:
        options = [elements.option(option, option) for option in elements.usable(one.options)]
        return elements.input_block(f"{VALUE}{one.name}", label, elements.select(options, value), optional=True)
    element = elements.text_input(value, longest=VALUE_LENGTH)
    return elements.input_block(f"{VALUE}{one.name}", label, element, optional=True)


def _named(mark: StepState) -> Block:
    return elements.section(f"*{mark.key} {render(mark.title)}*")


def _form(
    callback: str,
    title: str,
    submit: str,
    walk: PlaybookRun,
    mark: StepState | None,
    blocks: Sequence[Block],
    approval: Approval | None = None,
) -> Block:
    known = inputs.metadata(
        incident=f"INC-{walk.incident}", walk=walk.number, step=mark.key if mark else None,
        approval=approval.number if approval else None,
    )  # fmt: skip
    return elements.modal(callback, title, submit, blocks, known)
