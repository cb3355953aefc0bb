"""Owners of playbooks hear of them: when a review is overdue, and of a step that people skip. Each once."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain import routing
from bot.domain.playbook.definition import Playbook
from bot.domain.playbook.stats import RunStats, owner_of, review_due, run_stats
from bot.domain.policy.policy import Contact, Policy
from bot.usecases.context import Context
from storage import playbook_runs as stored
from storage.outbox import enqueue

WORKING_HOURS = range(9, 17)  # nobody's night is spoilt by it


async def remind_owners(context: Context) -> int:
    """Tell each owner of what is new, in one message; how many were told. Replicas may go round at once."""
    now, policy = context.clock.now(), context.policy
    if not working_hours(now, policy):
        return 0
    owned = [
        (one, owner)
        for one in (await context.playbook_library.library()).playbooks
        if (owner := _reachable_owner(one, policy))
    ]
    if not owned:
        return 0
    told: dict[str, list[dict[str, Any]]] = {}
    dedup_keys: dict[str, list[str]] = {}
    async with context.database.transaction() as conn:
        used = set(await stored.used_playbooks(conn))
        for playbook, owner in owned:
            known = await _stats(conn, playbook) if playbook.id in used else RunStats(playbook.id)
            for dedup_key, about in _due_reminders(playbook, known, policy, now):
                if await stored.claim_reminder(conn, dedup_key, playbook.id, now):
                    told.setdefault(owner.key, []).append(about)
                    dedup_keys.setdefault(owner.key, []).append(dedup_key)
        notices = [
            routing.playbook_runs.review_due(
                _digest(dedup_keys[key]), key, _address(policy.contacts[key]), {"about": told[key]}
            )
            for key in told
        ]
        if notices:
            await enqueue.put(conn, notices)
    context.wakeups.notify()
    return len(told)


def working_hours(now: datetime, policy: Policy) -> bool:
    there = now.astimezone(ZoneInfo(policy.timezone))
    return there.weekday() < 5 and there.hour in WORKING_HOURS


def _due_reminders(
    playbook: Playbook, known: RunStats, policy: Policy, now: datetime
) -> list[tuple[str, dict[str, Any]]]:
    rules = policy.playbooks
    found: list[tuple[str, dict[str, Any]]] = []
    periods = review_due(playbook, rules.review_every, now.date())
    if periods is not None and playbook.last_reviewed is not None:
        about = {"playbook": playbook.id, "name": playbook.name, "reviewed": playbook.last_reviewed.isoformat()}
        found.append((f"review:{playbook.id}:{playbook.last_reviewed}:{periods}", {"what": "review", **about}))
    for step in playbook.steps:
        times = known.skipped.get(step.key, 0)
        if times >= rules.skipped:
            named: dict[str, Any] = {
                "playbook": playbook.id,
                "name": playbook.name,
                "step": step.key,
                "title": step.title,
            }
            dedup_key = f"skipped:{playbook.id}:{playbook.digest}:{step.key}"
            found.append((dedup_key, {"what": "skipped", "times": times, **named}))
    return found


async def _stats(conn: AsyncConnection, playbook: Playbook) -> RunStats:
    return run_stats(playbook, await stored.of_playbook(conn, playbook.id))


def _reachable_owner(playbook: Playbook, policy: Policy) -> Contact | None:
    owner = owner_of(playbook, policy.contacts)
    return owner if owner and _address(owner) else None


def _address(contact: Contact) -> str:
    return contact.slack or contact.email or ""


def _digest(dedup_keys: list[str]) -> str:
    return hashlib.sha256("\n".join(dedup_keys).encode()).hexdigest()[:24]
