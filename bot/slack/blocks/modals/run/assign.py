"""Builds the form **Assign step**, which gives a playbook step to a person."""

from __future__ import annotations

from bot.domain.playbook.run import PlaybookRun, StepState
from bot.slack.blocks import elements
from bot.slack.blocks.elements import Block
from bot.slack.blocks.modals.run.form import run_form, step_title


def assign_modal(run: PlaybookRun, state: StepState, asker: str) -> Block:
    """The form. It preselects the present holder of the step, or else the asker."""
    element = {
        "type": "users_select",
        "initial_user": state.holder or asker,
        "placeholder": elements.plain_text("Choose a person", elements.PLACEHOLDER),
    }
    ask = elements.input_block("holder", "Who does it?", element, hint="They get the reminder when it takes too long.")
    return run_form("walk_assign", "Assign step", "Assign", run, state, [step_title(state), ask])
