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
        "length": 1, "participants": [{"type": "user", "id": each} for each in members], **more,
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
