"""`tocsin rules`: listing, switching, unit tests and backtests, on a real Prometheus."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bot.cli.main import main
from bot.cli.promtool_series import expand, parse_series
from bot.domain.errors import TocsinError
from bot.domain.rules.life import RuleState
from bot.integrations.temporary_prometheus import SeriesToWrite, temporary
from bot.usecases.rules.rule_line import condition_of
from storage import incidents
from storage.open import open_database
from storage.rules.states import RULES
from tests.factories import new_incident
from tests.rules.prometheus import needs_prometheus

POLICY = """
services: {checkout: {name: Checkout}}
rules:
  errors:
    name: Checkout fails
    severity: sev1
    service: checkout
    every: 1m
    conditions: [{type: threshold, query: 'errors{job="checkout"}', op: gt, value: 5}]
    for: 2m
    keep_firing: 2m
    labels: {team: shop}
"""
TESTS = """
evaluation_interval: 1m
tests:
  - name: it fires after two minutes
    interval: 1m
    input_series:
      - {series: 'errors{job="checkout"}', values: '0x2 9x3 0x5'}
      - {series: 'errors{job="other"}', values: '9x10'}
    alert_rule_test:
      - {eval_time: 4m, alertname: errors, exp_alerts: []}
      - eval_time: 5m
        alertname: Checkout fails
        exp_alerts:
          - exp_labels: {job: checkout, team: shop, severity: sev1}
            exp_annotations: {summary: 'Checkout fails: errors{job="checkout"} is 9 (> 5)'}
      - {eval_time: 9m, alertname: errors, exp_alerts: []}
"""


@pytest.fixture
def world(tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "policy.yml").write_text(POLICY, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    return tmp_path


def tocsin(*words: str) -> Result:
    return CliRunner().invoke(main, list(words), catch_exceptions=False)


def as_json(*words: str) -> Any:
    result = tocsin(*words, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


def test_rules_are_listed_with_their_state(world: Path, sqlite_url: str) -> None:
    async def save() -> None:
        database = await open_database(sqlite_url)
        async with database.transaction() as conn:
            since, now = datetime(2026, 3, 2, 9, tzinfo=UTC), datetime.now(UTC)
            await RULES.save(conn, [RuleState("errors", value=7.5, since=since, evaluated_at=now)])
        await database.close()

    asyncio.run(save())
    (listed,) = as_json("rules")
    shown = ("id", "name", "severity", "category", "enabled", "state", "value", "since")
    assert {key: listed[key] for key in shown} == {
        "id": "errors", "name": "Checkout fails", "severity": "sev1", "category": None, "enabled": True,
        "state": "inactive", "value": 7.5, "since": "2026-03-02T09:00:00+00:00",
    }  # fmt: skip
    assert "Checkout fails" in tocsin("rules").output


def test_a_rule_that_nobody_evaluates_is_not_taken_for_fine(world: Path) -> None:
    (listed,) = as_json("rules")
    assert (listed["state"], listed["problem"]) == (
        "unknown",
        "it was not evaluated yet; is Tocsin running, and PROMETHEUS_URL set?",
    )
    tocsin("rules", "disable", "errors", "--reason", "x")
    (listed,) = as_json("rules")
    assert (listed["state"], listed["problem"]) == ("inactive", None)


def test_a_rule_is_switched_off_and_on_with_a_reason_that_is_kept(world: Path) -> None:
    assert tocsin("rules", "disable", "errors").exit_code == 2  # without a reason
    assert tocsin("rules", "disable", "errors", "--reason", "noisy").output.startswith("errors is disabled")
    (listed,) = as_json("rules")
    assert (listed["enabled"], listed["switched"]["reason"]) == (False, "noisy")
    tocsin("rules", "enable", "errors", "--reason", "calm again")
    (listed,) = as_json("rules")
    assert (listed["enabled"], listed["switched"]["reason"]) == (True, "calm again")


def test_a_rule_that_does_not_exist_is_not_switched(world: Path) -> None:
    result = tocsin("rules", "disable", "nothing", "--reason", "x")
    assert result.exit_code == 1
    assert "There are: errors." in result.output


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("1 2 3", [1, 2, 3]), ("0+10x3", [0, 10, 20, 30]), ("5-2x2", [5, 3, 1]), ("1x4", [1, 1, 1, 1, 1]),
        ("1 stale 2", [1, None, 2]), ("-3+1.5x1", [-3, -1.5]), ("1e3", [1000]), ("0x0", [0]),
    ],
)  # fmt: skip
def test_values_are_expanded_as_promtool_does(text: str, values: list[float | None]) -> None:
    assert expand(text) == values


def test_gaps_are_expanded() -> None:
    assert [value == value for value in expand("1 _x3 2 _")] == [True, False, False, False, True, False]  # noqa: PLR0124


def test_what_is_no_value_is_refused() -> None:
    with pytest.raises(TocsinError, match="is not a value"):
        expand("1 two 3")
    with pytest.raises(TocsinError, match="more than"):
        expand("1x99999999")


def test_a_series_is_read_with_its_labels() -> None:
    assert parse_series('up{job="a b", text="x\\"y,z"}') == {"__name__": "up", "job": "a b", "text": 'x"y,z'}
    assert parse_series("up") == {"__name__": "up"}
    with pytest.raises(TocsinError):
        parse_series("up{job=api}")


@needs_prometheus
def test_unit_tests_of_rules_pass(world: Path) -> None:
    (world / "tests.yml").write_text(TESTS, encoding="utf-8")
    result = tocsin("rules", "test", "tests.yml")
    assert result.output == "✓ tests.yml: it fires after two minutes\n"
    assert result.exit_code == 0


@needs_prometheus
def test_a_unit_test_that_fails_says_what_fired(world: Path) -> None:
    wrong = TESTS.replace("team: shop, severity", "team: store, severity").replace("{eval_time: 4m", "{eval_time: 6m")
    (world / "tests.yml").write_text(wrong, encoding="utf-8")
    result = tocsin("rules", "test", "tests.yml")
    assert result.exit_code == 1
    assert 'errors at 6m: not expected: {alertname="Checkout fails", job="checkout"' in result.output
    assert 'Checkout fails at 5m: expected {job="checkout", severity="sev1", team="store"}' in result.output


@needs_prometheus
def test_a_unit_test_may_name_a_file_of_rules(world: Path) -> None:
    rules = "rules: {other: {severity: sev2, conditions: [{type: absence, query: 'up{job=\"api\"}'}], for: 1m}}"
    (world / "other.yml").write_text(rules, encoding="utf-8")
    (world / "tests.yml").write_text(
        """
rule_files: [other.yml]
evaluation_interval: 30s
tests:
  - input_series: [{series: 'up{job="api"}', values: '1x4 stale'}]
    alert_rule_test:
      - {eval_time: 3m, alertname: other}
      - {eval_time: 4m, alertname: other, exp_alerts: [{exp_labels: {}}]}
""",
        encoding="utf-8",
    )
    assert tocsin("rules", "test", "tests.yml").exit_code == 0


@needs_prometheus
async def test_a_backtest_says_when_a_rule_would_have_fired_and_about_which_incident(
    world: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two outages of ten minutes, five and two hours ago; people declared an incident for the first."""
    end = time.time() // 60 * 60
    values = [9.0 if 300 <= ago < 310 or 120 <= ago < 130 else 0.0 for ago in range(480, -1, -1)]
    samples = [(end - (480 - place) * 60, value) for place, value in enumerate(values)]
    declared_at = datetime.fromtimestamp(end - 295 * 60, UTC)
    database = await open_database(sqlite_url)
    async with database.transaction() as conn:
        ended = declared_at + timedelta(minutes=30)
        about = replace(
            new_incident(), declared_at=declared_at, detected_at=declared_at, ended_at=ended, resolved_at=ended
        )
        await incidents.insert(conn, about)
    await database.close()
    async with temporary([SeriesToWrite({"__name__": "errors", "job": "checkout"}, samples)]) as prometheus:
        monkeypatch.setenv("PROMETHEUS_URL", prometheus.display_url)
        found = await asyncio.to_thread(as_json, "rules", "backtest", "errors", "--since", "7h")
        assert (found["fired"], found["matched"], found["false"], found["incidents"]) == (2, 1, 1, ["INC-1"])
        assert [(datetime.fromisoformat(firing["fired_at"]).timestamp() - end) / 60 for firing in found["firings"]] == [
            -307,
            -127,
        ]
        shown = await asyncio.to_thread(tocsin, "rules", "backtest", "errors", "--since", "7h")
        assert shown.output.startswith("errors would have fired 2 times within 7h: 1 matched an incident, 1 did not.")
        one_line = await asyncio.to_thread(
            as_json, "rules", "backtest", 'max(errors{job="checkout"}) > 5 for 30m', "--since", "7h"
        )
        assert one_line["fired"] == 0
        (world / "rule.yml").write_text(
            "id: quick\nseverity: sev2\nevery: 1m\nconditions: [{type: threshold, query: errors, op: gte, value: 9}]\n"
        )
        from_file = await asyncio.to_thread(as_json, "rules", "backtest", "rule.yml", "--since", "3h")
        assert (from_file["rule"], from_file["fired"]) == ("quick", 1)


@pytest.mark.parametrize(
    ("expression", "query", "op", "value"),
    [
        ("errors > 5", "errors", "gt", 5.0), ("sum(rate(a[5m])) / b >= 0.5", "sum(rate(a[5m])) / b", "gte", 0.5),
        ('up{job="a>1"} == 0', 'up{job="a>1"}', "eq", 0.0), ("(a > 1) < 3e2", "(a > 1)", "lt", 300.0),
        ("a > 5 and b < 3", "(a > 5 and b < 3) >= bool -Inf", "eq", 1), ("a > b", "(a > b) >= bool -Inf", "eq", 1),
        ("absent(up)", "(absent(up)) >= bool -Inf", "eq", 1), ("a != 0", "(a != 0) >= bool -Inf", "eq", 1),
    ],
)  # fmt: skip
def test_an_expression_of_prometheus_becomes_a_condition(expression: str, query: str, op: str, value: float) -> None:
    assert condition_of(expression) == {"type": "threshold", "query": query, "op": op, "value": value}


@needs_prometheus
def test_a_rule_file_of_prometheus_is_tested_as_well(world: Path) -> None:
    (world / "prometheus.yml").write_text(
        """
groups:
  - name: shop
    interval: 30s
    rules:
      - {record: 'job:up', expr: 'sum(up)'}
      - alert: Shop is slow
        expr: latency > 5 and on () traffic < 3
        for: 1m
        labels: {severity: sev1, team: shop}
""",
        encoding="utf-8",
    )
    (world / "tests.yml").write_text(
        """
rule_files: [prometheus.yml]
evaluation_interval: 30s
tests:
  - input_series:
      - {series: 'latency{zone="a"}', values: '9x20'}
      - {series: 'latency{zone="b"}', values: '4x20'}
      - {series: 'traffic', values: '5x3 1x17'}
    alert_rule_test:
      - {eval_time: 2m, alertname: Shop is slow}
      - {eval_time: 4m, alertname: Shop is slow, exp_alerts: [{exp_labels: {zone: a, team: shop, severity: sev1}}]}
""",
        encoding="utf-8",
    )
    result = tocsin("rules", "test", "tests.yml")
    assert result.output == "✓ tests.yml: test 1\n"


@needs_prometheus
def test_expressions_are_tested_as_well(world: Path) -> None:
    (world / "tests.yml").write_text(
        """
tests:
  - interval: 1m
    input_series: [{series: 'a{job="x"}', values: '0+60x10'}, {series: 'a{job="y"}', values: '5x10'}]
    promql_expr_test:
      - {expr: 'rate(a[5m])', eval_time: 10m, exp_samples: [{labels: '{job="x"}', value: 1}, {labels: '{job="y"}'}]}
      - {expr: 'sum(a)', eval_time: 1m, exp_samples: [{value: 65}]}
      - {expr: 'sum(a)', eval_time: 1m, exp_samples: [{value: 66}]}
      - {expr: 'absent(a)', eval_time: 1m, exp_samples: []}
""",
        encoding="utf-8",
    )
    result = tocsin("rules", "test", "tests.yml")
    assert result.output == "✗ tests.yml: test 1\n    sum(a) at 1m: expected {} 66, but it is {} 65\n"


def test_a_backtest_needs_a_prometheus(world: Path) -> None:
    assert "PROMETHEUS_URL is not set" in tocsin("rules", "backtest", "errors").output
