"""The import of each kind of object of a PagerDuty account."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.domain.incident.past import closed_incident
from bot.importers.pagerduty.read import read_account
from bot.importers.plan import Plan, make_plan
from bot.importers.reader import Reader
from bot.importers.record import past_incident
from bot.policy import load
from tests.importers.doubles import KEY, serving
from tests.importers.pagerduty_double import PagerDutyDouble

NOW = datetime(2026, 12, 1, tzinfo=UTC)
SEVERITIES = ("sev1", "sev2", "sev3", "sev4", "sev5")
Raw = dict[str, Any]


def reference(kind: str, identity: str) -> Raw:
    return {"id": identity, "type": f"{kind}_reference", "summary": identity}


def account() -> PagerDutyDouble:
    """One of everything, with nested teams, a deleted user, and layers in PagerDuty's order."""
    double = PagerDutyDouble()
    double.lists = {
        "users": [
            {
                "id": "UANNA",
                "name": "Anna",
                "email": "anna@example.com",
                "contact_methods": [
                    {"id": "CM1", "type": "phone_contact_method", "address": "15112345678", "country_code": 49},
                    {"id": "CM2", "type": "email_contact_method", "address": "anna@example.com"},
                    {"id": "CM3", "type": "push_notification_contact_method", "address": "x"},
                ],
                "notification_rules": [
                    {
                        "id": "NR1",
                        "start_delay_in_minutes": 0,
                        "urgency": "high",
                        "contact_method": {"id": "CM3", "type": "push_notification_contact_method_reference"},
                    },
                    {
                        "id": "NR2",
                        "start_delay_in_minutes": 5,
                        "urgency": "low",
                        "contact_method": {"id": "CM1", "type": "phone_contact_method_reference"},
                    },
                ],
            },
            {"id": "UBEN", "name": "Ben", "email": "ben@example.com"},
        ],
        "teams": [
            {"id": "TOPS", "name": "Operations"},
            {"id": "TDB", "name": "Databases", "parent": reference("team", "TOPS")},
        ],
        "schedules": [
            {
                "id": "SPRIM",
                "name": "Primary",
                "time_zone": "Europe/Berlin",
                "schedule_layers": [
                    layer(
                        "LTOP",
                        "Office",
                        ["UBEN"],
                        restrictions=[
                            {
                                "type": "weekly_restriction",
                                "start_day_of_week": 1,
                                "start_time_of_day": "09:00:00",
                                "duration_seconds": 8 * 3600,
                            }
                        ],
                    ),
                    layer("LBASE", "Base", ["UANNA", "UGONE"]),
                ],
            }
        ],
        "escalation_policies": [
            {
                "id": "EP1",
                "name": "Checkout",
                "num_loops": 2,
                "escalation_rules": [
                    {"id": "ER1", "escalation_delay_in_minutes": 15, "targets": [reference("schedule", "SPRIM")]},
                    {
                        "id": "ER2",
                        "escalation_delay_in_minutes": 30,
                        "targets": [reference("user", "UBEN"), reference("user", "UGONE")],
                    },
                ],
            }
        ],
        "services": [
            {
                "id": "SV1",
                "name": "Checkout",
                "status": "active",
                "escalation_policy": reference("escalation_policy", "EP1"),
                "integrations": [{"id": "IN1", "name": "Prometheus", "vendor": {"summary": "Prometheus"}}],
            }
        ],
        "priorities": [{"id": "PR2", "name": "P2", "order": 1}, {"id": "PR1", "name": "P1", "order": 2}],
        "maintenance_windows": [{"id": "MW1", "description": "Move"}],
        "incidents": [
            {
                "id": "IN42",
                "title": "Disk full",
                "status": "resolved",
                "created_at": "2026-02-01T03:00:00Z",
                "resolved_at": "2026-02-01T04:00:00Z",
                "priority": {"summary": "P1"},
                "service": reference("service", "SV1"),
            },
        ],
    }
    double.members = {"TOPS": [{"user": reference("user", "UANNA")}], "TDB": [{"user": reference("user", "UBEN")}]}
    double.overrides = {
        "SPRIM": [
            {
                "id": "OV1",
                "start": "2026-12-24T00:00:00Z",
                "end": "2026-12-25T00:00:00Z",
                "user": reference("user", "UBEN"),
            }
        ]
    }
    double.logs = {
        "IN42": [
            {
                "id": "LE1",
                "type": "acknowledge_log_entry",
                "created_at": "2026-02-01T03:10:00Z",
                "summary": "Acknowledged by Anna.",
                "agent": reference("user", "UANNA"),
            }
        ]
    }
    return double


def layer(identity: str, name: str, users: list[str], **more: Any) -> Raw:
    return {
        "id": identity,
        "name": name,
        "start": "2026-01-05T08:00:00Z",
        "end": None,
        "rotation_virtual_start": "2026-01-05T08:00:00Z",
        "rotation_turn_length_seconds": 604800,
        "users": [{"user": reference("user", user)} for user in users],
        "restrictions": [],
        **more,
    }


@pytest.fixture(scope="module")
def plan() -> Plan:
    async def planned() -> Plan:
        async with serving(account()) as url, aiohttp.ClientSession() as session:
            headers = {"Authorization": f"Token token={KEY}"}
            reader = Reader("PagerDuty", url, headers, "PAGERDUTY_API_TOKEN", session, pause_s=0.001, now=NOW)
            return make_plan(await read_account(reader), "", NOW, severities=SEVERITIES)

    return asyncio.run(planned())


def test_every_object_of_the_source_stands_in_the_report_exactly_once(plan: Plan) -> None:
    rows = [(row.kind, row.id) for row in plan.report.rows]
    assert len(rows) == len(set(rows))
    assert set(rows) == {
        ("user", "UANNA"),
        ("user", "UBEN"),
        ("contact_method", "CM1"),
        ("contact_method", "CM2"),
        ("contact_method", "CM3"),
        ("notification_rule", "NR1"),
        ("notification_rule", "NR2"),
        ("team", "TOPS"),
        ("team", "TDB"),
        ("schedule", "SPRIM"),
        ("layer", "LTOP"),
        ("layer", "LBASE"),
        ("override", "OV1"),
        ("escalation_policy", "EP1"),
        ("escalation_rule", "ER1"),
        ("escalation_rule", "ER2"),
        ("service", "SV1"),
        ("integration", "IN1"),
        ("priority", "P1"),
        ("priority", "P2"),
        ("maintenance_window", "MW1"),
        ("incident", "IN42"),
    }
    assert [row for row in plan.report.rows if row.state != "moved" and not row.why] == []


def test_the_policy_pages_as_the_account_does(plan: Plan, tmp_path: Path) -> None:
    path = tmp_path / "policy.yml"
    path.write_text(plan.policy_text)
    policy = load(path)
    assert [each.name for each in policy.schedules["primary"].layers] == ["base", "office"], "later ones outrank"
    assert policy.schedules["primary"].layers[0].members == ("anna", "nobody")
    assert policy.schedules["primary"].layers[1].hours == "mon 09:00-mon 17:00"
    assert policy.teams["operations"].members == ("anna", "ben"), "people of nested teams belong to both"
    assert policy.services["checkout"].ladder == "checkout"
    rungs = policy.ladders["checkout"]
    assert [rung.after for rung in rungs[:2]] == [timedelta(0), timedelta(minutes=15)]
    assert len(rungs) == 6, "it is gone through twice more"
    assert policy.contacts["anna"].phone == "+4915112345678"


def test_past_incidents_keep_their_times(plan: Plan) -> None:
    (past,) = plan.past
    assert past.acknowledged_at == datetime(2026, 2, 1, 3, 10, tzinfo=UTC)
    assert past.resolved_at == datetime(2026, 2, 1, 4, 0, tzinfo=UTC)


def test_who_had_a_role_has_it_in_the_imported_incident(plan: Plan, tmp_path: Path) -> None:
    path = tmp_path / "policy.yml"
    path.write_text(plan.policy_text.replace("slack: anna@example.com", "slack: U0ANNA0000"))
    assert "U0ANNA0000" in path.read_text()
    past = past_incident(plan, plan.past[0], load(path))
    assert past is not None
    assert (past.roles, past.holders) == ({"commander": "anna"}, {"commander": "U0ANNA0000"})
    incident, _ = closed_incident(1, past, "digest", counted=False)
    assert incident.roles == {"commander": "U0ANNA0000"}
