"""Accounts made up from a seed: zones of both hemispheres, restrictions, overrides, people who left."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.importers.accounts import user
from tests.importers.doubles import OpsgenieDouble
from tests.importers.opsgenie_oracle import timeline
from tests.importers.pagerduty_double import PagerDutyDouble
from tests.importers.pagerduty_oracle import entries

Raw = dict[str, Any]
ZONES = (
    "Europe/Berlin", "America/New_York", "America/Sao_Paulo", "Australia/Sydney", "Australia/Lord_Howe",
    "Pacific/Auckland", "Pacific/Chatham", "America/Santiago", "Asia/Kathmandu", "Asia/Kolkata", "Africa/Casablanca",
    "Europe/London", "America/St_Johns", "UTC", "Africa/Cairo", "America/Asuncion",
)  # fmt: skip
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def opsgenie_account(seed: int, schedules: int, people: int, now: datetime) -> OpsgenieDouble:
    """An account whose timelines the oracle renders."""
    chance = random.Random(seed)
    double = OpsgenieDouble(users=[user(f"u{n}", f"p{n}@example.com", f"Person {n}") for n in range(people)])
    double.teams = [
        {
            "id": f"t{n}",
            "name": f"Team {n}",
            "members": [{"user": {"id": f"u{chance.randrange(people)}"}, "role": "user"} for _ in range(3)],
        }
        for n in range(max(1, people // 10))
    ]
    for number in range(schedules):
        schedule = {
            "id": f"s{number}", "name": f"Schedule {number}", "timezone": chance.choice(ZONES), "enabled": True,
            "rotations": [
                _rotation(chance, f"r{number}-{n}", people, len(double.teams), now) for n in range(chance.randint(1, 3))
            ],
        }  # fmt: skip
        double.schedules.append(schedule)
        double.overrides[f"s{number}"] = [
            _override(chance, n, schedule, people, now) for n in range(chance.randint(0, 3))
        ]
        double.timelines[f"s{number}"] = _render(double, schedule)
    return double


def _render(double: OpsgenieDouble, schedule: Raw) -> Any:
    return lambda date, days: timeline(schedule, double.overrides[schedule["id"]], datetime.fromisoformat(date), days)


def _rotation(chance: random.Random, identity: str, people: int, teams: int, now: datetime) -> Raw:
    kind = chance.choice(("hourly", "daily", "weekly", "weekly"))
    start = now - timedelta(days=chance.randint(-20, 400), minutes=30 * chance.randint(0, 47))
    start = start.replace(minute=30 * (start.minute // 30), second=0, microsecond=0)
    rotation: Raw = {
        "id": identity, "name": f"Rotation {identity}", "type": kind, "startDate": _iso(start), "endDate": None,
        "length": chance.choice((1, 1, 2, 3, 5, 8, 12)) if kind == "hourly" else chance.choice((1, 1, 1, 2, 3)),
        "participants": [_participant(chance, people, teams) for _ in range(chance.randint(1, 5))],
    }  # fmt: skip
    if chance.random() < 0.2:
        rotation["endDate"] = _iso(start + timedelta(days=chance.randint(10, 500)))
    if chance.random() < 0.6:
        rotation["timeRestriction"] = _restriction(chance)
    return rotation


def _participant(chance: random.Random, people: int, teams: int) -> Raw:
    dice = chance.random()
    if dice < 0.05:
        return {"type": "none"}
    if dice < 0.15:
        return {"type": "team", "id": f"t{chance.randrange(teams)}"}
    return {"type": "user", "id": f"u{chance.randrange(people)}"}


def _restriction(chance: random.Random) -> Raw:
    if chance.random() < 0.4:
        start, end = chance.sample(range(48), 2)
        hours = {"startHour": start // 2, "startMin": start % 2 * 30, "endHour": end // 2, "endMin": end % 2 * 30}
        return {"type": "time-of-day", "restriction": hours}
    restrictions = []
    for _ in range(chance.randint(1, 3)):
        start, end = chance.sample(range(7 * 48), 2)
        restrictions.append({
            "startDay": _DAYS[start // 48], "startHour": start % 48 // 2, "startMin": start % 2 * 30,
            "endDay": _DAYS[end // 48], "endHour": end % 48 // 2, "endMin": end % 2 * 30,
        })  # fmt: skip
    return {"type": "weekday-and-time-of-day", "restrictions": restrictions}


def _override(chance: random.Random, number: int, schedule: Raw, people: int, now: datetime) -> Raw:
    start = now + timedelta(minutes=chance.randint(-25 * 1440, 85 * 1440))
    override: Raw = {
        "alias": f"o{number}", "user": {"type": "user", "id": f"u{chance.randrange(people)}"},
        "startDate": _iso(start), "endDate": _iso(start + timedelta(minutes=chance.randint(30, 5 * 1440))),
    }  # fmt: skip
    if chance.random() < 0.5:
        rotation = chance.choice(schedule["rotations"])
        override["rotations"] = [{"id": rotation["id"], "name": rotation["name"]}]
    return override


def pagerduty_account(seed: int, schedules: int, people: int, now: datetime) -> PagerDutyDouble:
    """An account whose final schedules the oracle renders."""
    chance = random.Random(seed)
    double = PagerDutyDouble()
    double.lists["users"] = [
        {"id": f"U{n}", "name": f"Person {n}", "email": f"p{n}@example.com"} for n in range(people)
    ]
    double.lists["schedules"] = []
    for number in range(schedules):
        layers = [_layer(chance, f"L{number}N{n}", people, now) for n in range(chance.randint(1, 3))]
        zone = chance.choice(ZONES)
        schedule = {"id": f"S{number}", "name": f"Schedule {number}", "time_zone": zone, "schedule_layers": layers}
        double.lists["schedules"].append(schedule)
        double.overrides[f"S{number}"] = _pagerduty_overrides(chance, number, people, now)
        double.entries[f"S{number}"] = _entries(double, schedule)
    return double


def _entries(double: PagerDutyDouble, schedule: Raw) -> Any:
    return lambda since, until: entries(schedule, double.overrides[schedule["id"]], since, until)


def _layer(chance: random.Random, identity: str, people: int, now: datetime) -> Raw:
    anchor = now - timedelta(days=chance.randint(-20, 400), minutes=chance.randint(0, 1439))
    begun = anchor + timedelta(hours=chance.choice((0, 0, 0, 5, 700)))
    turn = chance.choice((3600 * chance.choice((1, 6, 8, 12, 36)), 86400, 86400 * 3, 604800, 604800 * 2))
    return {
        "id": identity, "name": f"Layer {identity}", "start": _iso(begun), "rotation_virtual_start": _iso(anchor),
        "rotation_turn_length_seconds": turn,
        "end": _iso(begun + timedelta(days=chance.randint(5, 500))) if chance.random() < 0.2 else None,
        "users": [
            {"user": {"id": f"U{chance.randrange(people)}", "type": "user_reference"}}
            for _ in range(chance.randint(1, 5))
        ],
        "restrictions": [_pagerduty_restriction(chance) for _ in range(chance.choice((0, 0, 1, 2)))],
    }  # fmt: skip


def _pagerduty_restriction(chance: random.Random) -> Raw:
    start = chance.randrange(1440)
    clock = f"{start // 60:02}:{start % 60:02}:00"
    if chance.random() < 0.5:
        duration = 60 * chance.randint(30, 1439)
        return {"type": "daily_restriction", "start_time_of_day": clock, "duration_seconds": duration}
    duration = 60 * chance.randint(30, 6 * 1440)
    day = chance.randint(1, 7)
    restriction: Raw = {"type": "weekly_restriction", "start_time_of_day": clock, "duration_seconds": duration}
    return {**restriction, "start_day_of_week": day}


def _pagerduty_overrides(chance: random.Random, number: int, people: int, now: datetime) -> list[Raw]:
    """Overrides that follow one another: PagerDuty allows no two at the same time."""
    at, overrides = now - timedelta(days=25), []
    for each in range(chance.randint(0, 3)):
        at += timedelta(minutes=chance.randint(60, 30 * 1440))
        end = at + timedelta(minutes=chance.randint(30, 3 * 1440))
        user = {"id": f"U{chance.randrange(people)}", "type": "user_reference"}
        overrides.append({"id": f"O{number}N{each}", "start": _iso(at), "end": _iso(end), "user": user})
        at = end
    return overrides


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
