"""Decides whether a step may run unattended, from the decision matrix, confidence, blast radius and severity.

The decision matrix is that of document 003. Its rows match incident type, confidence, blast radius and action. A fact
that nobody stated meets no condition, and if no row matches, the policy's default applies.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.incident import Incident
from bot.domain.incident.classification import is_met
from bot.domain.playbook.definition import Playbook, Step
from bot.domain.policy.automation_rules import AutomationRules, MatrixRow
from bot.domain.policy.policy import Condition, Fact

CONFIDENCE = "confidence"  # the fact that states how certain the cause is, from 0 to 1
AUTO, APPROVE, MANUAL, REFUSED = "auto", "approve", "manual", "refused"


@dataclass(frozen=True, slots=True)
class Decision:
    """The decision whether a step may run by itself, with its reasons."""

    # `auto`: unattended; `approve`: after approval; `manual`: when a person presses Run; `refused`: not by Tocsin.
    mode: str
    reasons: tuple[str, ...]  # for people, the deciding one first


def decide(
    rules: AutomationRules,
    incident: Incident,
    playbook: Playbook,
    step: Step,
    *,
    runner_refusal: str | None = None,
    confidence: float | None = None,
) -> Decision:
    """Decide how a step may run.

    `runner_refusal` is the reason why the step's runner refuses it, if it does. `confidence`, from 0 to 1, is how
    likely the playbook helps; a confidence that a responder stated in the incident takes precedence.
    """
    if refusal := _blocking_reason(rules, incident, step) or runner_refusal:
        return Decision(REFUSED, (refusal,))
    stated = _confidence(incident, confidence)
    row, skipped = _matching_row(rules, incident, playbook, step, stated)
    mode = row.decision if row else rules.otherwise
    source = f"the matrix says {mode}: {row.name}" if row else f"no row of the matrix matches, so it is {mode}"
    if mode == MANUAL:
        return Decision(MANUAL, (source, *skipped))
    objections = _approval_reasons(rules, incident, step, stated)
    if mode == AUTO and objections:
        return Decision(APPROVE, (*objections, source, *skipped))
    return Decision(mode, (source, *skipped))


def explain(decision: Decision) -> str:
    """The decision with its reasons, as one sentence."""
    head = {
        AUTO: "Runs without a person",
        APPROVE: "Runs after approval",
        MANUAL: "Runs when a person presses Run",
        REFUSED: "Does not run",
    }[decision.mode]
    return f"{head}: {'; '.join(decision.reasons)}."


def _blocking_reason(rules: AutomationRules, incident: Incident, step: Step) -> str | None:
    if step.automation is None:
        return "the playbook names no runner for it, so it is for a person"
    if not rules.enabled:
        return "automation is off (`automation.enabled` in the policy)"
    if getattr(rules, step.automation.runner, True) is None:
        return f"the runner {step.automation.runner} is not set up (`automation.runners` in the policy)"
    if incident.drill:
        return "this is a drill, and a drill runs nothing"
    return None


def _matching_row(
    rules: AutomationRules, incident: Incident, playbook: Playbook, step: Step, confidence: float | None
) -> tuple[MatrixRow | None, tuple[str, ...]]:
    """The first row that matches in full, and why each earlier row about this step did not."""
    skipped: list[str] = []
    for row in rules.matrix:
        if not _concerns(row, incident, playbook, step):
            continue
        mismatches = [*_confidence_shortfall(row, confidence), *_unmet_conditions(row, incident)]
        if not mismatches:
            return row, tuple(skipped)
        skipped.append(f"{row.name}: {', '.join(mismatches)}")
    return None, tuple(skipped)


def _concerns(row: MatrixRow, incident: Incident, playbook: Playbook, step: Step) -> bool:
    action = step.automation.action if step.automation else None
    return (
        (not row.playbooks or playbook.id in row.playbooks)
        and (not row.categories or (incident.category or playbook.category) in row.categories)
        and (not row.actions or action in row.actions)
    )


def _confidence_shortfall(row: MatrixRow, confidence: float | None) -> list[str]:
    if row.confidence is None:
        return []
    if confidence is None:
        return [f"it needs confidence above {row.confidence:g}, and nobody has stated the confidence"]
    if confidence > row.confidence:
        return []
    return [f"confidence is {confidence:g}, and it needs more than {row.confidence:g}"]


def _unmet_conditions(row: MatrixRow, incident: Incident) -> list[str]:
    facts = facts_of(incident)
    return [
        _unmet_text(condition, facts.get(condition.fact)) for condition in row.radius if not is_met(condition, facts)
    ]


def facts_of(incident: Incident) -> dict[str, Fact]:
    """The facts stated about the incident, and `services`, the number of affected services."""
    return {"services": float(len(incident.services)), **incident.facts}


def _unmet_text(condition: Condition, fact: Fact | None) -> str:
    text = f"{condition.fact} {condition.relation} {condition.figure:g}" if condition.relation else condition.fact
    if fact is None:
        return f"it needs {text}, and nobody has stated {condition.fact}"
    return f"it needs {text}, and {condition.fact} is {fact if isinstance(fact, bool) else f'{fact:g}'}"


def _approval_reasons(rules: AutomationRules, incident: Incident, step: Step, confidence: float | None) -> list[str]:
    """Why a person must approve although the matrix says `auto`."""
    reasons = []
    if step.requires_approval:
        reasons.append("the playbook asks for approval" + (f" ({step.dangerous})" if step.dangerous else ""))
    if not incident.open:
        reasons.append(f"the incident is {incident.status}")
    if rules.severities and incident.severity not in rules.severities:
        reasons.append(f"at {incident.severity} nothing runs unattended, only at {', '.join(rules.severities)}")
    threshold = _threshold(rules, step)
    if threshold is not None and (confidence is None or confidence < threshold):
        actual = f"confidence is {confidence:g}" if confidence is not None else "nobody has stated the confidence"
        reasons.append(f"{actual}, and {threshold:g} is needed")
    return reasons


def _threshold(rules: AutomationRules, step: Step) -> float | None:
    """The required confidence: the higher of the policy's threshold for the action and the step's own."""
    automation = step.automation
    assert automation is not None  # noqa: S101 - `_blocking_reason` has checked it
    thresholds = [automation.confidence, rules.thresholds.get(automation.action or "")]
    return max((threshold for threshold in thresholds if threshold is not None), default=None)


def _confidence(incident: Incident, confidence: float | None) -> float | None:
    """The confidence stated in the incident, otherwise the given one."""
    stated = incident.facts.get(CONFIDENCE)
    if stated is not None and not isinstance(stated, bool):
        return float(stated)
    return confidence
