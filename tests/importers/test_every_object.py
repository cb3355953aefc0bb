"""The report has every object of a source exactly once, for any account."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.importers.conftest import Import, rows_of
from tests.importers.doubles import OpsgenieDouble
from tests.importers.generated import opsgenie_account, pagerduty_account
from tests.importers.pagerduty_double import PagerDutyDouble
from tests.importers.test_grafana_oncall import OnCallDouble
from tests.importers.test_grafana_oncall import account as small_oncall

NOW = datetime(2026, 9, 20, 13, 37, tzinfo=UTC)
AT = "2026-02-01T03:12:00Z"
Raw = dict[str, Any]


def several(chance: random.Random, prefix: str, **more: Any) -> list[Raw]:
    """Up to five things of a kind."""
    return [{"id": f"{prefix}{n}", "name": f"{prefix} {n}", **more} for n in range(chance.randint(1, 5))]


def opsgenie(seed: int) -> OpsgenieDouble:
    chance = random.Random(seed)
    double = opsgenie_account(seed, 6, 12, NOW)
    for user in double.users:
        key = user["id"]
        double.contacts[key] = several(
            chance, "c", method=chance.choice(("sms", "voice", "email", "mobile")), to="1-55501"
        )
        kinds = ("create-alert", "schedule-start", "assigned-alert")
        double.rules[key] = [
            {**rule, "actionType": chance.choice(kinds), "steps": several(chance, "st", contact={"method": "sms"})}
            for rule in several(chance, "n")
        ]
    for team in double.teams:
        double.routing[team["id"]] = several(chance, "rr", notify={"type": "none"}, criteria={"type": "match-all"})
        double.team_policies[team["id"]] = several(chance, f"np-{team['id']}-")
    notify = {"recipient": {"type": "user", "id": "u1"}, "delay": {"timeAmount": 5}}
    double.escalations = [
        {**each, "rules": [dict(notify, notifyType=chance.choice(("default", "previous", "admins")))] * 2}
        for each in several(chance, "e")
    ]
    double.services = several(chance, "sv")
    double.incident_rules = {each["id"]: several(chance, f"ir-{each['id']}-") for each in double.services}
    double.integrations = several(chance, "i", type="Prometheus", enabled=True)
    double.heartbeats, double.maintenance = several(chance, "hb"), several(chance, "m")
    double.forwarding, double.policies = several(chance, "f"), several(chance, "p")
    paths = ("v1/incident-templates", "v2/alerts/saved-searches", "v2/roles")
    double.others = {path: several(chance, f"x{n}-") for n, path in enumerate(paths)}
    double.alerts = several(chance, "a", message="Disk full", status="closed", createdAt=AT)
    double.incidents = several(chance, "in", message="Down", status="closed", createdAt=AT, updatedAt=AT)
    return double


def of_opsgenie(double: OpsgenieDouble) -> Counter[str]:
    others = list(double.others.values())
    rules = [rule for each in double.rules.values() for rule in each]
    return Counter(
        {
            "user": len(double.users),
            "contact_method": count(double.contacts),
            "notification_rule": len(rules),
            "notification_step": sum(len(rule["steps"]) for rule in rules if rule["actionType"] == "create-alert"),
            "team": len(double.teams),
            "routing_rule": count(double.routing),
            "schedule": len(double.schedules),
            "rotation": sum(len(each["rotations"]) for each in double.schedules),
            "override": count(double.overrides),
            "escalation": len(double.escalations),
            "escalation_rule": sum(len(each["rules"]) for each in double.escalations),
            "service": len(double.services),
            "incident_rule": count(double.incident_rules),
            "integration": len(double.integrations),
            "heartbeat": len(double.heartbeats),
            "maintenance": len(double.maintenance),
            "forwarding_rule": len(double.forwarding),
            "alert_policy": len(double.policies),
            "notification_policy": count(double.team_policies),
            "incident_template": len(others[0]),
            "saved_search": len(others[1]),
            "custom_role": len(others[2]),
            "priority": 5,
            "alert": len(double.alerts),
            "incident": len(double.incidents),
        }
    )


def pagerduty(seed: int) -> PagerDutyDouble:
    chance = random.Random(seed)
    double = pagerduty_account(seed, 6, 12, NOW)
    for user in double.lists["users"]:
        methods = several(chance, f"CM{user['id']}", type="phone_contact_method", address="555100")
        user["contact_methods"] = methods
        user["notification_rules"] = several(chance, f"NR{user['id']}", contact_method=methods[0])
    double.lists["teams"] = several(chance, "T")
    double.lists["escalation_policies"] = [
        {**each, "escalation_rules": several(chance, f"ER{each['id']}", targets=[{"id": "U1", "type": "user"}])}
        for each in several(chance, "E")
    ]
    double.lists["services"] = [
        {**each, "integrations": several(chance, f"I{each['id']}")} for each in several(chance, "V")
    ]
    for name in ("priorities", "maintenance_windows", "business_services", "orchestrations", "rulesets", "extensions",
                 "webhook_subscriptions", "incident_workflows"):  # fmt: skip
        double.lists[name] = several(chance, f"{name[0]}{name[3]}".upper())
    double.lists["incidents"] = several(chance, "Q", title="Down", created_at=AT, resolved_at=AT)
    return double


def of_pagerduty(double: PagerDutyDouble) -> Counter[str]:
    lists = double.lists
    users, ladders, services = lists["users"], lists["escalation_policies"], lists["services"]
    return Counter(
        {
            "user": len(users),
            "contact_method": inner(users, "contact_methods"),
            "notification_rule": inner(users, "notification_rules"),
            "team": len(lists["teams"]),
            "schedule": len(lists["schedules"]),
            "layer": inner(lists["schedules"], "schedule_layers"),
            "override": count(double.overrides),
            "escalation_policy": len(ladders),
            "escalation_rule": inner(ladders, "escalation_rules"),
            "service": len(services),
            "integration": inner(services, "integrations"),
            "priority": len(lists["priorities"]),
            "maintenance_window": len(lists["maintenance_windows"]),
            "business_service": len(lists["business_services"]),
            "event_orchestration": len(lists["orchestrations"]),
            "ruleset": len(lists["rulesets"]),
            "extension": len(lists["extensions"]),
            "webhook_subscription": len(lists["webhook_subscriptions"]),
            "incident_workflow": len(lists["incident_workflows"]),
            "incident": len(lists["incidents"]),
        }
    )


def oncall(seed: int) -> OnCallDouble:
    chance = random.Random(seed)
    double = small_oncall()
    double.lists |= {
        "routes": several(chance, "R", integration_id="I1", escalation_chain_id="E1", routing_regex=".*db.*"),
        "alert_groups": several(chance, "AG", title="Disk full", created_at=AT, resolved_at=AT),
        "webhooks": several(chance, "W"),
        "resolution_notes": several(chance, "N"),
        "shift_swaps": several(chance, "S"),
    }
    return double


def of_oncall(double: OnCallDouble) -> Counter[str]:
    kinds = {
        "users": "user", "teams": "team", "schedules": "schedule", "on_call_shifts": "on_call_shift",
        "escalation_chains": "escalation_chain", "escalation_policies": "escalation_policy",
        "integrations": "integration", "personal_notification_rules": "personal_notification_rule", "routes": "route",
        "alert_groups": "alert_group", "webhooks": "webhook", "resolution_notes": "resolution_note",
        "shift_swaps": "shift_swap",
    }  # fmt: skip
    return Counter({kinds[name]: len(items) for name, items in double.lists.items()})


def count(lists: Mapping[str, list[Raw]]) -> int:
    return sum(map(len, lists.values()))


def inner(items: Iterable[Raw], name: str) -> int:
    return sum(len(item[name]) for item in items)


CASES = [
    pytest.param(source, double, seed, expected, id=f"{source} {seed}")
    for source, double, expected in (
        ("opsgenie", opsgenie, of_opsgenie),
        ("pagerduty", pagerduty, of_pagerduty),
        ("grafana-oncall", oncall, of_oncall),
    )
    for seed in (1, 2)
]


@pytest.mark.parametrize(("source", "double", "seed", "expected"), CASES)
def test_every_object_stands_in_the_report_exactly_once(
    run_import: Import, source: str, double: Any, seed: int, expected: Any
) -> None:
    account = double(seed)
    rows = rows_of(run_import(account, source, "--plan", "--json"))
    assert Counter(row["kind"] for row in rows) == expected(account)
    assert len({(row["kind"], row["id"]) for row in rows}) == len(rows)
    assert [row for row in rows if row["state"] != "moved" and not row["why"]] == []
