"""Parses the values of a playbook run's buttons into the run and step, and opens the forms of those buttons."""

from __future__ import annotations

from bot.domain.errors import Refused
from bot.domain.playbook.definition import Playbook, Step
from bot.domain.playbook.run import PlaybookRun
from bot.slack.blocks.elements import Message
from bot.slack.listeners.calls import IncidentCall, Press, View
from bot.usecases.playbooks.unit_of_work import load_run

STALE_BUTTON = "That button no longer belongs to anything."


def run_and_step(value: str) -> tuple[int, str]:
    """Parse a button's value: `2:3.1` is run 2, step 3.1. The step may be empty. Raises `Refused`."""
    number, _, step = value.partition(":")
    if not number.isdecimal():
        raise Refused(STALE_BUTTON, "playbook")
    return int(number), step


def with_trailing_number(value: str) -> tuple[str, int]:
    """Split `2:3.1:4` into `2:3.1` (run 2, step 3.1) and 4, the number of an approval; 0 if there is no number."""
    step_ref, _, number = value.rpartition(":")
    return step_ref, int(number) if number.isdecimal() else 0


async def run_of(call: Press, value: str) -> tuple[PlaybookRun, Playbook]:
    """The run that a button's value names, and its playbook. Raises `Refused` or `NotFound`."""
    number, _ = run_and_step(value)
    async with call.context.database.reading() as conn:
        return await load_run(conn, call.number, number)


def step_of(playbook: Playbook, key: str) -> Step:
    """The playbook's step with this key."""
    return next(step for step in playbook.steps if step.key == key)


async def open_run_form(call: IncidentCall, view: View) -> Message | None:
    """Open a form that has no command instead. Returns None if it opened, else an answer with a button to open it."""
    return await call.ctx.open_view(call.interaction, view, "", call.incident)
