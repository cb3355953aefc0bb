"""The alerting rules that ship: each figure is the seed documents'."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot import policy
from bot.domain.policy.alerting_rules import AlertingRule, Operator, Threshold
from bot.policy import PolicyError

# The seed's line, rule, severity, category, metric, operator, threshold, duration_seconds, runbook_url, and each
# escalation: delay_minutes, recipients, channels. 001 is the LLM platform guide, §2.1; 003 NovaCron V2, Detection.
SEEDS: list[tuple[Any, ...]] = [
    ("001:684", "api-error-rate-critical", "API Error Rate Critical", "sev1", "availability", "api.error_rate", "gt",
     0.50, 120, "https://runbooks.internal/api-errors",
     [(0, ["schedule:primary", "channel:#incidents"], ["pagerduty", "slack"]),
      (5, ["schedule:secondary", "role:engineering_manager"], ["pagerduty"])]),
    ("001:714", "api-error-rate-high", "API Error Rate High", "sev2", "availability", "api.error_rate", "gt",
     0.10, 300, "https://runbooks.internal/api-errors",
     [(0, ["channel:#incidents"], ["slack"]), (10, ["schedule:primary"], ["pagerduty"])]),
    ("001:746", "api-latency-critical", "API Latency Critical", "sev2", "performance", "api.latency_p99_ms", "gt",
     10000, 180, "https://runbooks.internal/latency-issues",
     [(0, ["schedule:primary", "channel:#incidents"], ["pagerduty", "slack"])]),
    ("001:773", "model-provider-down", "Model Provider Unavailable", "sev2", "dependency", "provider.error_rate", "gt",
     0.80, 120, "https://runbooks.internal/provider-failover",
     [(0, ["channel:#incidents", "channel:#ml-platform"], ["slack"]), (5, ["schedule:primary"], ["pagerduty"])]),
    ("001:806", "rate-limit-exhaustion", "Rate Limit Approaching Exhaustion", "sev3", "capacity",
     "provider.rate_limit_remaining_percent", "lt", 10, 60, "https://runbooks.internal/rate-limits",
     [(0, ["channel:#incidents"], ["slack"])]),
    ("001:833", "database-connection-pool-exhaustion", "Database Connection Pool Exhaustion", "sev2", "capacity",
     "database.connection_pool_available_percent", "lt", 20, 120, "https://runbooks.internal/database-connections",
     [(0, ["schedule:primary", "channel:#incidents"], ["pagerduty", "slack"])]),
    ("001:860", "security-anomaly-detected", "Security Anomaly Detected", "sev1", "security", "security.anomaly_score",
     "gt", 0.9, 60, "https://runbooks.internal/security-incidents",
     [(0, ["schedule:security", "channel:#security-incidents"], ["pagerduty", "slack", "sms"]),
      (5, ["contact:security_manager", "contact:ciso"], ["pagerduty"])]),
    ("001:893", "model-quality-degradation", "Model Quality Degradation", "sev3", "model", "model.quality_score", "lt",
     0.7, 600, "https://runbooks.internal/model-quality",
     [(0, ["channel:#ml-platform", "channel:#incidents"], ["slack"])]),
]  # fmt: skip


@pytest.fixture
def rules(tmp_path: Path) -> dict[str, AlertingRule]:
    return loaded(tmp_path, "rules: {preset: llm-platform}")


def loaded(folder: Path, text: str) -> dict[str, AlertingRule]:
    path = folder / "policy.yml"
    path.write_text(text, encoding="utf-8")
    return policy.load(path).rules


@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: f"{seed[0]} {seed[1]}")
def test_a_rule_has_the_figures_of_its_place(seed: tuple[Any, ...], rules: dict[str, AlertingRule]) -> None:
    _, key, name, severity, category, metric, operator, value, duration, runbook, escalations = seed
    rule = rules[key]
    (condition,) = rule.conditions
    assert isinstance(condition, Threshold)
    assert (rule.name, rule.severity, rule.category, rule.runbook) == (name, severity, category, runbook)
    assert (condition.metric, condition.op, condition.value) == (metric, Operator(operator), value)
    assert condition.over == rule.hold == timedelta(seconds=duration)
    assert [
        (rung.after, [str(target) for target in rung.notify], list(rung.by), rung.repeat) for rung in rule.escalate
    ] == [(timedelta(minutes=after), notify, by, None) for after, notify, by in escalations]
    # 001:664-665, the defaults of AlertRule: only 001:887 differs
    assert rule.auto_resolve is (key != "security-anomaly-detected")
    assert rule.keep_firing == timedelta(seconds=300)


def test_service_down_has_the_figures_of_003_135(rules: dict[str, AlertingRule]) -> None:
    rule = rules["ServiceDown"]
    assert rule.conditions == (Threshold('up{job="api-gateway"}', Operator.EQ, 0.0),)
    assert (rule.hold, rule.severity) == (timedelta(minutes=1), "sev1")


def test_there_is_no_rule_besides(rules: dict[str, AlertingRule]) -> None:
    assert list(rules) == [*(seed[1] for seed in SEEDS), "ServiceDown"]


def test_a_file_changes_and_removes_rules_of_the_preset_and_says_where_its_metrics_are(tmp_path: Path) -> None:
    text = """
metrics: {api.error_rate: my_error_rate}
rules:
  preset: llm-platform
  api-error-rate-critical: {for: 60s}
  model-quality-degradation: null
  mine: {severity: sev4, conditions: [{type: threshold, metric: api.error_rate, op: gt, value: 1}]}
"""
    rules = loaded(tmp_path, text)
    assert rules["api-error-rate-critical"].hold == timedelta(minutes=1)
    assert rules["api-error-rate-critical"].severity == "sev1"
    assert rules["api-error-rate-critical"].conditions[0].query == "my_error_rate"  # type: ignore[union-attr]
    assert "model-quality-degradation" not in rules
    assert rules["mine"].name == "mine"


@pytest.mark.parametrize("preset", policy.PRESETS)
def test_the_rules_fit_every_preset_of_severities(preset: str, tmp_path: Path) -> None:
    rules = loaded(tmp_path, f"preset: {preset}\nrules: {{preset: llm-platform}}")
    worst = policy.preset(preset).severities
    assert rules["api-error-rate-critical"].severity == worst[0].key
    assert rules["api-error-rate-high"].severity == worst[1].key


def test_a_preset_that_does_not_exist_is_named_with_those_that_do(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="Did you mean llm-platform"):
        loaded(tmp_path, "rules: {preset: llm-plattform}")


def test_a_policy_that_was_kept_has_its_rules(tmp_path: Path) -> None:
    path = tmp_path / "policy.yml"
    path.write_text("rules: {preset: llm-platform}", encoding="utf-8")
    read = policy.read(path)
    assert policy.from_document(read.document).rules == read.policy.rules
