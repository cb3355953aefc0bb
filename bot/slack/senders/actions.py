"""Sends owners their action items: a new one at once, and a reminder of all in their working hours."""

from __future__ import annotations

from datetime import date, tzinfo

from bot.domain.actions import reminders
from bot.domain.routing.notice import NoticeKind
from bot.domain.routing.payloads import ActionPayload, ActionReminderPayload
from bot.domain.routing.send_result import Deferred, NotNeeded, SendResult
from bot.slack.blocks import actions as blocks
from bot.slack.directory.time_zones import time_zone_of
from bot.slack.senders import post_once
from bot.slack.senders.base import Delivery, SenderBase
from bot.slack.senders.registry import sends, sends_without_incident
from bot.usecases.queries.actions import find_live
from storage import actions
from storage.outbox.payloads import read_payload
from storage.outbox.queue import ClaimedNotice


class ActionSender(SenderBase):
    """Sends direct messages about action items."""

    @sends(
        NoticeKind.ACTION_ASSIGNED,
        failure="tell the owner of an action item",
        failure_to="tell an action item's owner,",
    )
    async def assigned(self, delivery: Delivery) -> SendResult:
        """Tell the new owner, unless the item is settled or somebody else's by now."""
        payload = read_payload(delivery.notice, ActionPayload)
        async with self._context.database.reading() as conn:
            item = await actions.get(conn, delivery.incident.number, payload.number)
        if item is None or not item.live or item.owner != payload.person:
            return NotNeeded("the item is settled, or somebody else's by now")
        today = delivery.now.astimezone(delivery.policy.zone).date()
        message = blocks.assigned(item, delivery.incident, today)
        return await self.post(delivery, await self._people.direct_channel(payload.person), message)

    @sends_without_incident(
        NoticeKind.ACTION_REMINDER, failure="remind of action items", failure_to="remind of their action items"
    )
    async def reminder(self, notice: ClaimedNotice) -> SendResult:
        """Remind a person of all their items in one message, within their own working hours."""
        payload = read_payload(notice, ActionReminderPayload)
        now, day = self._context.clock.now(), date.fromisoformat(payload.day)
        zone: tzinfo = await time_zone_of(self._api, payload.person) or self._context.policy.zone
        wait = reminders.until_working_hours(now, day, zone)
        if wait:
            return Deferred("it waits for the person's working hours", wait)
        today = now.astimezone(zone).date()
        async with self._context.database.reading() as conn:
            live_items = await find_live(conn, payload.person, owner=payload.person, limit=blocks.IN_REMINDER)
        if not reminders.any_due(live_items.items, today):
            return NotNeeded("nothing of theirs is due any more")
        channel = await self._people.direct_channel(payload.person)
        message = blocks.reminder(live_items.items, live_items.total, today, self._senders.command)
        return await post_once.post(self._api, notice, channel, message)
