"""Updates incidents and cards after changes of their groups of alerts, in the same transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain import routing
from bot.domain.alerts import entries
from bot.domain.alerts.group import AlertGroup, Decision, GroupChange
from bot.domain.incident import Change
from bot.domain.routing.notice import Notice
from bot.usecases.alerts import propose
from bot.usecases.context import Context
from bot.usecases.unit_of_work import begin
from storage import incidents
from storage.outbox import enqueue


async def tell(context: Context, conn: AsyncConnection, changes: Sequence[GroupChange], now: datetime) -> None:
    """Write timeline entries for open incidents, and edit the alerts messages and the cards."""
    carded = [change.group for change in changes if change.group.carded]
    notices = [routing.alert_card(group.number) for group in carded if group.decision is Decision.ASKED]
    edits = [edit for group in carded for edit in (routing.alert_card_edit(group.number), *_page_edits(group))]
    await enqueue.put(conn, [*notices, *edits])
    by_incident: dict[int, list[GroupChange]] = {}
    for change in changes:
        if change.group.incident is not None and (change.fired or change.resolved):
            by_incident.setdefault(change.group.incident, []).append(change)
    for number, incident_changes in sorted(by_incident.items()):
        incident = await incidents.lock(conn, number)
        if incident is None:
            continue
        if not incident.open:
            await enqueue.put(conn, [routing.alerts_edit(number)])
            continue
        recorded = [entry for change in incident_changes if (entry := entries.of_change(change, now)) is not None]
        proposal_notices = await propose.follow(conn, incident, incident_changes, context.policy.alerts)
        work = await begin(context, conn, incident)
        await work.commit(Change(incident, tuple(recorded)), [routing.alerts_edit(number), *proposal_notices])


def _page_edits(group: AlertGroup) -> list[Notice]:
    return routing.alert_pages_edited(group) if group.live_pages else []
