"""Builds the blocks of one step of a playbook run: its text, commands, status and buttons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.domain.incident import Incident
from bot.domain.playbook import timers
from bot.domain.playbook.approvals import answer_text
from bot.domain.playbook.definition import Command, Playbook, Step
from bot.domain.playbook.run import ApprovalStatus, PlaybookRun, StepState, StepStatus
from bot.domain.timeline.entry import BOT
from bot.slack.blocks import elements, phrases
from bot.slack.blocks.elements import Block, Message, button
from bot.slack.blocks.press_value import press_value
from bot.slack.blocks.run.step_line import REASON
from bot.slack.text import clip, length, mention, render

COMMAND = 2800  # characters of one command, within a section; the library's longest has 700
COMMANDS = 15  # in the view of one step
ROLLBACK_COMMANDS = 10
UNDO = "Roll back"
TOO_LONG = "Too long for a message. All of it: `tocsin playbooks show`"


def step_in_full(playbook: Playbook, run: PlaybookRun, key: str) -> Message:
    """A message to one person with everything about a step, including its rollback and notes."""
    state = run.step(key)
    step = next(step for step in playbook.steps if step.key == state.key)
    notes = "\n".join(f"• {mention(note.by)}: {render(clip(note.text, REASON))}" for note in state.notes)
    rollback_blocks = [
        elements.section(command_text(command, run.values)) for command in step.rollback[:ROLLBACK_COMMANDS]
    ]
    return elements.message(
        f"{run.name}, step {key}",
        [
            *_description(step),
            *[elements.section(command_text(command, run.values)) for command in step.commands[:COMMANDS]],
            _verification(step),
            elements.section("*To roll it back*" + (f"\n{render(step.rollback_text)}" if step.rollback_text else ""))
            if rollback_blocks or step.rollback_text
            else None,
            *rollback_blocks,
            elements.section(clip(f"*Notes*\n{notes}", elements.TEXT)) if notes else None,
        ],
    )


def whole_step(step: Step, state: StepState, commands: Sequence[str], now: datetime) -> list[Block]:
    """The step with its `commands`, which are rendered already."""
    blocks = [
        *_description(step),
        *(elements.section(command) for command in commands),
        _verification(step),
        _status(state, now),
    ]
    return [block for block in blocks if block]


def short_step(step: Step, state: StepState, now: datetime) -> list[Block]:
    """The step's title and status, for a message without room for the commands."""
    more = "For its commands choose *Show in full* from the menu." if step.commands else ""
    lines = [f"*{step.key} {render(step.title)}*", more]
    blocks = [elements.section("\n".join(line for line in lines if line)), _status(state, now)]
    return [block for block in blocks if block]


def command_text(command: Command, values: Mapping[str, str]) -> str:
    """The command as preformatted mrkdwn, with its parameters filled in and its explanation above it."""
    text = command.filled_in(values)
    about = f"{render(command.about)}\n" if command.about else ""
    if length(text) <= COMMAND:
        return about + elements.preformatted(text)
    return f"{about}{elements.preformatted(text[: COMMAND - 200])}\n:scissors: {TOO_LONG}"


def step_buttons(
    incident: Incident, run: PlaybookRun, step: Step, state: StepState, *, runnable: bool, undoable: bool
) -> Block | None:
    """The step's buttons. `runnable` and `undoable` say whether a runner would run it, or roll it back."""
    value = press_value(incident, run.number, state.key)
    free = state.state not in (StepStatus.RUNNING, StepStatus.WAITING)
    going_back = state.state is StepStatus.APPROVED and not state.approved  # the approval is for its rollback
    can_roll_back = state.undoable and (bool(step.rollback or step.rollback_text) or undoable)
    return elements.actions(
        button("Ask for approval", "walk_ask", value, style="primary")
        if free and not state.approved and not going_back
        else None,
        button("Done", "walk_done", value, style="primary") if free and state.approved else None,
        button("Skip", "walk_skip", value) if state.state is not StepStatus.RUNNING else None,
        button("Run", "walk_run", value) if runnable and free and not going_back else None,
        button(UNDO, "walk_rollback", value, style="primary" if going_back else None)
        if can_roll_back and free
        else None,
        button("Assign", "walk_assign", value),
        _overflow(value, why=step.automation is not None and not runnable),
        block_id=f"step:{run.number}:{state.key}",
    )


def _overflow(value: str, *, why: bool) -> Block:
    options = [elements.option("Add a note", f"{value}:note"), elements.option("Show in full", f"{value}:show")]
    if why:
        options.append(elements.option("Why can I not run it?", f"{value}:why"))
    return elements.overflow("walk_more", options)


def _description(step: Step) -> list[Block]:
    """The title as a header, because it is large there; a header takes plain text only."""
    lines = [f"_Only if:_ {render(step.when)}"] if step.when else []
    if step.description:
        lines.append(render(step.description))
    blocks = [elements.header(f"{step.key} {step.title}")]
    if lines:
        blocks.append(elements.section(clip("\n".join(lines), elements.TEXT)))
    if step.dangerous:
        blocks.append(elements.section(f":warning: *Dangerous.* {clip(render(step.dangerous), 1000)}"))
    return blocks


def _verification(step: Step) -> Block | None:
    lines = []
    if step.verification:
        lines.append(f":mag: *Done when:* {render(step.verification)}")
    if step.expected:
        lines.append(f"*You should see:* {render(step.expected)}")
    if step.note:
        lines.append(f":bulb: {render(step.note)}")
    return elements.section(clip("\n".join(lines), elements.TEXT)) if lines else None


def _status(state: StepState, now: datetime) -> Block | None:
    """Status, assignee, due time and the latest notes."""
    lines = [_status_line(state, now), _assignment(state, now)]
    lines += [f":memo: {mention(note.by)}: {render(clip(note.text, REASON))}" for note in state.notes[-2:]]
    lines = [line for line in lines if line]
    return elements.context("\n".join(lines)) if lines else None


def _status_line(state: StepState, now: datetime) -> str:  # noqa: PLR0911 - a table: one line for each state
    at = phrases.at(state.at, now) if state.at else ""
    person = mention(state.by) if state.by else "someone"
    because = f": {render(clip(state.reason, REASON))}" if state.reason else ""
    match state.state:
        case StepStatus.WAITING if state.asked and state.asked.answer is ApprovalStatus.WAITING:
            purpose = {"run": "to run it", "rollback": "to roll it back"}.get(state.asked.action, "to do it")
            until = elements.clock(state.asked.due_at)
            return f":raised_hand: {mention(state.asked.by)} asked for approval {purpose} {at}; it expires {until}"
        case StepStatus.APPROVED if state.asked and state.asked.answer is ApprovalStatus.BREAK_GLASS:
            return f":rotating_light: {render(answer_text(state.asked))}"
        case StepStatus.APPROVED:
            return f":thumbsup: Approved by {person} {at}"
        case StepStatus.RUNNING:
            activity = "Running" if state.action == "run" else "Being rolled back"
            return f":hourglass_flowing_sand: {activity} since {at}, started by {person}"
        case StepStatus.FAILED:
            return f":x: Failed {at}{because}"
        case StepStatus.TIMED_OUT:
            return f":alarm_clock: Timed out {at}{because}"
        case StepStatus.MAY_HAVE_RUN:
            return f":warning: *It may have run.* Look first, then decide: *Done*, *{UNDO}* or do it again.{because}"
        case StepStatus.ROLLED_BACK:
            failed = f":x: Failed: {render(clip(state.failed, REASON))}\n" if state.failed else ""
            how = "" if state.by == BOT else because  # the thread has the bot's reason
            return f"{failed}:rewind: Rolled back by {person} {at}{how}. Do it again, or skip it."
    if state.asked and state.asked.answer in (
        ApprovalStatus.REFUSED,
        ApprovalStatus.EXPIRED,
        ApprovalStatus.WITHDRAWN,
    ):
        return f":no_entry: Approval {render(answer_text(state.asked))}"
    return ":raised_hand: Needs another person's approval." if state.needs_approval else ""


def _assignment(state: StepState, now: datetime) -> str:
    holder = f":bust_in_silhouette: {mention(state.holder)}" if state.holder else ""
    if state.state not in timers.TIMED or state.started_at is None:
        return holder
    due_at = state.started_at + state.timeout
    label = "was to be done by" if due_at < now else "to be done by"
    return elements.join_dots([holder, f":stopwatch: {label} {phrases.at(due_at, now)}"])
