"""Builds the form **Refuse**, in which a person refuses to approve a playbook step."""

from __future__ import annotations

from bot.domain.playbook.run import Approval, PlaybookRun, StepState
from bot.slack.blocks import elements
from bot.slack.blocks.elements import Block
from bot.slack.blocks.modals.run.form import REASON, run_form, step_title


def refuse_modal(run: PlaybookRun, state: StepState, approval: Approval) -> Block:
    """The form, which asks why approval is refused; the reason is optional."""
    ask = elements.input_block(
        "reason", "Why?", elements.text_input(longest=REASON, placeholder="Not before the backup"), optional=True
    )
    return run_form("walk_refuse", "Refuse", "Refuse", run, state, [step_title(state), ask], approval)
