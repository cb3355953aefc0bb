"""Builds the list of all steps of a playbook run, for one person."""

from __future__ import annotations

from datetime import datetime

from bot.domain.incident import Incident
from bot.domain.playbook.definition import Playbook, Step
from bot.domain.playbook.run import PlaybookRun, StepState, StepStatus
from bot.slack.blocks import elements
from bot.slack.blocks.elements import Block, Message
from bot.slack.blocks.press_value import press_value
from bot.slack.blocks.run.step import UNDO
from bot.slack.blocks.run.step_line import progress_bar, step_line
from bot.slack.text import render


def all_steps(incident: Incident, playbook: Playbook, run: PlaybookRun, now: datetime) -> Message:
    """One line for each step, with a menu of what a person can do with it."""
    steps = {step.key: step for step in playbook.steps}
    blocks: list[Block | None] = [elements.section(f"*{render(run.name)}* · {progress_bar(run)}")]
    room = elements.MESSAGE_BLOCKS - 2
    for state in run.steps[:room]:
        blocks.append(elements.section(step_line(state, now), _step_menu(incident, run, state, steps[state.key])))
    blocks.append(elements.left_out(len(run.steps) - room, f"All of it: `tocsin playbooks show {run.playbook}`"))
    return elements.message(f"{run.name}: all steps", blocks)


def _step_menu(incident: Incident, run: PlaybookRun, state: StepState, step: Step) -> Block:
    def option(label: str, choice: str) -> Block:
        return elements.option(label, press_value(incident, run.number, state.key, choice))

    options = [option("Show in full", "show"), option("Add a note", "note")]
    if state.settled or state.state is StepStatus.ROLLED_BACK:
        options.append(option("Open it again", "reopen"))
    if state.undoable and (step.rollback or step.rollback_text):
        options.append(option(UNDO, "rollback"))
    return elements.overflow("walk_more", options)
