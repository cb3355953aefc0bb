"""The import of each kind of object of an Opsgenie account."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest

from bot.importers.opsgenie.read import read_account
from bot.importers.opsgenie.times import hours_of
from bot.importers.plan import Plan, make_plan
from bot.importers.reader import Reader
from tests.importers.accounts import odd_opsgenie, small_opsgenie, weekly
from tests.importers.doubles import KEY, OpsgenieDouble, serving

NOW = datetime(2026, 12, 1, tzinfo=UTC)
SEVERITIES = ("sev1", "sev2", "sev3", "sev4", "sev5")


def plan_of(double: OpsgenieDouble, policy: str = "", **options: Any) -> Plan:
    async def planned() -> Plan:
        async with serving(double) as url, aiohttp.ClientSession() as session:
            reader = Reader(
                "Opsgenie", url, {"Authorization": f"GenieKey {KEY}"}, "OPSGENIE_API_KEY", session, pause_s=0.001
            )
            return make_plan(await read_account(reader), policy, NOW, severities=SEVERITIES, **options)

    return asyncio.run(planned())


@pytest.fixture(scope="module")
def odd() -> Plan:
    return plan_of(odd_opsgenie())


def row(plan: Plan, kind: str, identity: str) -> tuple[str, str]:
    (found,) = [each for each in plan.report.rows if (each.kind, each.id) == (kind, identity)]
    return str(found.state), found.why


def value(plan: Plan, section: str, key: str) -> Any:
    (found,) = [addition.value for addition in plan.additions if addition.section == (section,) and addition.key == key]
    return found


def objects_of(double: OpsgenieDouble) -> set[tuple[str, str]]:
    """Every object of the account, as the report names it."""
    found = {("user", each["id"]) for each in double.users}
    for person, contacts in double.contacts.items():
        found |= {("contact_method", f"{person}/{each['id']}") for each in contacts}
    for person, rules in double.rules.items():
        found |= {("notification_rule", f"{person}/{each['id']}") for each in rules}
        found |= {
            ("notification_step", f"{person}/{rule['id']}/{each['id']}")
            for rule in rules
            for each in rule.get("steps", [])
        }
    found |= {("team", each["id"]) for each in double.teams}
    for team, rules in double.routing.items():
        found |= {("routing_rule", f"{team}/{each['id']}") for each in rules}
    for schedule in double.schedules:
        found.add(("schedule", schedule["id"]))
        found |= {("rotation", each["id"]) for each in schedule["rotations"]}
        found |= {
            ("override", f"{schedule['id']}/{each['alias']}") for each in double.overrides.get(schedule["id"], [])
        }
    for escalation in double.escalations:
        found.add(("escalation", escalation["id"]))
        found |= {("escalation_rule", f"{escalation['id']}/{number + 1}") for number in range(len(escalation["rules"]))}
    for kind, items in (
        ("service", double.services),
        ("integration", double.integrations),
        ("incident", double.incidents),
        ("alert", double.alerts),
        ("maintenance", double.maintenance),
        ("forwarding_rule", double.forwarding),
        ("alert_policy", double.policies),
    ):
        found |= {(kind, each["id"]) for each in items}
    found |= {("heartbeat", each["name"]) for each in double.heartbeats}
    return found | {("priority", f"P{number}") for number in range(1, 6)}


def test_every_object_of_the_source_stands_in_the_report_exactly_once(odd: Plan) -> None:
    rows = [(each.kind, each.id) for each in odd.report.rows]
    assert len(rows) == len(set(rows))
    assert set(rows) == objects_of(odd_opsgenie())


def test_what_is_not_moved_or_changed_says_why(odd: Plan) -> None:
    assert [each for each in odd.report.rows if each.state != "moved" and not each.why] == []


def test_people_are_contacts_with_one_number_and_one_address(odd: Plan) -> None:
    assert value(odd, "contacts", "anna-sorensen") == {
        "name": "Anna Sørensen", "slack": "anna@example.com", "email": "anna@example.com", "phone": "+4915112345678",
        "methods": [{"by": "slack", "after": "0m"}, {"by": "sms", "after": "2m"}, {"by": "phone", "after": "5m"}],
    }  # fmt: skip
    assert value(odd, "contacts", "anna-sorensen-2")["email"] == "anna.two@example.com"
    assert row(odd, "contact_method", "u-anna/c2")[0] == "moved"
    for number in ("c4", "c5", "c6", "c7"):
        assert row(odd, "contact_method", f"u-anna/{number}")[0] == "not_moved"
    assert row(odd, "user", "u-nomail") == ("changed", "There is no e-mail address, so nobody in Slack can be matched")
    assert "blocked" in row(odd, "user", "u-blocked")[1]


def test_rotations_with_their_restrictions_are_layers(odd: Plan) -> None:
    schedule = value(odd, "schedules", "payments-secondary")
    assert schedule["timezone"] == "America/Sao_Paulo"
    assert schedule["together"] is True
    layers = {layer.value["name"]: layer.value for layer in schedule["layers"]}
    assert layers["day"] == {
        "name": "day", "rotation": "weekly", "handoff": "mon 05:00", "start": "2026-01-05",
        "members": ["anna-sorensen", "nobody", "ben-o-neil"], "hours": "mon 09:00-fri 17:00",
    }  # fmt: skip
    assert layers["night"]["rotation"] == {"every": 12, "unit": "hour"}
    assert layers["night"]["hours"] == "22:30-06:00"
    assert layers["team"]["members"] == ["payments", "nobody"]
    assert "e-loop" in row(odd, "rotation", "r-ladder")[1]
    assert layers["ended"]["ends"] == "2026-03-01T00:00:00Z"
    assert row(odd, "rotation", "r-day")[0] == "changed"
    assert "u-gone" in row(odd, "rotation", "r-day")[1]
    assert row(odd, "rotation", "r-nobody")[0] == "not_moved"
    assert row(odd, "rotation", "r-yearly")[0] == "not_moved"


def test_schedules_that_are_dead_or_off_are_named(odd: Plan) -> None:
    assert row(odd, "schedule", "s-dead")[0] == "changed"
    assert "over" in row(odd, "schedule", "s-dead")[1]
    assert row(odd, "schedule", "s-off")[0] == "not_moved"
    assert row(odd, "rotation", "r-off")[0] == "not_moved"
    assert row(odd, "override", "s-off/o-off")[0] == "not_moved"
    assert row(odd, "schedule", "s-none")[0] == "not_moved"


def test_overrides_are_covers_of_the_layer_that_they_name(odd: Plan) -> None:
    covers = {(cover.schedule, cover.member, cover.layer) for cover in odd.covers}
    assert covers == {("payments-secondary", "ben-o-neil", "day"), ("payments-secondary", "anna-sorensen", "")}
    assert row(odd, "override", "s-odd/o-gone")[0] == "not_moved"
    assert row(odd, "override", "s-odd/o-old")[0] == "not_moved"


def test_escalations_that_point_at_each_other_are_cut_where_the_circle_closes(odd: Plan) -> None:
    assert value(odd, "ladders", "e-pay") == {
        "rungs": [
            {"after": "0m", "notify": ["schedule:payments-primary"]},
            {"after": "10m", "notify": ["team:payments"]},
            {"after": "25m", "notify": ["contact:ben-o-neil"]},
        ],
        "repeat": {"times": 3, "after": "10m"},
    }
    assert "circle" in row(odd, "escalation_rule", "e-self/1")[1]
    assert (
        "leads back to the escalation"
        in row(odd, "escalation_rule", "e-pay/2")[1] + row(odd, "escalation_rule", "e-pay/3")[1]
    )
    assert row(odd, "escalation", "e-self")[0] == "not_moved"
    assert "nowhere" in row(odd, "escalation", "e-nowhere")[1]


def test_a_restriction_of_a_whole_week_is_none_and_24_00_is_the_next_day() -> None:
    def restricted(*days_and_hours: tuple[str, int, str, int]) -> Any:
        windows = [
            {"startDay": start, "startHour": begin, "startMin": 0, "endDay": end, "endHour": until, "endMin": 0}
            for start, begin, end, until in days_and_hours
        ]
        return hours_of({"type": "weekday-and-time-of-day", "restrictions": windows})

    assert restricted(("monday", 9, "monday", 9)) == []
    assert restricted(("monday", 0, "sunday", 24)) == []
    assert restricted(("friday", 17, "sunday", 24)) == ["fri 17:00-mon 00:00"]
    assert restricted(("monday", 9, "friday", 17)) == ["mon 09:00-fri 17:00"]


def test_a_routing_rule_to_what_is_not_moved_says_that_nobody_is_paged() -> None:
    double = small_opsgenie()
    double.teams = [{"id": "t", "name": "Payments", "members": [{"user": {"id": "u-anna"}}]}]
    off = {"id": "s-off", "name": "Off", "timezone": "UTC", "enabled": False, "rotations": []}
    double.schedules.append(off)
    rule = {"id": "rr", "isDefault": True, "notify": {"type": "schedule", "id": "s-off", "name": "Off"}}
    double.routing = {"t": [rule]}
    (found,) = [each for each in plan_of(double).report.rows if each.kind == "routing_rule"]
    assert found.why == "The schedule Off that it notifies is not moved: the alerts are recorded, and page nobody"
    assert found.do == "Write whom to page to the route's `escalate`, with `do: ask`."


def test_a_rotation_whose_people_are_all_gone_is_to_be_written_by_hand() -> None:
    double = small_opsgenie()
    double.schedules[0]["rotations"] = [weekly("r-1", "Week", ["u-gone", "u-left"])]
    (found,) = [each for each in plan_of(double).report.rows if each.kind == "rotation"]
    assert found.state == "not_moved"
    assert found.do == "Write it by hand, with people who are there."


def test_a_schedule_whose_rotations_cannot_be_moved_is_not_said_to_be_missed_by_nobody() -> None:
    double = small_opsgenie()
    unknown, over = {"type": "lunar"}, {"endDate": "2026-03-01T00:00:00Z"}
    double.schedules[0]["rotations"] = [weekly("r-1", "Week", ["u-anna"], timeRestriction=unknown)]
    assert row(plan_of(double), "schedule", "s-pay") == ("not_moved", "None of its rotations is moved")
    double.schedules[0]["rotations"].append(weekly("r-2", "Old", ["u-anna"], **over))
    assert row(plan_of(double), "schedule", "s-pay") == (
        "changed", "Those of its rotations that still run are not moved",
    )  # fmt: skip
    double.schedules[0]["rotations"] = [weekly("r-2", "Old", ["u-anna"], **over)]
    assert "It is over" in row(plan_of(double), "schedule", "s-pay")[1]


def test_services_and_routes_lead_where_the_team_s_alerts_led(odd: Plan) -> None:
    assert value(odd, "services", "checkout") == {
        "name": "Checkout",
        "description": "Takes money",
        "schedule": "payments-primary",
    }
    assert row(odd, "service", "sv-2")[0] == "changed"
    routes = {
        addition.value["name"]: addition.value for addition in odd.additions if addition.section == ("alerts", "routes")
    }
    worst = routes["opsgenie t-pay/rr1"]
    assert worst["match"] == {"team": "payments", "severity": "P1"}
    assert worst["escalate"][0]["notify"] == ["schedule:payments-primary"]
    assert "opsgenie t-pay/rr2" not in routes
    assert routes["opsgenie t-pay/rr3"]["do"] == "ask"


def test_priorities_are_severities(odd: Plan) -> None:
    mapped = {
        addition.key: addition.value for addition in odd.additions if addition.section == ("alerts", "severity", "map")
    }
    assert mapped == {"P1": "sev1", "P2": "sev2", "P3": "sev3", "P4": "sev4", "P5": "sev5"}


def test_each_sender_is_told_where_to_send_with_the_line_to_paste() -> None:
    plan = plan_of(odd_opsgenie(), hook_url="https://tocsin.example.com")
    (prometheus,) = [each for each in plan.report.rows if each.id == "i-prom"]
    assert "https://tocsin.example.com/hooks/alertmanager" in prometheus.do
    assert "team: payments" in prometheus.do
    assert row(plan, "integration", "i-old")[0] == "not_moved"
    assert row(plan, "integration", "i-off")[0] == "not_moved"


def test_what_the_key_may_not_read_is_a_row_of_its_own() -> None:
    double = odd_opsgenie()
    double.forbidden = {"v1/services", "v1/incidents"}
    plan = plan_of(double)
    assert {each.id for each in plan.report.rows if each.kind == "list"} == {"v1/services", "v1/incidents"}


def test_past_incidents_keep_their_times(odd: Plan) -> None:
    past = {each.origin.id: each for each in odd.past}
    assert past["a-1"].acknowledged_at == datetime(2026, 2, 2, 10, 1, 0, 123000, tzinfo=UTC)
    assert past["a-1"].resolved_at == datetime(2026, 2, 2, 10, 10, 0, 123000, tzinfo=UTC)
    assert row(odd, "alert", "a-2")[0] == "not_moved"
    assert past["in-1"].entries[0][2] == "Rolled back the release"
