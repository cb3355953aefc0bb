"""Payloads of each source, with made-up values in the vendors' shapes."""

from __future__ import annotations

import json
from typing import Any

GRAFANA: dict[str, Any] = {
    "version": "1", "orgId": 1, "title": "[FIRING:1] Slow", "state": "alerting", "message": "", "status": "firing",
    "receiver": "tocsin", "groupKey": "{}/{}:{}", "truncatedAlerts": 2, "groupLabels": {}, "commonLabels": {},
    "commonAnnotations": {}, "externalURL": "https://g.example",
    "alerts": [
        {
            "status": "firing", "labels": {"alertname": "Slow", "service": "checkout", "severity": "critical"},
            "annotations": {"summary": "Checkout is slow"}, "startsAt": "2026-03-02T09:00:00Z",
            "endsAt": "0001-01-01T00:00:00Z", "generatorURL": "https://g.example/alerting/1/view",
            "fingerprint": "bbbb000000000001", "silenceURL": "https://g.example/s", "dashboardURL": "",
            "panelURL": "https://g.example/d/1?viewPanel=2", "values": {"B": 22.5, "C": 1},
            "valueString": "[ var='B' labels={host=b} value=22.5 ]",
        }
    ],
}  # fmt: skip
GRAFANA_POOR: dict[str, Any] = {
    "status": "resolved", "labels": {"grafana_folder": "device"}, "annotations": {},
    "startsAt": "2026-03-02T10:50:20+02:00", "endsAt": "2026-03-02T11:00:00+02:00", "generatorURL": "?orgId=1",
    "fingerprint": "bbbb000000000002", "silenceURL": "", "dashboardURL": "", "panelURL": "", "values": None,
    "valueString": "",
}  # fmt: skip
GRAFANA_NODATA: dict[str, Any] = {
    "status": "firing", "annotations": {}, "startsAt": "2026-03-02T09:00:00Z", "endsAt": "0001-01-01T00:00:00Z",
    "labels": {"alertname": "DatasourceNoData", "rulename": "Service failed", "datasource_uid": "ds1", "ref_id": "A"},
    "fingerprint": "bbbb000000000003", "values": None,
}  # fmt: skip
GRAFANA_OLDER: dict[str, Any] = {
    "ruleId": 7, "ruleName": "CPU alert", "ruleUrl": "https://g.example/d/1", "state": "alerting",
    "title": "[Alerting] CPU alert", "message": "CPU is high", "dashboardId": 1, "panelId": 2, "orgId": 1,
    "evalMatches": [{"value": 91.5, "metric": "cpu", "tags": None}], "tags": {"team": "shop"},
}  # fmt: skip
OPSGENIE: dict[str, Any] = {
    "action": "Create",
    "alert": {
        "alertId": "0e1", "message": "Disk full", "tags": ["env:prod", "vip"], "tinyId": "2", "source": "a@b.example",
        "entity": "db-1", "alias": "disk-1", "createdAt": 1772442000000, "updatedAt": 1772442000000000110,
        "username": "anna", "priority": 1, "description": "No space left", "details": {"service": "database"},
        "teams": [],
    },
    "source": {"name": "", "type": "API"}, "integrationId": "i", "integrationName": "Tocsin",
    "integrationType": "Webhook",
}  # fmt: skip
DATADOG: dict[str, Any] = {
    "id": "1", "monitor_id": "42", "cycle": "c1", "aggreg_key": "a1", "title": "[Triggered on {host:a}] Checkout slow",
    "alert_title": "[Triggered] Checkout slow", "body": "It is slow", "text": "It is slow", "priority": "P1",
    "alert_type": "error", "transition": "Triggered", "alert_status": "avg > 5", "scopes": "host:a,env:prod",
    "query": "avg(last_5m):x > 5", "metric": "x", "hostname": "a", "tags": "env:prod,service:checkout,vip",
    "date": "1772442000000", "last_updated": "1772442000000", "url": "https://dd.example/monitors/42",
    "org": {"id": "1", "name": "Example"},
}  # fmt: skip
ALARM: dict[str, Any] = {
    "AlarmName": "HighCPU", "AlarmDescription": None, "AWSAccountId": "123456789012", "NewStateValue": "ALARM",
    "NewStateReason": "Threshold Crossed", "StateChangeTime": "2026-03-02T09:00:00.093+0000", "Region": "EU (Ireland)",
    "OldStateValue": "OK",
    "Trigger": {
        "MetricName": "CPUUtilization", "Namespace": "AWS/EC2", "Unit": None, "Period": 60,
        "Dimensions": [{"name": "InstanceId", "value": "i-1"}], "Threshold": 80.0,
    },
}  # fmt: skip
TOPIC = "arn:aws:sns:eu-west-1:123456789012:alarms"
CLOUDWATCH: dict[str, Any] = {
    "Type": "Notification", "MessageId": "m-1", "TopicArn": TOPIC, "Subject": 'ALARM: "HighCPU" in EU (Ireland)',
    "Message": json.dumps(ALARM), "Timestamp": "2026-03-02T09:00:01.000Z", "SignatureVersion": "2", "Signature": "",
    "SigningCertURL": "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0a1b.pem",
    "UnsubscribeURL": "https://sns.eu-west-1.amazonaws.com/?Action=Unsubscribe",
}  # fmt: skip
SENTRY_ISSUE: dict[str, Any] = {
    "action": "created",
    "data": {
        "issue": {
            "id": "17", "shortId": "SHOP-1", "title": "KeyError: 'sku'", "culprit": "cart in add", "level": "error",
            "status": "unresolved", "type": "error", "platform": "python", "count": "3", "userCount": 2,
            "project": {"id": "1", "slug": "shop", "name": "Shop", "platform": "python"}, "assignedTo": None,
            "metadata": {"type": "KeyError", "value": "'sku'"}, "firstSeen": "2026-03-02T09:00:00Z",
            "lastSeen": "2026-03-02T09:01:00Z", "permalink": None, "web_url": "https://s.example/issues/17/",
        }
    },
    "installation": {"uuid": "u"}, "actor": {"type": "application", "id": "sentry", "name": "Sentry"},
}  # fmt: skip
SENTRY_EVENT: dict[str, Any] = {
    "action": "triggered",
    "data": {
        "event": {
            "event_id": "e1", "title": "KeyError: 'sku'", "culprit": "cart in add", "level": "error", "issue_id": "17",
            "datetime": "2026-03-02T09:02:00.5Z", "platform": "python", "project": 1, "url": "https://s.example/api/1",
            "web_url": "https://s.example/issues/17/events/e1/", "tags": [["environment", "prod"], ["level", "error"]],
        },
        "triggered_rule": "Many errors",
    },
    "installation": {"uuid": "u"},
}  # fmt: skip
SENTRY_METRIC: dict[str, Any] = {
    "action": "critical",
    "data": {
        "description_text": "1200 events in the last 10 minutes", "description_title": "Critical: Too many errors",
        "web_url": "https://s.example/alerts/1/",
        "metric_alert": {
            "id": "5", "identifier": "1", "title": "Too many errors", "status": 20, "projects": ["shop"],
            "date_started": "2026-03-02T09:00:00Z", "date_closed": None,
            "alert_rule": {"id": "7", "name": "Too many errors", "aggregate": "count()", "query": "", "triggers": []},
        },
    },
    "installation": {"uuid": "u"},
}  # fmt: skip
PAGERDUTY: dict[str, Any] = {
    "event": {
        "id": "01EXAMPLE", "event_type": "incident.triggered", "resource_type": "incident",
        "occurred_at": "2026-03-02T09:00:00.781Z", "agent": None, "client": {"name": "Monitoring"},
        "data": {
            "id": "PINC1", "type": "incident", "html_url": "https://pd.example/incidents/PINC1", "number": 9,
            "status": "triggered", "incident_key": "k1", "created_at": "2026-03-02T09:00:00Z", "title": "Disk full",
            "service": {"id": "PS1", "summary": "Database", "type": "service_reference"}, "assignees": [],
            "priority": None, "urgency": "high",
        },
    }
}  # fmt: skip
EVENT: dict[str, Any] = {"title": "Checkout fails", "severity": "critical", "service": "checkout", "key": "c"}
ALERTMANAGER: dict[str, Any] = {"version": "4", "truncatedAlerts": 0, "alerts": GRAFANA["alerts"]}
SAMPLES: dict[str, dict[str, Any]] = {
    "alertmanager": ALERTMANAGER,
    "cloudwatch": CLOUDWATCH,
    "datadog": DATADOG,
    "events": EVENT,
    "grafana": GRAFANA,
    "opsgenie": OPSGENIE,
    "pagerduty": PAGERDUTY,
    "sentry": SENTRY_ISSUE,
}
