"""May it run without a person? The decision matrix of document 003, and everything that lowers it, as a table."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.domain.incident import Incident, Ladder
from bot.domain.incident.status import Status
from bot.domain.playbook.automation import Decision, decide, explain
from bot.domain.playbook.definition import Automation, Phase, Playbook, Step
from bot.domain.policy.automation_rules import AutomationRules, MatrixRow, ProcessRules
from bot.domain.policy.policy import Condition

NOW = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)

# Document 003, Decision Matrix: incident type, confidence, blast radius, action.
MATRIX = (
    MatrixRow("service_down", "auto", "Service down", (), (), ("restart",), 0.95, (Condition("nodes", "<", 10),)),
    MatrixRow(
        "latency", "auto", "High latency", ("high-latency",), (), ("scale_up",), 0.9, (Condition("traffic", "<", 20),),
    ),
    MatrixRow("cache_miss", "auto", "Cache miss", (), ("performance",), ("warm_cache",), 0.80),
    MatrixRow("failover", "approve", "Failover", actions=("failover",)),
    MatrixRow("never", "manual", "Never", actions=("drop",)),
)  # fmt: skip
RULES = AutomationRules(enabled=True, process=ProcessRules(), matrix=MATRIX)


def step(action: str | None = "restart", **more: Any) -> Step:
    return Step(
        "1.1", "Do it", automation=Automation("process", action=action, confidence=more.pop("sure", None)), **more
    )


def incident(facts: dict[str, Any] | None = None, **more: Any) -> Incident:
    given = {"number": 1, "title": "Down", "severity": "sev1", "declared_by": "U1"}
    return Incident(**{**given, **more}, declared_at=NOW, detected_at=NOW, ladder=Ladder(NOW), facts=facts or {})


def decision(
    facts: dict[str, Any] | None = None,
    of: Step | None = None,
    rules: AutomationRules = RULES,
    playbook: str = "service-down",
    trouble: str | None = None,
    confidence: float | None = None,
    **more: Any,
) -> Decision:
    one = of or step()
    book = Playbook(playbook, "Book", "availability", (Phase("P", (one,)),))
    return decide(rules, incident(facts, **more), book, one, runner_refusal=trouble, confidence=confidence)


SURE = {"confidence": 0.96, "nodes": 3.0}


NO_ROW_APPROVE = "no row of the matrix matches, so it is approve"


@pytest.mark.parametrize(
    ("decision", "act", "reason"),
    [
        (decision(SURE), "auto", "the matrix says auto: Service down"),
        (decision({"nodes": 3.0}, confidence=0.97), "auto", "the matrix says auto"),
        (decision({"confidence": 0.95, "nodes": 3.0}), "manual", "no row of the matrix matches"),
        (decision({"confidence": 0.96, "nodes": 10.0}), "manual", "no row"),
        (decision({"confidence": 0.96}), "manual", "no row"),
        (decision({"nodes": 3.0}), "manual", "no row"),
        (decision({"confidence": True, "nodes": 3.0}), "manual", "no row"),
        (decision({}, confidence=0.99), "manual", "no row"),
        (
            decision({"traffic": 5.0}, step("scale_up"), playbook="high-latency", confidence=0.91),
            "auto", "High latency",
        ),
        (decision({"traffic": 5.0}, step("scale_up"), playbook="other", confidence=0.91), "manual", "no row"),
        (decision({}, step("warm_cache"), confidence=0.81, category="performance"), "auto", "Cache miss"),
        (decision({}, step("warm_cache"), confidence=0.81, category="security"), "manual", "no row"),
        (decision({}, step("failover")), "approve", "the matrix says approve: Failover"),
        (decision(SURE, step("drop")), "manual", "the matrix says manual: Never"),
        (decision(SURE, step(None)), "manual", "no row"),
        (decision(SURE, step(requires_approval=True)), "approve", "the playbook asks for approval"),
        (decision(SURE, step(requires_approval=True, dangerous="Data goes")), "approve", "approval (Data goes)"),
        (decision(SURE, step(sure=0.99)), "approve", "confidence is 0.96, and 0.99 is needed"),
        (decision(SURE, rules=replace(RULES, thresholds={"restart": 0.97})), "approve", "0.97 is needed"),
        (decision(SURE, rules=replace(RULES, severities=("sev2",))), "approve", "at sev1 nothing runs unattended"),
        (decision(SURE, status=Status.RESOLVED), "approve", "the incident is resolved"),
        (decision(SURE, drill=True), "refused", "this is a drill"),
        (decision(SURE, trouble="not allowed"), "refused", "not allowed"),
        (decision(SURE, rules=replace(RULES, enabled=False)), "refused", "automation is off"),
        (decision(SURE, rules=replace(RULES, process=None)), "refused", "the runner process is not set up"),
        (decision(SURE, Step("1.1", "By hand")), "refused", "names no runner"),
        (decision({}, rules=AutomationRules(enabled=True, process=ProcessRules())), "manual", "no row"),
        (decision({}, rules=AutomationRules()), "refused", "automation is off"),
        (decision({}, rules=replace(RULES, otherwise="approve")), "approve", NO_ROW_APPROVE),
    ],
)  # fmt: skip
def test_a_decision_and_its_first_reason(decision: Decision, act: str, reason: str) -> None:
    assert decision.mode == act
    assert reason in decision.reasons[0]


def test_skipped_matrix_rows_are_explained() -> None:
    assert explain(decision({"nodes": 12.0})) == (
        "Runs when a person presses Run: no row of the matrix matches, so it is manual; Service down: it needs "
        "confidence above 0.95, and nobody has stated the confidence, it needs nodes < 10, and nodes is 12."
    )


def test_the_number_of_affected_services_is_a_fact() -> None:
    row = MatrixRow("one", "auto", "One service", radius=(Condition("services", "<=", 1),))
    rules = replace(RULES, matrix=(row,))
    assert decision({}, step(None), rules, services=("api",)).mode == "auto"
    assert decision({}, step(None), rules, services=("api", "web")).mode == "manual"
