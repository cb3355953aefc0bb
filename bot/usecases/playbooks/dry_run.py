"""Shows exactly what a step would run, and why it may or may not run. Nothing is run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from bot.domain.errors import Refused
from bot.domain.incident import Incident
from bot.domain.playbook import automation
from bot.domain.playbook.definition import Playbook, Step, Success, fill_in
from bot.domain.playbook.job import Action, Invocation, Plan, invocations_of, preview
from bot.domain.playbook.run import PlaybookRun, current_steps
from bot.usecases.context import Context
from playbooks.runners.protocol import Runners


@dataclass(frozen=True, slots=True)
class DryRun:
    """The plan of a step, and the decision whether it may run."""

    lines: tuple[str, ...]  # for people; what an approval is given to
    plan: Plan | None  # None: a runner or a missing value prevents it
    decision: automation.Decision

    @property
    def allowed(self) -> bool:
        """Whether the step would run: a runner accepts it and the decision matrix does not refuse it."""
        return self.plan is not None and self.decision.mode != automation.REFUSED

    @property
    def explanation(self) -> str:
        """Why the decision matrix decides so, as a sentence."""
        return automation.explain(self.decision)


def make_plan(runners: Runners, step: Step, values: Mapping[str, str], action: Action) -> Plan:
    """Ask the step's runner what it would do and within which limits. Raises `Refused` if it may not.

    A rollback is always commands, so it goes to the runner `process`.
    """
    invocations = invocations_of(step, values, action)
    settings = step.automation if action is Action.RUN else None
    name = settings.runner if settings else "process"
    runner = runners.get(name)
    if runner is None:
        raise Refused(f"the runner {name} is not set up (`automation.runners` in the policy)")
    permissions = [runner.check(invocation) for invocation in invocations]
    first = permissions[0]
    timeout = (
        first.timeout if name == "wait" else min([step.timeout, *(permission.timeout for permission in permissions)])
    )
    plan = Plan(
        runner=name, action=action, invocations=invocations, timeout=timeout, remedy="rollback",
        where=first.where, run_as=first.run_as, limits=first.limits, rule=first.rule,
    )  # fmt: skip
    if settings is None:
        return plan
    return replace(
        plan,
        success=_fill_success(settings.success, values),
        retries=settings.retries,
        retry_every=settings.retry_every,
        remedy=settings.action,
        undo=_undo(step, values),
    )


def _fill_success(success: Success | None, values: Mapping[str, str]) -> Success | None:
    if success is None or success.promql is None:
        return success
    return replace(success, promql=fill_in(success.promql, values))


def _undo(step: Step, values: Mapping[str, str]) -> tuple[Invocation, ...]:
    try:
        return invocations_of(step, values, Action.ROLLBACK)
    except (Refused, ValueError):
        return ()


def dry_run(
    context: Context,
    incident: Incident,
    playbook: Playbook,
    step: Step,
    values: Mapping[str, str],
    action: str = "run",
    confidence: float | None = None,
) -> DryRun:
    """The commands that a step, or its rollback, would run now. The button **Why not?** shows the same explanation.

    `confidence`, from 0 to 1, is how likely the playbook helps.
    """
    rules = context.policy.automation
    plan, refusal = None, None
    try:
        plan = make_plan(context.runners(rules), step, playbook.filled_values(values), Action(action))
    except Refused as refused:
        refusal = refused.message.rstrip(".")
    decision = automation.decide(rules, incident, playbook, step, runner_refusal=refusal, confidence=confidence)
    return DryRun(preview(step, values, action), plan, decision)


def runnable_steps(
    context: Context, incident: Incident, playbook: Playbook, run: PlaybookRun
) -> tuple[set[str], set[str]]:
    """The keys of the current steps that a runner would run, and of all steps that a runner would roll back."""
    if not context.policy.automation.enabled or not incident.open or incident.drill:
        return set(), set()
    steps = {step.key: step for step in playbook.steps}
    current = [state.key for state in current_steps(run)]
    runnable = {key for key in current if would_run(context, incident, playbook, steps[key], run.values)}
    undoable = {
        state.key
        for state in run.steps
        if steps[state.key].rollback
        and would_run(context, incident, playbook, steps[state.key], run.values, "rollback")
    }
    return runnable, undoable


def would_run(
    context: Context, incident: Incident, playbook: Playbook, step: Step, values: Mapping[str, str], action: str = "run"
) -> bool:
    """Whether a runner would run the step, or its rollback, at least after approval or a press of Run."""
    return dry_run(context, incident, playbook, step, values, action).allowed
