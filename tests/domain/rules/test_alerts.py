"""Alerts of rules: their labels, links and fingerprints."""

from __future__ import annotations

from dataclasses import replace

from bot import policy
from bot.domain.alerts.alert import AlertStatus
from bot.domain.policy.alerting_rules import Operator, Threshold
from bot.domain.rules.alerts import of_instance, of_unknown, of_unreachable
from bot.domain.rules.life import Instance, RuleState
from tests.domain.rules.making import NOW, rule

POLICY = policy.preset("sev1-5")
FIRING = Instance((("provider", "acme"),), NOW, NOW, "provider.errors is 0.9 (> 0.8)", 0.9, fired_at=NOW, told=False)
RULE = rule(
    Threshold("errors", Operator.GT, 0.8), category="dependency", service="api", tags=("llm", "vendor"),
    labels={"vendor": "{{provider}}", "text": "{{ $labels.provider }} at {{ $value }}, {{missing}}"},
)  # fmt: skip


def test_an_alert_has_the_labels_of_its_series_and_of_its_rule() -> None:
    alert = of_instance(FIRING, RULE, POLICY, "https://prometheus.example.com")
    assert alert.labels == {
        "alertname": "Rule", "source": "rules", "rule": "rule", "severity": "sev1", "category": "dependency",
        "service": "api", "tags": "llm,vendor", "provider": "acme", "vendor": "acme", "text": "acme at 0.9, ",
    }  # fmt: skip
    assert alert.url == "https://prometheus.example.com/graph?g0.expr=errors&g0.tab=0"
    assert alert.title == "Rule: provider.errors is 0.9 (> 0.8)"


def test_the_end_of_an_alert_is_of_the_same_occurrence() -> None:
    firing = of_instance(FIRING, RULE, POLICY, None)
    over = of_instance(replace(FIRING, resolved_at=NOW), RULE, POLICY, None)
    assert over.occurrence == firing.occurrence
    assert (firing.status, over.status) == (AlertStatus.FIRING, AlertStatus.RESOLVED)


def test_a_rule_that_is_renamed_or_relabelled_ends_its_alert_nevertheless() -> None:
    renamed = replace(RULE, name="Other", labels={}, severity="sev3")
    assert of_instance(FIRING, renamed, POLICY, None).occurrence == of_instance(FIRING, RULE, POLICY, None).occurrence


def test_another_series_is_another_alert() -> None:
    other = replace(FIRING, labels=(("provider", "other"),))
    assert of_instance(other, RULE, POLICY, None).identity != of_instance(FIRING, RULE, POLICY, None).identity


def test_a_rule_that_cannot_be_evaluated_is_an_alert_without_data() -> None:
    state = RuleState("rule", problem="no such function", unknown_since=NOW, unknown_told=False)
    alert = of_unknown(state, RULE, POLICY)
    assert (alert.name, alert.labels["severity"], alert.labels["rule"]) == ("RuleUnknown", "sev1", "rule")
    assert alert.nodata  # its route makes it milder
    assert alert.title == "Rule rule cannot be evaluated: no such function"
    assert of_unknown(replace(state, unknown_until=NOW), RULE, POLICY).status is AlertStatus.RESOLVED


def test_an_unreachable_prometheus_is_one_alert_for_all_rules() -> None:
    state = RuleState("", problem="it cannot be reached", unknown_since=NOW, unknown_told=False)
    alert = of_unreachable(state, [RULE, replace(RULE, severity="sev4")], POLICY)
    assert alert.title == "Prometheus cannot be asked, so 2 rules cannot be evaluated: it cannot be reached"
    assert alert.nodata
    assert alert.labels["severity"] == "sev1"
