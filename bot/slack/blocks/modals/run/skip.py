"""Builds the form **Skip step**, in which a person skips a playbook step with a reason."""

from __future__ import annotations

from bot.domain.playbook.run import PlaybookRun, StepState, StepStatus
from bot.slack.blocks import elements
from bot.slack.blocks.elements import Block
from bot.slack.blocks.modals.run.form import REASON, run_form, step_title
from bot.slack.text import mention


def skip_modal(run: PlaybookRun, state: StepState) -> Block:
    """The form, which asks why the step is skipped, and warns if that withdraws a request for approval."""
    ask = elements.input_block("reason", "Why?", elements.text_input(longest=REASON, placeholder="We have no replica"))
    return run_form("walk_skip", "Skip step", "Skip", run, state, [step_title(state), *_withdrawn_request(state), ask])


def _withdrawn_request(state: StepState) -> list[Block]:
    if state.state is not StepStatus.WAITING or state.asked is None:
        return []
    return [
        elements.context(
            f"{mention(state.asked.by)} asked for approval of this step. Skipping it withdraws the request."
        )
    ]
