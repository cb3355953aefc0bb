"""Builds the message of a playbook run, edited in place: current steps in full, the others in a line each."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from bot.domain.incident import Incident
from bot.domain.playbook import run as runs
from bot.domain.playbook.definition import Playbook, Step
from bot.domain.playbook.run import ApprovalStatus, PlaybookRun, StepState
from bot.slack.blocks import elements, phrases
from bot.slack.blocks.elements import Block, Message, button
from bot.slack.blocks.press_value import press_value
from bot.slack.blocks.run.step import UNDO, command_text, short_step, step_buttons, whole_step
from bot.slack.blocks.run.step_line import IN_HISTORY, REASON, progress_bar, step_line
from bot.slack.text import clip, escape, length, mention, plain, render

HISTORY = 6  # settled steps that are listed; *All steps* shows the others
COMMANDS = 9000  # characters for the commands of all current steps
BLOCKS = 36  # for the current steps; header, progress, history and criteria need the rest
CRITERIA = 5


def run_message(
    incident: Incident,
    playbook: Playbook,
    run: PlaybookRun,
    now: datetime,
    *,
    runnable: Collection[str] = (),
    undoable: Collection[str] = (),
) -> Message:
    """The message. `runnable` and `undoable` are the keys of steps that a runner would run, or roll back."""
    if not run.active:
        return _ending(incident, playbook, run, now)
    current = runs.current_steps(run)
    resting = _is_resting(incident, run)
    steps = {step.key: step for step in playbook.steps}
    first = current[0]
    prefix = phrases.drill_prefix(incident)
    blocks: list[Block | None] = [
        elements.section(f"{prefix}:blue_book: *{render(plain(run.name))}* · {progress_bar(run)}"),
        elements.context(_opening(incident, run), *([render(run.before)] if run.before else [])),
        elements.context(f"{incident.id} is {incident.status}, so this playbook is paused.") if resting else None,
        _missing_values(incident, playbook, run, [steps[state.key] for state in current]) if not resting else None,
        elements.context(f"*{_phase(playbook, first.phase)}*" + _in_parallel(current)),
        *_current_steps(incident, run, current, steps, now, runnable, undoable),
        elements.divider(),
        _history(run, now),
        _next(run),
        *_escalation_criteria(incident, playbook, run),
        _buttons(incident, playbook, run),
    ]
    text = f"{prefix}{plain(run.name)}: {run.settled} of {len(run.steps)} done. Now {first.key} {plain(first.title)}"
    return elements.message(escape(text), blocks)


def _is_resting(incident: Incident, run: PlaybookRun) -> bool:
    """Whether the incident has ended since the run was opened. What is opened afterwards, such as a review, goes on."""
    return incident.ended_at is not None and run.opened_at <= incident.ended_at


def _opening(incident: Incident, run: PlaybookRun) -> str:
    kind = "Checklist" if run.kind == "checklist" else "Playbook"
    return f"{kind} for {incident.id}, opened by {mention(run.opened_by)} {elements.clock(run.opened_at)}"


def _phase(playbook: Playbook, number: int) -> str:
    phase = playbook.phases[number]
    within = f" ({render(phase.within)})" if phase.within else ""
    return f"Phase {number + 1} of {len(playbook.phases)} · {render(phase.title)}{within}"


def _in_parallel(current: Sequence[StepState]) -> str:
    return f" — these {len(current)} can be done at the same time" if len(current) > 1 else ""


def _missing_values(incident: Incident, playbook: Playbook, run: PlaybookRun, steps: Sequence[Step]) -> Block | None:
    """The parameters that a person must fill in before the commands can be used."""
    missing = dict.fromkeys(parameter for step in steps for parameter in playbook.missing_parameters(step, run.values))
    if not missing:
        return None
    names = ", ".join(f"*{render(parameter.name)}*" for parameter in missing)
    value = press_value(incident, run.number)
    return elements.section(f":pencil2: Fill in {names}, then the commands are ready to copy.",
                       button("Fill in", "walk_fill", value, style="primary"))  # fmt: skip


def _current_steps(
    incident: Incident,
    run: PlaybookRun,
    current: Sequence[StepState],
    steps: Mapping[str, Step],
    now: datetime,
    runnable: Collection[str],
    undoable: Collection[str],
) -> list[Block | None]:
    """Each step in full while there is room; beyond that its title, status and buttons."""
    blocks: list[Block | None] = []
    characters_left, blocks_left = COMMANDS, BLOCKS
    for number, stored in enumerate(current):
        state = stored if incident.open else _after_the_end(incident, stored)
        step = steps[state.key]
        reserved = 3 * (len(current) - number - 1)  # blocks that the following steps need at least
        commands = [command_text(command, run.values) for command in step.commands]
        step_blocks = whole_step(step, state, commands, now)
        characters = sum(length(command) for command in commands)
        if len(step_blocks) + 1 + reserved > blocks_left or characters > characters_left:
            step_blocks = short_step(step, state, now)
        else:
            characters_left -= characters
        buttons = step_buttons(
            incident, run, step, state, runnable=state.key in runnable, undoable=state.key in undoable
        )
        blocks_left -= len(step_blocks) + (buttons is not None)
        blocks += [*step_blocks, None if _is_resting(incident, run) else buttons]
    return blocks


def _after_the_end(incident: Incident, state: StepState) -> StepState:
    """A step of an incident that has ended: without a due time, and with its pending request shown as withdrawn."""
    approval = state.asked
    if approval is not None and approval.answer is ApprovalStatus.WAITING:
        reason = f"no longer needed: {incident.id} is {incident.status}"
        approval = replace(approval, answer=ApprovalStatus.WITHDRAWN, reason=reason)
    return replace(state, started_at=None, asked=approval)


def _history(run: PlaybookRun, now: datetime) -> Block | None:
    current = runs.current_steps(run)
    past_states = (
        state for state in run.steps if state.settled or (state.state in IN_HISTORY and state not in current)
    )
    past = sorted(past_states, key=lambda state: state.at or run.opened_at)
    if not past:
        return None
    lines = [step_line(state, now) for state in past[-HISTORY:]]
    if len(past) > HISTORY:
        lines.insert(0, f"{len(past) - HISTORY} earlier: press *All steps*")
    return elements.context(clip("\n".join(lines), elements.TEXT))


def _next(run: PlaybookRun) -> Block | None:
    following = runs.next_step(run)
    return elements.context(f"*Next:* {following.key} {render(following.title)}") if following else None


def _escalation_criteria(incident: Incident, playbook: Playbook, run: PlaybookRun) -> list[Block | None]:
    """A button for each criterion that has not been used; it pages the next rung after a confirmation."""
    if not incident.open:
        return []
    unused = [
        (number, criterion)
        for number, criterion in enumerate(playbook.escalation_criteria)
        if number not in run.criteria
    ][:CRITERIA]
    if not unused:
        return []
    buttons = [
        elements.with_confirmation(
            button(criterion, f"walk_escalate_{number}", press_value(incident, run.number, number)),
            "Escalate?", f"{criterion}. The next rung of the ladder is paged now.", "Escalate",
        )
        for number, criterion in unused
    ]  # fmt: skip
    return [elements.context("*Escalate when*"), elements.actions(*buttons, block_id=f"criteria:{run.number}")]


def _buttons(incident: Incident, playbook: Playbook, run: PlaybookRun) -> Block | None:
    value, resting = press_value(incident, run.number), _is_resting(incident, run)
    return elements.actions(
        button("All steps", "walk_steps", value),
        None if resting else _undo_button(playbook, run, value),
        button("Change values", "walk_fill", value) if playbook.parameters and not resting else None,
        None if resting else button("Stop", "walk_stop", value),
        block_id=f"walk:{run.number}",
    )


def _undo_button(playbook: Playbook, run: PlaybookRun, value: str) -> Block | None:
    """The button that undoes the step done last, which is no longer current. **All steps** offers it for the others."""
    undoable_states = [state for state in run.steps if state.settled and state.undoable and state.at]
    latest = max(undoable_states, key=lambda state: state.at or run.opened_at, default=None)
    if latest is None:
        return None
    step = playbook.step(latest.key)
    if not step.rollback and not step.rollback_text:
        return None
    return button(f"{UNDO} step {latest.key}", "walk_rollback", f"{value}:{latest.key}")


def _ending(incident: Incident, playbook: Playbook, run: PlaybookRun, now: datetime) -> Message:
    """A finished or stopped run: its outcome, and what the playbook asks for afterwards."""
    prefix, value = phrases.drill_prefix(incident), press_value(incident, run.number)
    actor = f"{mention(run.ended_by)} {phrases.at(run.ended_at, now)}" if run.ended_by and run.ended_at else ""
    finished = run.outcome == "finished"
    head = f":white_check_mark: *Finished* by {actor}" if finished else f":octagonal_sign: *Stopped* by {actor}"
    because = f": {render(clip(run.reason, REASON))}" if run.reason else ""
    text = f"{prefix}{plain(run.name)}: {run.outcome}, {run.settled} of {len(run.steps)} steps"
    return elements.message(
        escape(text),
        [
            elements.section(f"{prefix}:blue_book: *{render(plain(run.name))}* · {progress_bar(run)}\n{head}{because}"),
            _history(run, now),
            *_afterwards(playbook, finished),
            elements.section(_verdict(run)) if finished else None,
            elements.actions(
                button("It helped", "walk_helped", value, style="primary") if finished and run.helped is None else None,
                button("It did not help", "walk_not_helped", value) if finished and run.helped is None else None,
                button("All steps", "walk_steps", value),
                block_id=f"walk:{run.number}",
            ),
        ],
    )


def _verdict(run: PlaybookRun) -> str:
    if run.helped is None:
        return "Did it help? Your answer is shown to the next person who opens it, and to its owner."
    return ":+1: It helped." if run.helped else ":-1: It did not help."


def _afterwards(playbook: Playbook, finished: bool) -> list[Block]:
    if not finished:
        return []
    parts = (("Tell people", playbook.communication), ("Afterwards", playbook.post_resolution))
    return [
        elements.section(clip(f"*{title}*\n" + "\n".join(f"• {render(item)}" for item in items), elements.TEXT))
        for title, items in parts
        if items
    ]
