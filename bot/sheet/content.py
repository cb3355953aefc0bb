"""Builds the emergency sheet: who is on call, telephone numbers, ladders, vendors, the bridge, playbooks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from bot.domain.oncall import schedule as oncall
from bot.domain.oncall.schedule import Override, Shift
from bot.domain.paging import calls
from bot.domain.playbook.definition import Playbook
from bot.domain.policy.policy import BRIDGE, Contact, Policy, Rung
from bot.domain.values.durations import exact
from bot.domain.values.target import Target, TargetKind, targets_text
from bot.json_shapes.incidents import instant
from playbooks import values

DAYS = 14
SERIOUS = 2  # the number of worst severities whose playbooks are on the sheet
MOST_PLAYBOOKS = 16


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
        "ladders": [_ladder(policy, severity.key, severity.name, severity.ladder) for severity in policy.severities],
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


def _ladder(policy: Policy, key: str, name: str, rungs: Sequence[Rung]) -> dict[str, Any]:
    return {
        "severity": key,
        "name": name,
        "rungs": [
            {
                "after": exact(rung.after),
                "notify": [str(target) for target in rung.notify],
                "whom": [_whom(policy, target) for target in rung.notify],
                "by": [calls.label(method) for method in rung.by],
            }
            for rung in rungs
        ],
    }


def _whom(policy: Policy, target: Target) -> str:
    """A target for people who hold the sheet in their hands: names and telephone numbers instead of keys."""
    match target.kind:
        case TargetKind.CONTACT if target.name in policy.contacts:
            contact = policy.contacts[target.name]
            return " ".join(filter(None, (contact.name or contact.key, contact.phone)))
        case TargetKind.SCHEDULE:
            return f"the person on call: {target.name}"
        case TargetKind.ROLE:
            return next((role.title for role in policy.roles if role.key == target.name), target.name)
        case TargetKind.USER:
            names = (contact.name for contact in policy.contacts.values() if contact.slack == target.name)
            return next(filter(None, names), target.name)
    return targets_text([target])


def _playbooks(policy: Policy, playbooks: Iterable[Playbook]) -> list[dict[str, Any]]:
    """The playbooks that matter in an emergency: those that services name, then some of each category.

    They are for the worst severities, those that are for few others first; how to organise a response is left out.
    """
    order = [level.key for level in policy.severities]
    worst = set(order[:SERIOUS])
    rows = [values.as_json(playbook, order) for playbook in playbooks if playbook.category != "process"]
    serious = [row for row in rows if worst & set(row["severities"] or order)]
    named_keys = {key for service in policy.services.values() for key in service.playbooks}
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
        for row in _by_turns(serious, named_keys)[:MOST_PLAYBOOKS]
    ]


def _by_turns(rows: Sequence[dict[str, Any]], named: Collection[str]) -> list[dict[str, Any]]:
    """The rows that are named, then the first of each category, the second of each, and so on."""
    rank: Counter[str] = Counter()
    turns = {}
    for row in sorted(rows, key=lambda row: (len(row["severities"]), row["name"])):
        turns[row["id"]] = (row["id"] not in named, 0 if row["id"] in named else rank[row["category"]])
        rank[row["category"]] += row["id"] not in named
    return sorted(rows, key=lambda row: (turns[row["id"]], len(row["severities"]), row["name"]))
