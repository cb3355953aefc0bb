"""The form **Add a note** of a playbook run."""

from __future__ import annotations

from bot.domain.playbook.run import PlaybookRun, StepState
from bot.slack.blocks import elements
from bot.slack.blocks.elements import Block
from bot.slack.blocks.modals.run.form import run_form, step_title


def note_modal(run: PlaybookRun, state: StepState | None) -> Block:
    """A note on a step, or on the run as a whole if `state` is `None`."""
    ask = elements.input_block("text", "Note", elements.text_input(multiline=True))
    return run_form("walk_note", "Add a note", "Add", run, state, [*([step_title(state)] if state else []), ask])
