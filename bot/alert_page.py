"""Builds the page about a group of alerts that goes out by another method than Slack."""

from __future__ import annotations

import hashlib

from bot.domain.alerts import escalation
from bot.domain.alerts.group import AlertGroup
from bot.domain.paging import calls, people
from bot.domain.policy.policy import Policy
from bot.domain.routing.payloads import AlertPagePayload
from bot.domain.routing.send_result import Failed, NotNeeded
from bot.integrations.protocol import Action, Page
from bot.usecases.context import Context
from bot.usecases.effects.on_call import current_directory
from storage.alerts import groups
from storage.outbox.payloads import read_payload
from storage.outbox.queue import ClaimedNotice


async def page_of(context: Context, row: ClaimedNotice) -> Page | Failed | NotNeeded:
    """The page as the group is now; `NotNeeded` if somebody has acted meanwhile."""
    payload = read_payload(row, AlertPagePayload)
    async with context.database.reading() as conn:
        group = await groups.get(conn, payload.group)
        policy = (await current_directory(conn, context.policy)).with_users(context.policy)
    if group is None:
        return Failed(f"there is no group for {row.dedup_key}")
    action = Action(payload.action)
    if action is Action.TRIGGER and (reason := escalation.why_nobody(group)):
        return NotNeeded(reason)
    return Page(
        incident=group.id,
        action=action,
        dedup_key=_dedup_key(group, payload.contact),
        key=row.key,
        person=people.person_by_address(payload.contact or payload.person, policy),
        title=people.replace_mentions(group.title, policy),
        severity=group.severity,
        severe=policy.rank(group.severity) if _has_severity(group.severity, policy) else None,
        status=str(group.state),
        why=people.replace_mentions(payload.why, policy),
        link=None,
        rung=payload.rung,
        times=payload.times,
        declared_at=group.opened_at,
        paged_at=context.clock.at(row.created_at.timestamp()),
        uncertain=row.uncertain,
        alert=True,
    )


def failure_text(row: ClaimedNotice) -> str:
    """The failure of a page, such as `Could not page U1 about AG-7 by SMS`."""
    payload = read_payload(row, AlertPagePayload)
    action = f"page {payload.contact or payload.person}" if payload.action == Action.TRIGGER else payload.action
    return f"Could not {action} about AG-{payload.group} by {calls.label(payload.method)}"


def _has_severity(severity: str, policy: Policy) -> bool:
    return any(level.key == severity for level in policy.severities)


def _dedup_key(group: AlertGroup, contact: str | None) -> str:
    """The key at the vendor: one for each group and person, the same whenever it is paged again."""
    seed = f"{group.opened_at.isoformat()}:{group.number}:{contact or ''}"
    return f"tocsin-{group.id}-{hashlib.sha256(seed.encode()).hexdigest()[:16]}"
