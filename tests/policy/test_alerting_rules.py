"""Rules, metrics and probes in a policy: each mistake is reported with its correction."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from bot import policy
from bot.domain.policy.alerting_rules import (
    Absence,
    Aggregation,
    Anomaly,
    Composite,
    Direction,
    Method,
    Operator,
    RateOfChange,
    Threshold,
    When,
)
from bot.policy import PolicyError


def read(folder: Path, text: str) -> policy.LoadedPolicy:
    path = folder / "policy.yml"
    path.write_text(text, encoding="utf-8")
    return policy.read(path)


def rule(conditions: str, **more: str) -> str:
    lines = "".join(f"\n    {key}: {value}" for key, value in {"severity": "sev2", **more}.items())
    return f"metrics: {{api.errors: errors}}\nrules:\n  mine:{lines}\n    conditions: [{conditions}]\n"


GOOD = "{type: threshold, query: up, op: lt, value: 1}"
MISTAKES = [
    (rule("{type: threshold, query: up}"),
     "rules.mine.conditions[1]: a threshold condition needs `op`: write `op: gt`."),
    (rule("{type: threshold, query: up, op: gt, value: 1, by: 5}"),
     "rules.mine.conditions[1].by: a threshold condition has no `by`. "
     "It has: op, value, query, metric, over, aggregation."),
    (rule("{type: threshold, query: up, op: above, value: 1}"),
     "rules.mine.conditions[1].op must be one of gt, gte, lt, lte, eq, not “above”."),
    (rule("{type: threshold, op: gt, value: 1}"),
     "rules.mine.conditions[1] needs a `query`, such as `query: 'sum(rate(errors_total[5m]))'`, "
     "or a `metric` of `metrics`."),
    (rule("{type: threshold, query: up, metric: api.errors, op: gt, value: 1}"),
     "rules.mine.conditions[1] has both `query` and `metric`. Remove one."),
    (rule("{type: threshold, metric: api.error, op: gt, value: 1}"),
     "rules.mine.conditions[1].metric: there is no metric “api.error”. Did you mean api.errors?"),
    (rule("{type: threshold, query: 'sum(up', op: gt, value: 1}"),
     "rules.mine.conditions[1].query has ( and ) that do not match: “sum(up”. Put it in single quotes."),
    (rule("{type: threshold, query: up, op: gt, value: 1, aggregation: max}"),
     "rules.mine.conditions[1].aggregation: aggregates the span `over`, which is missing: write `over: 5m`."),
    (rule("{type: rate_of_change, query: up, over: 5m, by: half}"),
     "rules.mine.conditions[1].by must be a change such as -50%, +50% or +200, not “half”."),
    (rule("{type: rate_of_change, query: up, by: -50%}"),
     "rules.mine.conditions[1]: a rate_of_change condition needs `over`: write `over: 10m`."),
    (rule("{type: anomaly, query: up, method: magic}"),
     "rules.mine.conditions[1].method must be one of zscore, robust, seasonal, not “magic”."),
    (rule("{type: anomaly, query: up, training: 60d}"), "rules.mine.conditions[1].training is too long: 35d at most."),
    (rule("{type: composite, when: any}"),
     "rules.mine.conditions[1]: a composite condition needs `conditions`: write `conditions: [{type: …}]`."),
    (rule("{type: composite, when: any, conditions: [{type: absence}]}"),
     "rules.mine.conditions[1].conditions[1] needs a `query`"),
    (rule("{type: treshold, query: up}"), "Did you mean threshold?"),
    (rule(GOOD, severity="sev9"), "rules.mine.severity: there is no severity “sev9”."),
    (rule(GOOD, service="shop"), "rules.mine.service: there is no service “shop”. Add one under services"),
    (rule(GOOD, category="availabilty"), "rules.mine.category: there is no category “availabilty”. Did you mean"),
    (rule(GOOD, every="1s"), "rules.mine.every is too often: 1s. Write 5s or longer."),
    (rule(GOOD, every="30"), "rules.mine.every must be a duration with its unit: 30m for minutes, or 30s, 30h, 30d."),
    (rule(GOOD, escalate='[{after: 5m, notify: ["schedule:nights"]}]'), "there is no schedule “nights”."),
    ("rules: {mine: {severity: sev2}}",
     "rules.mine is new, and needs conditions: write `conditions: [{type: threshold, query: 'up', op: lt,"),
    (rule(GOOD, fro="5m"), "rules.mine.fro is not a setting here. Did you mean for?"),
    ("probes: {shop: {every: 30s}}", "probes.shop is new, and needs an url: write `url: https://example.com/health`."),
    ("probes: {shop: {url: shop.example.com}}", "probes.shop.url must be an address that begins with https://"),
    ("probes: {shop: {url: 'https://me:secret@shop.example.com'}}", "contains a name or password"),
    ("probes: {shop: {url: 'https://shop.example.com', expect: ok}}",
     "probes.shop.expect[1] must be a class of statuses such as 2xx, or a status such as 204, not “ok”."),
    ("probes: {shop: {url: 'http://shop.example.com', tls_expires_within: 14d}}",
     "probes.shop.tls_expires_within needs an address that begins with https://."),
    ("probes: {shop: {url: 'https://shop.example.com', method: HEAD, contains: ok}}",
     "an answer to HEAD has no text. Write `method: GET`."),
    ("probes: {shop: {url: 'https://shop.example.com', addresses: [10.0.0.300]}}", "must be a network such as"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), MISTAKES, ids=lambda value: value[:50].replace("\n", " "))
def test_a_mistake_is_told_with_what_to_write(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(PolicyError) as raised:
        read(tmp_path, text)
    assert message in str(raised.value)


def test_each_condition_is_read(tmp_path: Path) -> None:
    conditions = (
        "{type: threshold, metric: api.errors, over: 2m, aggregation: max, op: gte, value: 3},"
        "{type: rate_of_change, query: up, over: 10m, by: -50%}, {type: rate_of_change, query: up, over: 1h, by: 20},"
        "{type: anomaly, query: up, method: seasonal, direction: down, sensitivity: 5, floor: 2, training: 12h,"
        " offset: 5m, minimum_samples: 9}, {type: absence, query: up},"
        "{type: composite, when: any, conditions: [{type: absence, query: a, over: 5m}, {type: anomaly, query: b}]}"
    )
    rules = read(tmp_path, rule(conditions, **{"when": "any", "for": "2m"})).policy.rules["mine"]
    minutes = timedelta(minutes=1)
    assert (rules.when, rules.hold, rules.name) == (When.ANY, 2 * minutes, "mine")
    assert rules.conditions == (
        Threshold("errors", Operator.GTE, 3.0, 2 * minutes, Aggregation.MAX, "api.errors"),
        RateOfChange("up", 10 * minutes, -50.0, percent=True),
        RateOfChange("up", 60 * minutes, 20.0, percent=False),
        Anomaly("up", Method.SEASONAL, Direction.DOWN, 5.0, 2.0, 720 * minutes, 5 * minutes, 9),
        Absence("up"),
        Composite(When.ANY, (Absence("a", 5 * minutes), Anomaly("b"))),
    )


def test_rules_that_no_route_takes_are_warned_of(tmp_path: Path) -> None:
    assert any("there are no alerts.routes" in warning for warning in read(tmp_path, rule(GOOD)).warnings)


def test_the_json_of_a_policy_has_the_rules_with_durations_in_seconds(tmp_path: Path) -> None:
    loaded = read(tmp_path, rule("{type: threshold, metric: api.errors, over: 2m, op: gt, value: 1}", **{"for": "2m"}))
    shown = policy.as_json(loaded.policy)["rules"]["mine"]
    assert (shown["for"], shown["every"], shown["keep_firing"]) == (120, 30, 300)
    assert shown["conditions"] == [
        {"type": "threshold", "query": "errors", "op": "gt", "value": 1.0, "over": 120, "aggregation": "avg",
         "metric": "api.errors"}
    ]  # fmt: skip
