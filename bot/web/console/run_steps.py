"""Gathers what the page of a playbook run shows of each step, and the operations that fit it now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.domain.errors import Refused
from bot.domain.incident import Incident
from bot.domain.playbook.definition import Playbook, Step
from bot.domain.playbook.run import SETTLED, PlaybookRun, StepState, StepStatus
from bot.usecases.context import Context
from bot.usecases.playbooks.dry_run import runnable_steps
from bot.usecases.playbooks.unit_of_work import load_run
from bot.web.console.fields import Field


@dataclass(frozen=True, slots=True)
class OpenRun:
    """A run with its playbook as it was when the run was opened."""

    run: PlaybookRun
    playbook: Playbook
    runnable: frozenset[str]  # the keys of the steps that a runner would run now

    def detail(self, key: str) -> dict[str, Any]:
        """A step in full; its commands are filled in with the run's values, as far as they are known."""
        step = self.playbook.step(key)
        values = _values(self.playbook, self.run)
        return {
            "description": step.description, "dangerous": step.dangerous, "verification": step.verification,
            "expected": step.expected, "rollback": _rollback(step, values),
            "commands": [command.filled_in(values) for command in step.commands],
        }  # fmt: skip

    def verbs(self, key: str) -> frozenset[str]:
        """The names of the operations that fit the step, as the buttons in Slack do."""
        state = next(state for state in self.run.steps if state.key == key)
        return frozenset({"note_step", *_fitting_operations(state, runnable=key in self.runnable)})

    def questions(self) -> tuple[Field, ...]:
        """The fields of the values that the commands need."""
        return tuple(
            Field(
                parameter.name, parameter.name.replace("_", " ").capitalize(),
                "choice" if parameter.options else "line", False,
                (("", "–"), *((option, option) for option in parameter.options)),
                hint=parameter.description or (f"If left out: {parameter.default}" if parameter.default else ""),
            )
            for parameter in self.playbook.parameters
        )  # fmt: skip


async def open_run(context: Context, incident: Incident, number: int) -> OpenRun:
    """A run of the incident. Raises `NotFound`."""
    async with context.database.reading() as conn:
        run, playbook = await load_run(conn, incident.number, number)
    runnable, _ = runnable_steps(context, incident, playbook, run)
    return OpenRun(run, playbook, frozenset(runnable))


def _fitting_operations(state: StepState, *, runnable: bool) -> list[str]:
    if state.state in SETTLED:
        return []
    if state.state is StepStatus.RUNNING:
        return ["assign_step"]
    waits = state.asked is not None and str(state.asked.answer) == "waiting"
    if state.state is StepStatus.WAITING:
        return ["skip_step", "assign_step", *(("approve_step", "refuse_step") if waits else ())]
    first = ["complete_step"] if state.approved else ["ask_for_approval"]
    return [*first, "skip_step", "assign_step", *(("run_step",) if runnable else ())]


def _values(playbook: Playbook, run: PlaybookRun) -> Mapping[str, str]:
    try:
        return playbook.filled_values(run.values)
    except Refused:  # a value that an older version took
        return run.values


def _rollback(step: Step, values: Mapping[str, str]) -> str:
    return "\n".join(command.filled_in(values) for command in step.rollback) or step.rollback_text
