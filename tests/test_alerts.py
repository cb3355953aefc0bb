"""The example alerts: Prometheus accepts them, each fires at the right time, and their metrics exist."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from bot.cli.reference.metric_meanings import MEANINGS, PROCESS
from bot.metrics import Metrics, error_name

DOCS = Path(__file__).resolve().parents[1] / "docs"
RULES = DOCS / "alerts.rules.yml"
TESTS = DOCS / "alerts.tests.yml"

needs_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool is not installed (Debian: apt-get install prometheus)"
)


def rules() -> dict[str, str]:
    groups = yaml.safe_load(RULES.read_text())["groups"]
    return {rule["alert"]: rule["expr"] for group in groups for rule in group["rules"]}


def exposed() -> set[str]:
    """The names by which Prometheus knows what we say."""
    found = set()
    for family in Metrics().registry.collect():
        if family.type == "counter":
            found.add(f"{family.name}_total")
        elif family.type == "histogram":
            found |= {f"{family.name}_{part}" for part in ("bucket", "sum", "count")}
        else:
            found.add(family.name)
    return found


@needs_promtool
def test_prometheus_takes_the_rules() -> None:
    done = subprocess.run(["promtool", "check", "rules", RULES], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@needs_promtool
def test_each_alert_fires_when_it_should_and_is_silent_while_all_is_well() -> None:
    done = subprocess.run(["promtool", "test", "rules", TESTS], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_is_tried() -> None:
    tried = {
        one["alertname"]
        for test in yaml.safe_load(TESTS.read_text())["tests"]
        for one in test["alert_rule_test"]
        if one["exp_alerts"]
    }
    assert tried == set(rules())


def test_the_rules_ask_only_for_what_is_there() -> None:
    asked = {name for expr in rules().values() for name in re.findall(r"\btocsin_\w+", expr)}
    assert asked
    assert asked <= exposed()


def test_the_labels_in_the_rules_are_those_of_the_metrics() -> None:
    labels = {family.name: _labels(family.name) for family in Metrics().registry.collect()}
    for expr in rules().values():
        for name, inside in re.findall(r"(tocsin_\w+)\{([^}]*)\}", expr):
            base = re.sub(r"_(total|bucket)$", "", name)
            assert set(re.findall(r"(\w+)(?==|!=|=~|!~)", inside)) <= labels[base], name


def _labels(name: str) -> set[str]:
    found = Metrics()
    for metric in vars(found).values():
        if getattr(metric, "_name", None) == name:
            return set(metric._labelnames)
    return set()


def test_the_reference_explains_every_metric_and_no_other() -> None:
    explained = {name for names in MEANINGS for name in names} | set(PROCESS)
    assert explained == {re.sub(r"_(bucket|sum|count)$", "", name) for name in exposed()}


@pytest.mark.parametrize(
    ("result", "name"),
    [
        ("ok", "ok"),
        ("ratelimited", "ratelimited"),
        ("invalid_blocks [ERROR] must be fewer: The secret title", "invalid_blocks"),
        ("no answer in time", "timeout"),
        ("Slack answered 503", "server_error"),
        ("the connection broke (ServerDisconnectedError)", "connection_broke"),
        ("Anything else that somebody said", "other"),
    ],
)
def test_an_error_has_a_name_without_anybodys_words(result: str, name: str) -> None:
    assert error_name(result) == name
