"""Builds the form **Break glass**, in which a person goes ahead with a playbook step without approval."""

from __future__ import annotations

from bot.domain.playbook.run import Approval, PlaybookRun, StepState
from bot.slack.blocks import elements
from bot.slack.blocks.elements import Block
from bot.slack.blocks.modals.run.form import COMMANDS, REASON, run_form, step_title
from bot.slack.text import clip


def break_glass_modal(run: PlaybookRun, state: StepState, approval: Approval) -> Block:
    """The form, which asks why the step cannot wait for a second person's approval."""
    commands = [elements.section(elements.preformatted(clip(command, 2900))) for command in approval.shown[:COMMANDS]]
    warning = elements.section(
        ":rotating_light: *This goes ahead without approval.* The channel is told, and the timeline keeps it, "
        "with your name and your reason."
    )
    ask = elements.input_block(
        "reason", "Why can it not wait?",
        elements.text_input(longest=REASON, placeholder="Nobody else is awake and customers cannot pay"),
    )  # fmt: skip
    return run_form(
        "walk_glass", "Break glass", "Break glass", run, state, [step_title(state), *commands, warning, ask], approval
    )
