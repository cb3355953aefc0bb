"""Payloads of each source are parsed into alerts."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.domain.alerts.alert import SOURCE_NAMES, Alert, AlertBatch, AlertStatus
from bot.domain.rules import alerts as rules
from bot.domain.rules import probing
from bot.integrations.alerts.protocol import Delivery, UnreadableBody
from bot.integrations.alerts.registry import SOURCES
from tests.integrations.alerts import payloads
from tests.integrations.alerts.payloads import ALARM, CLOUDWATCH, DATADOG, GRAFANA, OPSGENIE, PAGERDUTY

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
FIRING, RESOLVED = AlertStatus.FIRING, AlertStatus.RESOLVED


def read(kind: str, payload: Any, **headers: str) -> AlertBatch:
    return SOURCES[kind].read(Delivery(payload, {name.replace("_", "-"): each for name, each in headers.items()}), NOW)


def one(kind: str, payload: Any, **headers: str) -> Alert:
    (alert,) = read(kind, payload, **headers).alerts
    return alert


def test_every_source_has_a_sample() -> None:
    """Each sample is sent to its endpoint by `tests/alerts/test_every_source.py`."""
    assert set(payloads.SAMPLES) == set(SOURCES)


def test_every_name_of_a_source_that_a_route_may_ask_for_is_known() -> None:
    assert sorted(SOURCE_NAMES) == sorted([*SOURCES, rules.SOURCE, probing.SOURCE])


@pytest.mark.parametrize("kind", sorted(payloads.SAMPLES))
def test_every_alert_has_its_source_and_a_name_as_labels(kind: str) -> None:
    alert = one(kind, payloads.SAMPLES[kind])
    assert alert.labels["source"] == alert.source == kind
    assert alert.labels["alertname"]
    assert alert.status is FIRING
    assert alert.starts_at <= NOW


@pytest.mark.parametrize("kind", sorted(payloads.SAMPLES))
@pytest.mark.parametrize(
    "payload", [None, 1, "x", [], {}, {"alerts": 1}, {"alert": []}, {"data": {}}, {"event": 1}, {"Type": []}]
)
def test_what_a_source_never_sends_is_refused_with_an_example(kind: str, payload: Any) -> None:
    alerts: tuple[Alert, ...] = ()
    expected = "{"
    try:
        alerts = read(kind, payload).alerts
    except UnreadableBody as error:
        expected = error.expected
    assert not alerts
    assert "{" in expected


def test_alertmanager_with_a_clock_that_is_ahead_tells_one_occurrence_from_its_firing_to_its_end() -> None:
    (sample,) = payloads.SAMPLES["alertmanager"]["alerts"][:1]
    ahead = {**sample, "status": "firing", "startsAt": "2026-03-02T12:05:00Z"}
    first = one("alertmanager", {"alerts": [ahead]})
    over = {**ahead, "status": "resolved", "endsAt": "2026-03-02T12:08:00Z"}
    (told,) = SOURCES["alertmanager"].read(Delivery({"alerts": [over]}), NOW + timedelta(minutes=9)).alerts
    assert first.starts_at == NOW
    assert first.occurrence == told.occurrence


def test_an_alert_without_a_fingerprint_or_a_start_is_known_by_its_lasting_labels_and_by_its_state() -> None:
    labels = {"alertname": "Slow", "env": "prod"}
    bare = {"status": "firing", "labels": labels, "startsAt": "0001-01-01T00:00:00Z", "fingerprint": ""}
    measured = {**bare, "labels": {**labels, "value": "7", "__value_string__": "7"}}
    assert one("alertmanager", {"alerts": [bare]}).identity == one("alertmanager", {"alerts": [measured]}).identity
    assert one("alertmanager", {"alerts": [bare]}).by_state


def test_an_alert_without_name_and_summary_is_titled_by_its_labels() -> None:
    poor = {**payloads.GRAFANA_POOR, "status": "firing"}
    assert one("grafana", {**GRAFANA, "alerts": [poor]}).title == "grafana_folder=device"


def test_grafanas_alerts_have_values_and_links() -> None:
    alert = one("grafana", GRAFANA)
    assert (alert.fingerprint, alert.value) == ("bbbb000000000001", "B=22.5, C=1")
    assert alert.annotations["panel_url"] == "https://g.example/d/1?viewPanel=2"
    assert "dashboard_url" not in alert.annotations
    assert read("grafana", GRAFANA).truncated == 2
    assert not alert.nodata


def test_a_poor_alert_of_grafana_is_taken() -> None:
    alert = one("grafana", {**GRAFANA, "alerts": [payloads.GRAFANA_POOR]})
    assert (alert.status, alert.name, alert.value, alert.url) == (RESOLVED, "", None, None)
    assert alert.starts_at == datetime(2026, 3, 2, 8, 50, 20, tzinfo=UTC)


def test_grafana_without_data_is_an_alert_that_says_so() -> None:
    alert = one("grafana", {"alerts": [payloads.GRAFANA_NODATA]})
    assert (alert.status, alert.nodata, alert.name) == (FIRING, True, "DatasourceNoData")


@pytest.mark.parametrize(
    ("state", "outcome"),
    [("alerting", (FIRING, False)), ("no_data", (FIRING, True)), ("ok", (RESOLVED, False)), ("paused", None)],
)
def test_the_older_webhook_of_grafana_tells_the_state_of_a_rule(state: str, outcome: Any) -> None:
    batch = read("grafana", {**payloads.GRAFANA_OLDER, "state": state})
    assert [(alert.status, alert.nodata) for alert in batch.alerts] == ([outcome] if outcome else [])
    if outcome:
        (alert,) = batch.alerts
        assert (alert.name, alert.labels["team"], alert.value) == ("CPU alert", "shop", "cpu=91.5")


def test_opsgenies_alias_identifies_the_alert_and_only_an_end_ends_it() -> None:
    created = one("opsgenie", OPSGENIE)
    assert (created.fingerprint, created.starts_at, created.by_state) == ("disk-1", NINE, True)
    assert created.labels == {
        "alertname": "Disk full", "env": "prod", "vip": "true", "service": "database", "priority": "P1",
        "severity": "P1", "source": "opsgenie",
    }  # fmt: skip
    for action, status in {
        "close": RESOLVED, "Delete": RESOLVED, "Acknowledge": FIRING, "AddNote": FIRING, "Our own": FIRING,
    }.items():  # fmt: skip
        alert = one("opsgenie", {**OPSGENIE, "action": action})
        assert (alert.status, alert.identity) == (status, created.identity)
    bare = {"action": "Create", "alert": {"alertId": "0e1", "message": "x", "priority": "P3"}}
    assert one("opsgenie", bare).fingerprint == "0e1"


def test_datadogs_tags_are_labels_and_the_title_is_without_its_prefix() -> None:
    alert = one("datadog", DATADOG)
    assert (alert.name, alert.starts_at, alert.fingerprint) == ("Checkout slow", NINE, "c1")
    assert alert.labels["severity"] == "P1"
    assert (alert.labels["host"], alert.labels["service"], alert.labels["vip"]) == ("a", "checkout", "true")


@pytest.mark.parametrize(
    ("transition", "status", "nodata"),
    [
        ("Triggered", FIRING, False),
        ("Re-Triggered", FIRING, False),
        ("Warn", FIRING, False),
        ("No Data", FIRING, True),
        ("Renotify", FIRING, False),
        ("Recovered", RESOLVED, False),
        ("recovered soon", FIRING, False),
        ("Something new", FIRING, False),
    ],
)
def test_only_recovered_is_a_recovery_of_datadogs(transition: str, status: AlertStatus, nodata: bool) -> None:
    alert = one("datadog", {**DATADOG, "transition": transition})
    assert (alert.status, alert.nodata) == (status, nodata)


@pytest.mark.parametrize("transition", ["$ALERT_TRANSITION", "", None, [], "  "])
def test_a_template_that_datadog_did_not_fill_in_is_refused(transition: Any) -> None:
    with pytest.raises(UnreadableBody):
        read("datadog", {**DATADOG, "transition": transition})


def test_datadog_without_a_cycle_is_identified_by_monitor_and_scopes() -> None:
    bare = {**DATADOG, "cycle": "$ALERT_CYCLE_KEY"}
    assert one("datadog", bare).identity == one("datadog", {**bare, "transition": "Recovered"}).identity
    assert one("datadog", bare).identity != one("datadog", {**bare, "scopes": "host:b"}).identity


def test_an_alarm_of_cloudwatch_has_its_dimensions_and_its_page() -> None:
    alert = one("cloudwatch", CLOUDWATCH)
    assert alert.labels == {
        "alertname": "HighCPU", "account": "123456789012", "region": "eu-west-1", "metric": "CPUUtilization",
        "namespace": "AWS/EC2", "InstanceId": "i-1", "source": "cloudwatch",
    }  # fmt: skip
    assert alert.starts_at == datetime(2026, 3, 2, 9, 0, 0, 93000, tzinfo=UTC)
    assert alert.url == (
        "https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#alarmsV2:alarm/HighCPU"
    )


def alarm(**changes: Any) -> dict[str, Any]:
    return {**CLOUDWATCH, "Message": json.dumps(ALARM | changes)}


def test_cloudwatchs_states() -> None:
    assert one("cloudwatch", alarm(NewStateValue="OK")).status is RESOLVED
    assert one("cloudwatch", alarm(NewStateValue="INSUFFICIENT_DATA")).nodata
    assert one("cloudwatch", alarm(Trigger={"AlarmRule": "x"})).labels["account"] == "123456789012", "composite"
    for message in ("plain words", json.dumps([]), 3):
        (rejected,) = read("cloudwatch", {**CLOUDWATCH, "Message": message}).rejected
        assert rejected.reason
    for unknown in ("FINE", "ok", "", None):
        with pytest.raises(UnreadableBody, match="NewStateValue"):
            read("cloudwatch", alarm(NewStateValue=unknown))


def test_an_issue_of_sentry_and_the_events_of_its_alert_are_one_alert_that_resolving_the_issue_ends() -> None:
    created = one("sentry", payloads.SENTRY_ISSUE)
    assert (created.name, created.starts_at) == ("KeyError: 'sku'", NINE)
    assert (created.labels["severity"], created.labels["project"]) == ("error", "shop")
    event = one("sentry", payloads.SENTRY_EVENT)
    assert (event.identity, event.labels["environment"]) == (created.identity, "prod")
    over = one("sentry", {**payloads.SENTRY_ISSUE, "action": "resolved"}, sentry_hook_timestamp="1772445600")
    assert (over.identity, over.status, over.starts_at.hour) == (created.identity, RESOLVED, 10)


@pytest.mark.parametrize("action", ["ignored", "archived", "assigned", "new"])
def test_what_people_do_with_an_issue_is_no_recovery(action: str) -> None:
    assert read("sentry", {**payloads.SENTRY_ISSUE, "action": action}).received == 0


def test_a_metric_alert_of_sentry_is_as_severe_as_its_trigger() -> None:
    critical = one("sentry", payloads.SENTRY_METRIC, sentry_hook_resource="metric_alert")
    assert (critical.name, critical.labels["severity"]) == ("Too many errors", "critical")
    over = one("sentry", {**payloads.SENTRY_METRIC, "action": "resolved"})
    assert (over.identity, over.status) == (critical.identity, RESOLVED)


def test_an_incident_of_pagerduty_is_an_alert_with_its_service() -> None:
    alert = one("pagerduty", PAGERDUTY)
    assert alert.labels == {
        "alertname": "Disk full", "service": "Database", "urgency": "high", "severity": "high", "source": "pagerduty",
    }  # fmt: skip
    assert alert.starts_at == NINE


@pytest.mark.parametrize(
    ("event_type", "status", "outcome"),
    [
        ("incident.resolved", "resolved", RESOLVED),
        ("incident.acknowledged", "acknowledged", FIRING),
        ("incident.escalated", "triggered", FIRING),
        ("incident.resolved", "unheard of", None),
        ("service.updated", "triggered", None),
    ],
)
def test_the_status_of_the_incident_decides(event_type: str, status: str, outcome: AlertStatus | None) -> None:
    event = PAGERDUTY["event"]
    payload = {"event": {**event, "event_type": event_type, "data": {**event["data"], "status": status}}}
    assert [alert.status for alert in read("pagerduty", payload).alerts] == ([outcome] if outcome else [])
