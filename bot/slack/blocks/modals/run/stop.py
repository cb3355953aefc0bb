"""Builds the form **Stop playbook**, in which a person stops a playbook run with a reason."""

from __future__ import annotations

from bot.domain.playbook.run import PlaybookRun
from bot.slack.blocks import elements
from bot.slack.blocks.elements import Block
from bot.slack.blocks.modals.run.form import REASON, run_form
from bot.slack.text import render


def stop_modal(run: PlaybookRun) -> Block:
    """The form, which asks why the run is stopped."""
    intro = elements.section(f"*{render(run.name)}* ends here. What has been done so far stays on the timeline.")
    ask = elements.input_block(
        "reason", "Why?", elements.text_input(longest=REASON, placeholder="It is not the database")
    )
    return run_form("walk_stop", "Stop playbook", "Stop", run, None, [intro, ask])
