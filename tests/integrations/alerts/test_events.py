"""The generic JSON and CloudEvents of `POST /hooks/events`, read into alerts and changes."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.domain.alerts.alert import Alert, AlertBatch, AlertStatus
from bot.domain.alerts.service_change import ChangeKind
from bot.integrations.alerts.events import SOURCE
from bot.integrations.alerts.protocol import Delivery, UnreadableBody

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
CLOUD = {
    "specversion": "1.0",
    "id": "e-1",
    "source": "/shop/checks",
    "type": "example.alert.fired",
    "subject": "api",
    "time": "2026-03-02T09:00:00Z",
    "datacontenttype": "application/json",
    "data": {"title": "API slow", "severity": "sev2", "region": "eu", "hosts": ["a", "b"]},
}


def read(payload: Any, **headers: str) -> AlertBatch:
    return SOURCE.read(Delivery(payload, headers), NOW)


def one(payload: Any) -> Alert:
    (alert,) = read(payload).alerts
    return alert


def test_a_title_is_enough() -> None:
    alert = one({"title": "Checkout fails"})
    assert (alert.status, alert.name, alert.title) == (AlertStatus.FIRING, "Checkout fails", "Checkout fails")
    assert alert.labels == {"alertname": "Checkout fails", "source": "events"}
    assert (alert.starts_at, alert.by_state) == (NOW, True)


def test_every_field_has_its_place_and_unknown_ones_are_annotations() -> None:
    alert = one(
        {
            "type": "alert", "title": "Slow", "description": "p99 is high", "status": "resolved",
            "severity": "critical", "service": "checkout", "key": "slow-1",
            "labels": {"env": "prod", "n": 3, "on": True, "deep": {}},
            "starts_at": "2026-03-02T09:00:00Z", "ends_at": 1772442600, "url": "https://g.example/1", "value": 22.5,
            "team_lead": "anna", "path": ["a", 1], "annotations": {"runbook_url": "https://r.example"},
        }
    )  # fmt: skip
    assert alert.labels == {
        "alertname": "Slow", "env": "prod", "n": "3", "on": "true", "severity": "critical", "service": "checkout",
        "source": "events",
    }  # fmt: skip
    assert alert.annotations == {
        "team_lead": "anna", "path": '["a", 1]', "runbook_url": "https://r.example", "title": "Slow",
        "description": "p99 is high",
    }  # fmt: skip
    assert (alert.fingerprint, alert.value, alert.url) == ("slow-1", "22.5", "https://g.example/1")
    assert (alert.status, alert.by_state) == (AlertStatus.RESOLVED, False)
    assert (alert.starts_at.hour, alert.ends_at) == (9, datetime(2026, 3, 2, 9, 10, tzinfo=UTC))


def test_a_report_is_an_alert_that_a_route_can_tell_apart() -> None:
    assert one({"type": "report", "title": "Ticket 7"}).labels["type"] == "report"


def test_without_a_key_title_and_labels_identify_an_alert_and_its_status_does_not() -> None:
    fired = one({"title": "Slow", "labels": {"a": "1", "b": "2"}})
    assert fired.identity == one({"title": "Slow", "labels": {"b": "2", "a": "1"}, "status": "resolved"}).identity
    assert fired.identity != one({"title": "Slow", "labels": {"a": "1"}}).identity
    assert fired.identity != one({"title": "Slower", "labels": {"a": "1", "b": "2"}}).identity
    assert len(one({"title": "Slow", "key": "k" * 5000}).fingerprint) == 64


@pytest.mark.parametrize(
    "more",
    [{"severity": "critical"}, {"service": "checkout"}, {"labels": {"value": "7"}}, {"labels": {"__value__": "1"}}],
)
def test_an_end_without_what_may_change_is_that_of_the_same_alert(more: dict[str, Any]) -> None:
    assert one({"title": "Slow", **more}).identity == one({"title": "Slow", "status": "resolved"}).identity


def test_the_key_alone_says_which_alert_is_over() -> None:
    over = one({"key": "checkout-down", "status": "resolved"})
    assert (over.fingerprint, over.status, over.name) == ("checkout-down", AlertStatus.RESOLVED, "checkout-down")
    with pytest.raises(UnreadableBody, match="`title` is missing"):
        read({"key": "checkout-down"})


def test_a_start_in_the_future_is_one_occurrence_however_often_it_is_told() -> None:
    told = {"title": "Slow", "key": "k", "starts_at": "2026-03-02T12:05:00Z"}
    first = one(told)
    (later,) = SOURCE.read(Delivery(told, {}), NOW + timedelta(minutes=1)).alerts
    (over,) = SOURCE.read(Delivery({**told, "status": "resolved"}, {}), NOW + timedelta(minutes=9)).alerts
    assert first.starts_at == NOW
    assert {first.occurrence, later.occurrence} == {over.occurrence}


def test_a_change_has_its_author_ref_kind_and_time() -> None:
    (change,) = read(
        {"type": "change", "title": "Checkout v42", "service": "checkout", "author": "anna", "ref": "abc123",
         "kind": "deployment", "url": "https://ci.example/42", "starts_at": "2026-03-02T11:58:00Z", "pipeline": 9}
    ).changes  # fmt: skip
    assert (change.kind, change.author, change.ref) == (ChangeKind.DEPLOYMENT, "anna", "abc123")
    assert (change.service, change.url, change.at.minute) == ("checkout", "https://ci.example/42", 58)
    assert change.annotations == {"pipeline": "9"}


def test_a_change_without_a_key_is_the_same_when_it_is_told_again() -> None:
    told = {"type": "change", "title": "Checkout v42", "service": "checkout", "ref": "abc123"}
    assert read(told).changes[0].key == read(dict(told)).changes[0].key
    assert read(told).changes[0].key != read({**told, "ref": "def456"}).changes[0].key


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (3, "the event is no object"),
        ({}, "`title` is missing"),
        ({"title": "x", "status": "$ALERT_TRANSITION"}, "`status` is neither firing nor resolved"),
        ({"title": "x", "status": "ok"}, "`status` is neither firing nor resolved"),
        ({"title": "x", "type": "metric"}, "`type` is none of alert, change, report"),
        ({"title": "x", "labels": []}, "`labels` is no object"),
        ({"title": "x", "starts_at": "soon"}, "`starts_at` is no time such as 2026-03-02T09:00:00Z"),
        ({"title": "x", "starts_at": True}, "`starts_at` is no time"),
        ({"title": "x", "starts_at": 10**400}, "`starts_at` is no time"),
        ({"title": "x", "starts_at": "9999-12-31T23:59:59-14:00"}, "`starts_at` is no time"),
        ({"type": "change", "title": "x", "kind": "party"}, "`kind` is none of deployment, flag, migration, config"),
        ({**CLOUD, "specversion": "0.3"}, "`specversion` is not 1.0"),
        ({**CLOUD, "id": ""}, "`id` is missing"),
        ({**CLOUD, "data": [1]}, "`data` is no object"),
        ({**CLOUD, "data_base64": "e30="}, "has both `data` and `data_base64`"),
        ({**CLOUD, "data": None, "data_base64": "!"}, "`data_base64` is no JSON in base64"),
    ],
)
def test_a_bad_event_is_rejected_alone_and_makes_a_body_of_its_own_unreadable(event: Any, reason: str) -> None:
    batch = read([event, {"title": "good"}])
    assert (len(batch.alerts), [each.index for each in batch.rejected]) == (1, [0])
    assert batch.rejected[0].reason.startswith(reason)
    with pytest.raises(UnreadableBody):
        read(event)


def test_a_cloudevent_is_an_alert_with_its_scalars_as_labels() -> None:
    alert = one(CLOUD)
    assert alert.labels == {
        "alertname": "API slow", "region": "eu", "severity": "sev2", "event_source": "/shop/checks",
        "event_type": "example.alert.fired", "subject": "api", "source": "events",
    }  # fmt: skip
    assert alert.annotations == {"hosts": '["a", "b"]', "title": "API slow"}
    assert (alert.starts_at.hour, alert.by_state) == (9, True)


def test_the_end_of_a_cloudevent_is_known_by_its_type_or_status_and_is_of_the_same_alert() -> None:
    fired = one(CLOUD)
    over = one({**CLOUD, "id": "e-2", "type": "example.alert.resolved"})
    said = one({**CLOUD, "id": "e-3", "data": {**CLOUD["data"], "status": "resolved"}})  # type: ignore[dict-item]
    assert {over.status, said.status} == {AlertStatus.RESOLVED}
    assert fired.identity == over.identity == said.identity


def test_a_cloudevent_in_binary_mode_has_its_attributes_in_headers() -> None:
    headers = {f"ce-{name}": value for name, value in CLOUD.items() if isinstance(value, str)}
    (binary,) = read(CLOUD["data"], **headers).alerts
    assert binary == one(CLOUD)


def test_a_batch_of_cloudevents_may_be_empty_and_may_mix_kinds() -> None:
    assert read([]).received == 0
    deployed = {
        **CLOUD,
        "id": "d-1",
        "type": "com.example.deployment.finished",
        "data": {"service": "api", "ref": "v2"},
    }
    encoded = base64.b64encode(json.dumps(CLOUD["data"]).encode()).decode()
    in_base64 = {name: value for name, value in CLOUD.items() if name != "data"} | {"data_base64": encoded}
    batch = read([CLOUD, deployed, in_base64])
    assert (len(batch.alerts), len(batch.changes)) == (2, 1)
    assert batch.alerts[0] == batch.alerts[1]
    assert (batch.changes[0].service, batch.changes[0].ref, batch.changes[0].at.hour) == ("api", "v2", 9)


def test_a_cloudevent_is_known_by_its_source_and_id_however_it_is_encoded_and_others_are_not_taken_for_it() -> None:
    undated = {name: value for name, value in CLOUD.items() if name != "time"}
    headers = {f"ce-{name}": value for name, value in undated.items() if isinstance(value, str)}
    event_id = one(undated).event_id
    assert event_id is not None
    assert read(undated["data"], **headers).alerts[0].event_id == event_id
    others = [
        {**undated, "id": "e-2"}, {**undated, "source": "/other"}, CLOUD, {**undated, "type": "example.alert.resolved"},
        {**undated, "data": {"title": "Another"}}, {**undated, "data": {"title": "API slow", "status": "resolved"}},
    ]  # fmt: skip
    assert len({event_id, *(one(other).event_id for other in others)}) == len(others) + 1
    assert one({"title": "Slow"}).event_id is None
