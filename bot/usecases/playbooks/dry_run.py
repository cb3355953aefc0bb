"""Before anything runs: what would, byte for byte, and why it may or may not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from bot.domain.errors import Refused
from bot.domain.incident import Incident
from bot.domain.playbook import automation
from bot.domain.playbook import job as jobs
from bot.domain.playbook import run as walks
from bot.domain.playbook.definition import Playbook, Step, Success, fill_in
from bot.domain.playbook.job import Action, Plan
from bot.domain.playbook.run import PlaybookRun
from bot.usecases.context import Context
from playbooks.runners.protocol import Runners


@dataclass(frozen=True, slots=True)
class DryRun:
    """What would run, where, as whom, within which limits, and why it may or may not. Nothing has happened."""

    lines: tuple[str, ...]
    plan: Plan | None
    decision: automation.Decision

    @property
    def allowed(self) -> bool:
        return self.plan is not None and self.decision.mode != automation.REFUSED

    @property
    def explanation(self) -> str:
        return automation.explain(self.decision)


def make_plan(runners: Runners, step: Step, values: Mapping[str, str], action: Action) -> Plan:
    """What a runner will do, byte for byte. Raises `Refused` where it may not."""
    pieces = jobs.invocations_of(step, values, action)
    made = step.automation
    name = made.runner if made and action is Action.RUN else "process"
    runner = runners.get(name)
    if runner is None:
        raise Refused(f"the runner {name} is not set up (`automation.runners` in the policy)")
    allowed = [runner.check(invocation) for invocation in pieces]
    first = allowed[0]
    running = made is not None and action is Action.RUN
    return Plan(
        runner=name,
        action=action,
        invocations=pieces,
        timeout=min([step.timeout, *(one.timeout for one in allowed)]) if name != "wait" else first.timeout,
        success=_success(made.success, values) if made and running else None,
        retries=made.retries if made and running else 0,
        retry_every=made.retry_every if made and running else timedelta(),
        remedy=(made.action if made else None) if running else "rollback",
        where=first.where,
        run_as=first.run_as,
        limits=first.limits,
        rule=first.rule,
        undo=_undo(step, values) if running else (),
    )


def _success(success: Success | None, values: Mapping[str, str]) -> Success | None:
    if success is None or success.promql is None:
        return success
    return replace(success, promql=fill_in(success.promql, values))


def _undo(step: Step, values: Mapping[str, str]) -> tuple[jobs.Invocation, ...]:
    try:
        return jobs.invocations_of(step, values, Action.ROLLBACK)
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
    """For people, before anything runs: **Why not?** is answered from it as well."""
    rules = context.policy.automation
    plan, trouble = None, None
    try:
        plan = make_plan(context.runners(rules), step, playbook.filled_values(values), Action(action))
    except Refused as refused:
        trouble = refused.message.rstrip(".")
    decision = automation.decide(rules, incident, playbook, step, runner_refusal=trouble, confidence=confidence)
    return DryRun(jobs.preview(step, values, action), plan, decision)


def runnable_steps(
    context: Context, incident: Incident, playbook: Playbook, run: PlaybookRun
) -> tuple[set[str], set[str]]:
    """Of the steps whose turn it is, or that can be taken back: which a runner would take, forwards and back."""
    if not context.policy.automation.enabled or not incident.open or incident.drill:
        return set(), set()
    steps = {step.key: step for step in playbook.steps}
    turn = [mark.key for mark in walks.current_steps(run)]
    runs = {key for key in turn if would_run(context, incident, playbook, steps[key], run.values)}
    undoes = {
        mark.key
        for mark in run.steps
        if steps[mark.key].rollback and would_run(context, incident, playbook, steps[mark.key], run.values, "rollback")
    }
    return runs, undoes


def would_run(
    context: Context, incident: Incident, playbook: Playbook, step: Step, values: Mapping[str, str], action: str = "run"
) -> bool:
    return dry_run(context, incident, playbook, step, values, action).allowed
