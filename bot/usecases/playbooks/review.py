"""Reminds owners of playbooks that a review is overdue and which steps people skip, each once."""

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
from bot.domain.values.working_hours import WORKING_HOURS
from bot.usecases.context import Context
from storage import playbook_runs as stored
from storage.outbox import enqueue


async def remind_owners(context: Context) -> int:
    """Send each owner one message with everything new, during working hours. Returns how many got one.

    Several replicas may do this at the same time.
    """
    now, policy = context.clock.now(), context.policy
    if not working_hours(now, policy):
        return 0
    library = await context.playbook_library.library()
    owned = [(item, owner) for item in library.playbooks if (owner := _reachable_owner(item, policy))]
    if not owned:
        return 0
    subjects: dict[str, list[dict[str, Any]]] = {}
    dedup_keys: dict[str, list[str]] = {}
    async with context.database.transaction() as conn:
        used = set(await stored.used_playbooks(conn))
        for playbook, owner in owned:
            stats = await _stats(conn, playbook) if playbook.id in used else RunStats(playbook.id)
            for dedup_key, subject in _due_reminders(playbook, stats, policy, now):
                if await stored.claim_reminder(conn, dedup_key, playbook.id, now):
                    subjects.setdefault(owner.key, []).append(subject)
                    dedup_keys.setdefault(owner.key, []).append(dedup_key)
        notices = [
            routing.playbook_runs.review_due(
                _digest(dedup_keys[key]), key, _address(policy.contacts[key]), {"about": subjects[key]}
            )
            for key in subjects
        ]
        if notices:
            await enqueue.put(conn, notices)
    context.wakeups.notify()
    return len(subjects)


def working_hours(now: datetime, policy: Policy) -> bool:
    """Whether it is a weekday between 9 and 17 in the policy's time zone."""
    local = now.astimezone(ZoneInfo(policy.timezone))
    return local.weekday() < 5 and local.hour in WORKING_HOURS


def _due_reminders(
    playbook: Playbook, stats: RunStats, policy: Policy, now: datetime
) -> list[tuple[str, dict[str, Any]]]:
    """The dedup key and content of each reminder that a playbook's owner should get, whether sent before or not."""
    rules = policy.playbooks
    playbook_names: dict[str, Any] = {"playbook": playbook.id, "name": playbook.name}
    reminders: list[tuple[str, dict[str, Any]]] = []
    periods = review_due(playbook, rules.review_every, now.date())
    if periods is not None and playbook.last_reviewed is not None:
        dedup_key = f"review:{playbook.id}:{playbook.last_reviewed}:{periods}"
        reminders.append(
            (dedup_key, {"what": "review", **playbook_names, "reviewed": playbook.last_reviewed.isoformat()})
        )
    for step in playbook.steps:
        times = stats.skipped.get(step.key, 0)
        if times >= rules.skipped:
            step_names = {"step": step.key, "title": step.title}
            dedup_key = f"skipped:{playbook.id}:{playbook.digest}:{step.key}"
            reminders.append((dedup_key, {"what": "skipped", "times": times, **playbook_names, **step_names}))
    return reminders


async def _stats(conn: AsyncConnection, playbook: Playbook) -> RunStats:
    return run_stats(playbook, await stored.in_public(conn, playbook.id))


def _reachable_owner(playbook: Playbook, policy: Policy) -> Contact | None:
    owner = owner_of(playbook, policy.contacts)
    return owner if owner and _address(owner) else None


def _address(contact: Contact) -> str:
    return contact.slack or contact.email or ""


def _digest(dedup_keys: list[str]) -> str:
    return hashlib.sha256("\n".join(dedup_keys).encode()).hexdigest()[:24]
