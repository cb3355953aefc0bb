"""Builds the form **Roll back**, which shows a person how to undo a playbook step by hand."""

from __future__ import annotations

from bot.domain.playbook.definition import Step
from bot.domain.playbook.run import PlaybookRun, StepState
from bot.slack.blocks import elements
from bot.slack.blocks.elements import Block
from bot.slack.blocks.modals.run.form import COMMANDS, REASON, run_form, step_title
from bot.slack.blocks.run.step import UNDO
from bot.slack.text import clip, render


def rollback_modal(run: PlaybookRun, state: StepState, step: Step) -> Block:
    """The form, with the commands that undo the step and a button to record that it is done."""
    commands = [
        elements.section(elements.preformatted(clip(command.filled_in(run.values), 2900)))
        for command in step.rollback[:COMMANDS]
    ]
    text = [elements.section(render(step.rollback_text))] if step.rollback_text else []
    how = "Do this first, then press *Rolled back*."
    ask = elements.input_block("reason", "Why?", elements.text_input(longest=REASON), optional=True)
    blocks = [step_title(state), elements.section(how), *commands, *text, ask]
    return run_form("walk_rollback", UNDO, "Rolled back", run, state, blocks)
