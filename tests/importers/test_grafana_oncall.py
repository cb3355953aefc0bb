"""The import of a Grafana OnCall account. The double answers as the reference of its HTTP API says."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiohttp import web

from bot.policy import load
from tests.importers.conftest import Import, rows_of
from tests.importers.doubles import KEY

Raw = dict[str, Any]
FIRST = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=40)


@dataclass(slots=True)
class OnCallDouble:
    """Lists by their names. Two people take turns from day to day."""

    lists: dict[str, list[Raw]] = field(default_factory=dict)
    url: str = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        assert request.method == "GET", "an importer only reads"
        if request.headers.get("Authorization") != KEY:
            return web.json_response({"detail": "Invalid token."}, status=403)
        path = request.path.removeprefix("/api/v1/").strip("/")
        items = self.lists.get(path, [])
        if path.endswith("final_shifts"):
            items = _final_shifts(request.query["start_date"], request.query["end_date"])
        page = int(request.query.get("page", 1))
        more = page * 50 < len(items)
        following = f"{self.url}{request.path}?page={page + 1}" if more else None
        return web.json_response({"count": len(items), "next": following, "results": items[page * 50 - 50 : page * 50]})


def _final_shifts(start: str, end: str) -> list[Raw]:
    since, until = (datetime.fromisoformat(each).replace(tzinfo=UTC) for each in (start, end))
    shifts = []
    for day in range(400):
        begin = FIRST + timedelta(days=day)
        if begin < until + timedelta(days=1) and begin + timedelta(days=1) > since:
            shifts.append(
                {
                    "user_pk": f"U{day % 2}",
                    "user_email": f"p{day % 2}@example.com",
                    "user_username": f"p{day % 2}",
                    "shift_start": begin.strftime("%Y-%m-%dT%H:%M:%SZ"),
                    "shift_end": (begin + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ"),
                }
            )
    return shifts


def account() -> OnCallDouble:
    return OnCallDouble(
        {
            "users": [
                {"id": "U0", "email": "p0@example.com", "username": "p0", "slack": [{"user_id": "U0SLACK000"}]},
                {"id": "U1", "email": "p1@example.com", "username": "p1", "slack": None, "teams": ["T1"]},
            ],
            "teams": [{"id": "T1", "name": "Operations"}],
            "schedules": [{"id": "S1", "name": "Primary", "type": "web", "time_zone": "UTC"}],
            "on_call_shifts": [{"id": "O1", "name": "Daily", "type": "rolling_users"}],
            "escalation_chains": [{"id": "E1", "name": "Default"}],
            "escalation_policies": [
                {
                    "id": "P1",
                    "escalation_chain_id": "E1",
                    "position": 0,
                    "type": "notify_on_call_from_schedule",
                    "notify_on_call_from_schedule": "S1",
                },
                {"id": "P2", "escalation_chain_id": "E1", "position": 1, "type": "wait", "duration": 900},
                {
                    "id": "P3",
                    "escalation_chain_id": "E1",
                    "position": 2,
                    "type": "notify_persons",
                    "persons_to_notify": ["U1"],
                },
                {"id": "P4", "escalation_chain_id": "E1", "position": 3, "type": "trigger_webhook"},
            ],
            "integrations": [{"id": "I1", "name": "Alerts", "type": "alertmanager"}],
            "personal_notification_rules": [{"id": "N1", "user_id": "U0", "type": "notify_by_sms"}],
        }
    )


def test_an_account_of_grafana_oncall_becomes_a_policy(run_import: Import, tmp_path: Path) -> None:
    rows = rows_of(run_import(account(), "grafana-oncall", "--plan", "--output", "policy.yml", "--json"))
    assert sorted((row["kind"], row["id"]) for row in rows) == [
        ("escalation_chain", "E1"), ("escalation_policy", "P1"), ("escalation_policy", "P2"),
        ("escalation_policy", "P3"), ("escalation_policy", "P4"), ("integration", "I1"), ("on_call_shift", "O1"),
        ("personal_notification_rule", "N1"), ("schedule", "S1"), ("team", "T1"), ("user", "U0"), ("user", "U1"),
    ]  # fmt: skip
    policy = load(tmp_path / "policy.yml")
    assert policy.contacts["p0"].slack == "U0SLACK000"
    assert [rung.after for rung in policy.ladders["default"]] == [timedelta(0), timedelta(minutes=15)]


def test_who_is_on_call_is_proven_by_the_final_shifts(run_import: Import) -> None:
    result = run_import(account(), "prove", "grafana-oncall", "--days", "30", "--json")
    proof = json.loads(result.stdout)
    assert (result.exit_code, proof["differences"]) == (0, [])
    assert proof["equal_minutes"] == 60 * 1440


def states_of(rows: list[Raw], kind: str) -> dict[str, str]:
    return {row["id"]: row["state"] for row in rows if row["kind"] == kind}


def test_personal_notification_rules_become_the_methods_of_a_contact(run_import: Import, tmp_path: Path) -> None:
    double = account()
    kinds = ["notify_by_slack", "wait", "notify_by_email", "notify_by_phone_call", "notify_by_telegram"]
    double.lists["personal_notification_rules"] = [
        {"id": f"N{place}", "user_id": "U0", "position": place, "type": kind, "duration": 300, "important": False}
        for place, kind in reversed(list(enumerate(kinds)))
    ] + [{"id": "N9", "user_id": "U0", "position": 0, "type": "notify_by_slack", "important": True}]
    rows = rows_of(run_import(double, "grafana-oncall", "--plan", "--output", "policy.yml", "--json"))
    assert states_of(rows, "personal_notification_rule") == {
        "N0": "moved", "N1": "moved", "N2": "moved", "N3": "not_moved", "N4": "not_moved", "N9": "not_moved",
    }  # fmt: skip
    methods = load(tmp_path / "policy.yml").contacts["p0"].methods
    assert [(method.method, method.after) for method in methods] == [
        ("slack", timedelta(0)),
        ("email", timedelta(minutes=5)),
    ]


def test_routes_that_compare_labels_and_the_last_one_become_routes(run_import: Import, tmp_path: Path) -> None:
    double = account()
    double.lists["integrations"].append({"id": "I2", "name": "Black box", "type": "webhook"})
    condition = '{{ payload.commonLabels.severity == "critical" and payload.labels["zone"] == "eu" }}'
    shared = {"integration_id": "I1", "escalation_chain_id": "E1", "routing_type": "jinja2"}
    double.lists["routes"] = [
        {"id": "R3", **shared, "position": 2, "routing_regex": "", "is_the_last_route": True},
        {"id": "R1", **shared, "position": 0, "routing_regex": condition},
        {"id": "R2", **shared, "position": 1, "routing_regex": '{{ "down" in payload.title }}'},
        {"id": "R4", "integration_id": "I2", "position": 0, "is_the_last_route": True},
    ]
    rows = rows_of(run_import(double, "grafana-oncall", "--plan", "--output", "policy.yml", "--json"))
    assert states_of(rows, "route")["R2"] == "not_moved"
    routes = load(tmp_path / "policy.yml").alerts.routes
    assert [(route.name, dict(route.match)) for route in routes] == [
        ("grafana-oncall R1", {"integration": "alerts", "severity": "critical", "zone": "eu"}),
        ("grafana-oncall R3", {"integration": "alerts"}),
        ("grafana-oncall R4", {"integration": "black-box"}),
    ]
    assert [str(route.do) for route in routes] == ["ask", "ask", "record"]


def test_each_step_without_a_counterpart_says_what_to_do(run_import: Import) -> None:
    double = account()
    kinds = ["trigger_webhook", "notify_whole_channel", "notify_if_time_from_to", "notify_persons"]
    double.lists["escalation_policies"] = [
        {"id": f"P{place}", "escalation_chain_id": "E1", "position": place, "type": kind, "persons_to_notify": []}
        for place, kind in enumerate(kinds)
    ]
    rows = rows_of(run_import(double, "grafana-oncall", "--plan", "--json"))
    assert [(row["why"], row["do"]) for row in rows if row["kind"] == "escalation_policy"] == [
        ("There is no step “trigger_webhook” here", "Give the receiver a webhook of Tocsin's: docs/notifiers.md."),
        ("There is no step “notify_whole_channel” here", 'Write the channel to the rung\'s `notify`: "channel:#ops".'),
        (
            "There is no step “notify_if_time_from_to” here",
            "The rungs after it page at all hours: give their schedules `hours`.",
        ),
        ("It notifies nobody", ""),
    ]
