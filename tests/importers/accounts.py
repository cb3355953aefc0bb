"""Small accounts at the doubles, with the oddities that people report."""

from __future__ import annotations

from typing import Any

from tests.importers.doubles import OpsgenieDouble

ANNA, BEN, NOMAIL, GONE = "u-anna", "u-ben", "u-nomail", "u-gone"
Raw = dict[str, Any]


def user(identity: str, username: str, name: str, **more: Any) -> Raw:
    return {"id": identity, "username": username, "fullName": name, "blocked": False, "verified": True, **more}


def weekly(identity: str, name: str, members: list[str], **more: Any) -> Raw:
    return {
        "id": identity, "name": name, "startDate": "2026-01-05T08:00:00Z", "endDate": None, "type": "weekly",
        "length": 1, "participants": [{"type": "user", "id": member} for member in members], **more,
    }  # fmt: skip


def small_opsgenie() -> OpsgenieDouble:
    """Two people, and a schedule with one rotation."""
    return OpsgenieDouble(
        users=[user(ANNA, "anna@example.com", "Anna Sørensen"), user(BEN, "ben@example.com", "Ben O'Neil")],
        contacts={ANNA: [{"id": "c1", "method": "sms", "to": "49-15112345678"}]},
        schedules=[
            {
                "id": "s-pay", "name": "Payments primary", "timezone": "Europe/Berlin", "enabled": True,
                "rotations": [weekly("r-1", "Week", [ANNA, BEN])],
            }
        ],
    )  # fmt: skip


def odd_opsgenie() -> OpsgenieDouble:
    """One of everything, and what people report: no address, deleted participants, circles, changed zones."""
    double = small_opsgenie()
    double.users += [
        user(NOMAIL, "pager-phone", "Pager Phone"),
        user("u-blocked", "left@example.com", "Lena Left", blocked=True),
        user("u-twin", "anna.two@example.com", "Anna Sørensen"),
    ]
    double.contacts[ANNA] += [
        {"id": "c2", "method": "voice", "to": "49-15112345678"},
        {"id": "c3", "method": "email", "to": "Anna@example.com"},
        {"id": "c4", "method": "email", "to": "anna@home.example"},
        {"id": "c5", "method": "mobile", "to": "iPhone"},
        {"id": "c6", "method": "sms", "to": "1-5550100999"},
        {"id": "c7", "method": "sms", "to": "call my wife"},
    ]
    double.rules[ANNA] = [
        {
            "id": "n1", "name": "New alerts", "actionType": "create-alert", "enabled": True,
            "steps": [
                _step("st1", "mobile", 0), _step("st2", "sms", 2), _step("st3", "voice", 5),
                _step("st4", "email", 9, enabled=False),
            ],
        },
        {"id": "n2", "name": "Shift begins", "actionType": "schedule-start", "enabled": True},
    ]  # fmt: skip
    double.teams = [
        {"id": "t-pay", "name": "Payments", "members": [_member(ANNA), _member(BEN), _member(GONE)]},
        {"id": "t-empty", "name": "Nobody's", "members": []},
    ]
    double.routing["t-pay"] = [
        _routing("rr1", "Worst", ("escalation", "e-pay"), order=0, conditions=[_condition("priority", "P1")]),
        _routing(
            "rr2", "Strange", ("schedule", "s-pay"), order=1, conditions=[_condition("message", "disk.*", "matches")]
        ),
        _routing("rr3", None, ("schedule", "s-pay"), order=2, isDefault=True),
    ]
    double.routing["t-empty"] = [_routing("rr4", None, ("none", None), isDefault=True)]
    double.schedules += [
        _odd_schedule(),
        _dead_schedule(),
        _switched_off(),
        {"id": "s-none", "name": "Empty", "timezone": "UTC", "enabled": True, "rotations": []},
    ]
    double.overrides["s-odd"] = [
        _override("o-one", BEN, "2026-12-24T00:00:00Z", "2026-12-26T00:00:00Z", ["r-day"]),
        _override("o-all", ANNA, "2026-12-31T12:00:00Z", "2027-01-01T12:00:00Z"),
        _override("o-gone", GONE, "2026-12-27T00:00:00Z", "2026-12-28T00:00:00Z"),
        _override("o-old", ANNA, "2020-12-27T00:00:00Z", "2020-12-28T00:00:00Z"),
    ]
    double.overrides["s-off"] = [_override("o-off", ANNA, "2026-12-24T00:00:00Z", "2026-12-26T00:00:00Z")]
    double.escalations = [
        _escalation("e-pay", [("schedule", "s-pay", 0), ("team", "t-pay", 10), ("escalation", "e-loop", 20)], repeat=3),
        _escalation("e-loop", [("escalation", "e-pay", 0), ("user", BEN, 5)]),
        _escalation("e-nowhere", [("user", GONE, 0), ("schedule", "s-none", 5)]),
        _escalation("e-self", [("escalation", "e-self", 0)]),
    ]
    double.services = [
        {"id": "sv-1", "name": "Checkout", "teamId": "t-pay", "description": "Takes money"},
        {"id": "sv-2", "name": "Checkout", "teamId": "t-empty"},
    ]
    double.integrations = [
        {"id": "i-prom", "name": "Prometheus", "type": "Prometheus", "enabled": True, "teamId": "t-pay"},
        {"id": "i-old", "name": "Nagios", "type": "Nagios", "enabled": True},
        {"id": "i-off", "name": "Datadog", "type": "Datadog", "enabled": False},
    ]
    double.heartbeats = [{"name": "nightly-backup", "enabled": True}]
    double.maintenance = [{"id": "m-1", "description": "Move of the database"}]
    double.forwarding = [{"id": "f-1", "alias": "holiday"}]
    double.policies = [{"id": "p-1", "name": "Delay at night"}]
    double.alerts = [_alert("a-1", "closed"), _alert("a-2", "open")]
    double.incidents = [
        {
            "id": "in-1", "message": "Checkout down", "description": "Payments fail", "status": "resolved",
            "priority": "P1", "createdAt": "2026-02-01T03:12:00Z", "updatedAt": "2026-02-01T04:00:00Z",
            "impactedServices": ["sv-1"],
        }
    ]  # fmt: skip
    double.incident_timelines["in-1"] = [
        {"id": "x", "eventTime": "2026-02-01T03:20:00Z", "title": {"content": "Note added"},
         "description": {"content": "Rolled back the release"}, "actor": {"name": "anna@example.com", "type": "user"}},
    ]  # fmt: skip
    return double


def _odd_schedule() -> Raw:
    business = {"type": "weekday-and-time-of-day", "restrictions": [_span("monday", 9, "friday", 17)]}
    night = {"type": "time-of-day", "restriction": {"startHour": 22, "startMin": 30, "endHour": 6, "endMin": 0}}
    return {
        "id": "s-odd", "name": "Payments secondary", "timezone": "America/Sao_Paulo", "enabled": True,
        "ownerTeam": {"id": "t-pay", "name": "Payments"},
        "rotations": [
            weekly("r-day", "Day", [ANNA, GONE, BEN], timeRestriction=business),
            weekly("r-night", "Night", [NOMAIL], timeRestriction=night, type="hourly", length=12),
            weekly("r-team", "Team", [], participants=[{"type": "team", "id": "t-pay"}, {"type": "none"}], length=3),
            weekly("r-ladder", "Ladder", [], participants=[{"type": "escalation", "id": "e-loop", "name": "e-loop"}]),
            weekly("r-nobody", "Nobody", [], participants=[{"type": "none"}]),
            weekly("r-yearly", "Yearly", [ANNA], type="yearly"),
            weekly("r-ended", "Ended", [BEN], endDate="2026-03-01T00:00:00Z"),
        ],
    }  # fmt: skip


def _dead_schedule() -> Raw:
    return {
        "id": "s-dead", "name": "Old project", "timezone": "Pacific/Apia", "enabled": True,
        "rotations": [weekly("r-dead", "Week", [ANNA], endDate="2026-02-01T00:00:00Z")],
    }  # fmt: skip


def _switched_off() -> Raw:
    return {
        "id": "s-off", "name": "Off", "timezone": "Mars/Olympus", "enabled": False,
        "rotations": [weekly("r-off", "Week", [ANNA])],
    }  # fmt: skip


def _step(identity: str, method: str, after: int, *, enabled: bool = True) -> Raw:
    contact = {"method": method, "to": "49-15112345678"}
    return {"id": identity, "contact": contact, "sendAfter": {"timeAmount": after}, "enabled": enabled}


def _span(start_day: str, start: int, end_day: str, end: int) -> Raw:
    return {"startDay": start_day, "startHour": start, "startMin": 0, "endDay": end_day, "endHour": end, "endMin": 0}


def _member(identity: str) -> Raw:
    return {"user": {"id": identity, "username": identity}, "role": "user"}


def _condition(field: str, value: str, operation: str = "equals") -> Raw:
    return {"field": field, "operation": operation, "expectedValue": value, "not": False}


def _routing(identity: str, name: str | None, notify: tuple[str, str | None], **more: Any) -> Raw:
    conditions = more.pop("conditions", [])
    criteria = {"type": "match-all-conditions" if conditions else "match-all", "conditions": conditions}
    return {"id": identity, "name": name, "criteria": criteria, "notify": {"type": notify[0], "id": notify[1]}, **more}


def _override(alias: str, person: str, start: str, end: str, rotations: list[str] | None = None) -> Raw:
    raw: Raw = {"alias": alias, "user": {"type": "user", "id": person}, "startDate": start, "endDate": end}
    return {**raw, "rotations": [{"id": rotation, "name": rotation} for rotation in rotations]} if rotations else raw


def _escalation(identity: str, rules: list[tuple[str, str, int]], repeat: int = 0) -> Raw:
    listed = [
        {
            "condition": "if-not-acked", "notifyType": "default", "delay": {"timeAmount": delay, "timeUnit": "minutes"},
            "recipient": {"type": kind, "id": target, "name": target},
        }
        for kind, target, delay in rules
    ]  # fmt: skip
    return {"id": identity, "name": identity, "rules": listed, "repeat": {"waitInterval": 10, "count": repeat}}


def _alert(identity: str, status: str) -> Raw:
    return {
        "id": identity, "tinyId": "1", "alias": identity, "message": "Disk full", "status": status, "priority": "P3",
        "acknowledged": True, "createdAt": "2026-02-02T10:00:00.123Z", "updatedAt": "2026-02-02T11:00:00Z",
        "owner": "ben@example.com",
        "report": {"ackTime": 60000, "closeTime": 600000, "acknowledgedBy": "ben@example.com"},
    }  # fmt: skip
