"""Builds the emergency sheet: who is on call, telephone numbers, ladders, vendors, the bridge, playbooks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from bot.domain.oncall import schedule as oncall
from bot.domain.oncall.schedule import Override, Shift
from bot.domain.paging import calls
from bot.domain.playbook.definition import Playbook
from bot.domain.policy.policy import BRIDGE, Contact, Policy, Rung
from bot.domain.values.durations import exact
from bot.json_shapes.incidents import instant
from playbooks import values

DAYS = 14
SERIOUS = 2  # the number of worst severities whose playbooks are on the sheet
MOST_PLAYBOOKS = 12


def sheet(
    policy: Policy,
    overrides: Sequence[Override],
    playbooks: Iterable[Playbook],
    now: datetime,
    addresses: Mapping[str, str | None],
) -> dict[str, Any]:
    """The sheet as JSON. `addresses` are URLs by name: the console, the status page and how to publish on it."""
    people = [_contact(contact) for contact in policy.contacts.values()]
    return {
        "made_at": instant(now),
        "policy": policy.name,
        "digest": policy.digest,
        "days": DAYS,
        "on_call": [_schedule(policy, key, overrides, now) for key in policy.schedules],
        "contacts": [person for person in people if person["phone"] or person["email"]],
        "vendors": [person for person in people if person["url"]],
        "without_number": sorted(person["name"] for person in people if not person["phone"]),
        "ladders": [_ladder(severity.key, severity.name, severity.ladder) for severity in policy.severities],
        "bridge": policy.bookmarks.get(BRIDGE),
        "links": dict(policy.links),
        "status_page": {name: url for name, url in addresses.items() if url},
        "playbooks": _playbooks(policy, playbooks),
    }


def _contact(contact: Contact) -> dict[str, Any]:
    return {
        "key": contact.key,
        "name": contact.name or contact.key,
        "phone": contact.phone,
        "email": contact.email,
        "slack": contact.slack,
        "url": contact.url,
    }


def _schedule(policy: Policy, key: str, overrides: Sequence[Override], now: datetime) -> dict[str, Any]:
    schedule, until = policy.schedules[key], now + timedelta(days=DAYS)
    shifts = oncall.shifts(schedule, now, until, tuple(overrides))
    gaps = oncall.gaps(schedule, now, until, tuple(overrides))
    return {
        "schedule": key,
        "timezone": str(schedule.timezone),
        "shifts": [_shift(policy, shift) for shift in shifts],
        "gaps": [{"starts_at": instant(gap.starts_at), "ends_at": instant(gap.ends_at)} for gap in gaps],
    }


def _shift(policy: Policy, shift: Shift) -> dict[str, Any]:
    contact = policy.contacts.get(shift.member)
    return {
        "member": shift.member,
        "name": (contact.name if contact else "") or shift.member,
        "phone": contact.phone if contact else None,
        "starts_at": instant(shift.starts_at),
        "ends_at": instant(shift.ends_at),
    }


def _ladder(key: str, name: str, rungs: Sequence[Rung]) -> dict[str, Any]:
    return {
        "severity": key,
        "name": name,
        "rungs": [
            {
                "after": exact(rung.after),
                "notify": [str(target) for target in rung.notify],
                "by": [calls.label(method) for method in rung.by],
            }
            for rung in rungs
        ],
    }


def _playbooks(policy: Policy, playbooks: Iterable[Playbook]) -> list[dict[str, Any]]:
    """The playbooks for the worst severities, with steps that a person can do in a terminal."""
    order = [level.key for level in policy.severities]
    worst = set(order[:SERIOUS])
    rows = [values.as_json(playbook, order) for playbook in playbooks]
    serious = [row for row in rows if worst & set(row["severities"] or order)]
    return [
        {
            "id": row["id"],
            "name": row["name"],
            "symptoms": row["symptoms"][:3],
            "steps": [
                {"title": step["title"], "commands": list(step["commands"])}
                for phase in row["phases"]
                for step in phase["steps"]
            ],
        }
        for row in serious[:MOST_PLAYBOOKS]
    ]
