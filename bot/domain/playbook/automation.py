"""May a step run without a person? A pure decision from the matrix, confidence, blast radius and severity, in words.

The decision matrix is that of document 003, whose rows are incident type, confidence, blast radius and action. What
nobody has said does not hold, and where no line fits a person decides.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.incident import Incident
from bot.domain.incident.classification import is_met
from bot.domain.playbook.definition import Playbook, Step
from bot.domain.policy.automation_rules import AutomationRules, MatrixRow
from bot.domain.policy.policy import Condition, Fact

CONFIDENCE = "confidence"  # the fact that says how sure one is of the cause, from 0 to 1
AUTO, APPROVE, MANUAL, REFUSED = "auto", "approve", "manual", "refused"


@dataclass(frozen=True, slots=True)
class Decision:
    """`auto`: without a person; `approve`: when somebody approves; `manual`: when somebody presses Run; `refused`: not
    at all, copy the commands. `reasons` say why, the deciding one first.
    """

    mode: str
    reasons: tuple[str, ...]


def decide(
    rules: AutomationRules,
    incident: Incident,
    playbook: Playbook,
    step: Step,
    *,
    runner_refusal: str | None = None,
    confidence: float | None = None,
) -> Decision:
    """`trouble` is why its runner would not take it; `confidence` that of whoever proposed the playbook."""
    if why := _blocked(rules, incident, step) or runner_refusal:
        return Decision(REFUSED, (why,))
    row, passed = _matching_row(rules, incident, playbook, step, _confidence(incident, confidence))
    wanted = row.decision if row else rules.otherwise
    said = f"the matrix says {wanted}: {row.name}" if row else f"no line of the matrix fits, and then it is {wanted}"
    if wanted == MANUAL:
        return Decision(MANUAL, (said, *passed))
    lowered = _approval_reasons(rules, incident, step, _confidence(incident, confidence))
    if wanted == AUTO and lowered:
        return Decision(APPROVE, (*lowered, said, *passed))
    return Decision(wanted, (said, *passed))


def explain(decision: Decision) -> str:
    """Dry, for people."""
    head = {
        AUTO: "Runs without a person",
        APPROVE: "Runs when somebody approves",
        MANUAL: "Runs when somebody presses Run",
        REFUSED: "Is not run",
    }[decision.mode]
    return f"{head}: {'; '.join(decision.reasons)}."


def _blocked(rules: AutomationRules, incident: Incident, step: Step) -> str | None:
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
    rules: AutomationRules, incident: Incident, playbook: Playbook, step: Step, sure: float | None
) -> tuple[MatrixRow | None, tuple[str, ...]]:
    """The first line that fits wholly; and of those about this step that were passed over, why."""
    passed: list[str] = []
    for row in rules.matrix:
        if not _concerns(row, incident, playbook, step):
            continue
        why = [*_confidence_shortfall(row, sure), *_unmet_conditions(row, incident)]
        if not why:
            return row, tuple(passed)
        passed.append(f"{row.name}: {', '.join(why)}")
    return None, tuple(passed)


def _concerns(row: MatrixRow, incident: Incident, playbook: Playbook, step: Step) -> bool:
    action = step.automation.action if step.automation else None
    return (
        (not row.playbooks or playbook.id in row.playbooks)
        and (not row.categories or (incident.category or playbook.category) in row.categories)
        and (not row.actions or action in row.actions)
    )


def _confidence_shortfall(row: MatrixRow, sure: float | None) -> list[str]:
    if row.confidence is None:
        return []
    if sure is None:
        return [f"it wants confidence above {row.confidence:g}, and nobody has said how sure we are"]
    return [] if sure > row.confidence else [f"confidence is {sure:g}, and it wants more than {row.confidence:g}"]


def _unmet_conditions(row: MatrixRow, incident: Incident) -> list[str]:
    facts = facts_of(incident)
    return [
        _unmet_text(condition, facts.get(condition.fact)) for condition in row.radius if not is_met(condition, facts)
    ]


def facts_of(incident: Incident) -> dict[str, Fact]:
    """What was said of the incident, and how many services it affects."""
    return {"services": float(len(incident.services)), **incident.facts}


def _unmet_text(condition: Condition, fact: Fact | None) -> str:
    wanted = f"{condition.fact} {condition.relation} {condition.figure:g}" if condition.relation else condition.fact
    if fact is None:
        return f"it wants {wanted}, and nobody has said {condition.fact}"
    return f"it wants {wanted}, and {condition.fact} is {fact if isinstance(fact, bool) else f'{fact:g}'}"


def _approval_reasons(rules: AutomationRules, incident: Incident, step: Step, sure: float | None) -> list[str]:
    """Why, in spite of the matrix, a person must approve."""
    found = []
    if step.requires_approval:
        found.append("the playbook asks for approval" + (f" ({step.dangerous})" if step.dangerous else ""))
    if not incident.open:
        found.append(f"the incident is {incident.status}")
    if rules.severities and incident.severity not in rules.severities:
        found.append(f"at {incident.severity} nothing runs without a person, only at {', '.join(rules.severities)}")
    wanted = _threshold(rules, step)
    if wanted is not None and (sure is None or sure < wanted):
        known = f"confidence is {sure:g}" if sure is not None else "nobody has said how sure we are"
        found.append(f"{known}, and {wanted:g} is needed")
    return found


def _threshold(rules: AutomationRules, step: Step) -> float | None:
    """The higher one of the policy's for the action and the step's own."""
    automation = step.automation
    assert automation is not None  # noqa: S101 - `_closed` has looked
    said = [automation.confidence, rules.thresholds.get(automation.action or "")]
    return max((one for one in said if one is not None), default=None)


def _confidence(incident: Incident, confidence: float | None) -> float | None:
    said = incident.facts.get(CONFIDENCE)
    if said is not None and not isinstance(said, bool):
        return float(said)
    return confidence
