"""Builds the form **Add a note**, for a note on a playbook run or one of its steps."""

from __future__ import annotations

from bot.domain.playbook.run import PlaybookRun, StepState
from bot.slack.blocks import elements
from bot.slack.blocks.elements import Block
from bot.slack.blocks.modals.run.form import run_form, step_title


def note_modal(run: PlaybookRun, state: StepState | None) -> Block:
    """The form, about a step, or about the whole run if `state` is None."""
    ask = elements.input_block("text", "Note", elements.text_input(multiline=True))
    return run_form("walk_note", "Add a note", "Add", run, state, [*([step_title(state)] if state else []), ask])
