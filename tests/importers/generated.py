"""Accounts made up from a seed: zones of both hemispheres, restrictions, overrides, people who left."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.importers.accounts import user
from tests.importers.doubles import OpsgenieDouble
from tests.importers.opsgenie_oracle import timeline

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


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
