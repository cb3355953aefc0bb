"""Sends owners their action items: a new one at once, and a reminder of all in their working hours."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from bot.domain import routing
from bot.domain.actions import reminders
from bot.domain.routing.notice import NoticeKind
from bot.domain.routing.payloads import ActionPayload, ActionReminderEditPayload, ActionReminderPayload
from bot.domain.routing.send_result import WAITS_FOR_WORKING_HOURS, Deferred, NotNeeded, SendResult, Sent
from bot.domain.values import working_hours
from bot.slack.blocks import actions as blocks
from bot.slack.directory.time_zones import zone_of_addressee
from bot.slack.senders import post_once
from bot.slack.senders.base import Delivery, SenderBase
from bot.slack.senders.registry import sends, sends_without_incident
from bot.usecases.queries.actions import find_live, visible
from storage import actions
from storage.outbox import receipts, reminded
from storage.outbox.payloads import read_payload
from storage.outbox.queue import ClaimedNotice
from storage.outbox.reminded import OtherReminder

_SOON = timedelta(seconds=1)


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
        is_edit = delivery.instead_of is not None
        if item is None or (not is_edit and (not item.live or item.owner != payload.person)):
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
        zone = await zone_of_addressee(self._api, payload.person, self._context.policy.zone)
        wait = working_hours.until_working_hours(now, day, zone)
        if wait:
            return Deferred(WAITS_FOR_WORKING_HOURS, wait)
        today = now.astimezone(zone).date()
        async with self._context.database.reading() as conn:
            others = await reminded.others(conn, routing.action_reminder_prefix(payload.person), notice.id)
            live_items = await find_live(conn, payload.person, owner=payload.person, limit=blocks.IN_REMINDER)
        if any(other.state in reminded.UNDER_WAY and other.id < notice.id for other in others):
            return Deferred("another reminder of theirs is being sent", _SOON)
        unless = why_needless(notice, others, payload.person, today)
        if unless is None and not reminders.any_due(live_items.items, today):
            unless = "nothing of theirs is due any more"
        if unless is not None and not notice.uncertain:
            return NotNeeded(unless)
        channel = await self._people.direct_channel(payload.person)
        message = blocks.reminder(payload.person, live_items.items, live_items.total, today, self._senders.command)
        result = await post_once.post(self._api, notice, channel, message, unless=unless)
        if not isinstance(result, Sent):
            return result
        if notice.uncertain:  # what an earlier attempt posted shows the items as they were then
            await self.edit(result.receipt, message)
        shown = [[item.incident, item.number] for item in live_items.items]
        return Sent({**result.receipt, reminded.DAY: today.isoformat(), reminded.ITEMS: shown})

    @sends_without_incident(
        NoticeKind.ACTION_REMINDER_EDIT,
        failure="bring a reminder of action items up to date",
        failure_to="bring the reminder up to date of",
    )
    async def edit_reminder(self, notice: ClaimedNotice) -> SendResult:
        """Show the items of a reminder as they are now."""
        payload = read_payload(notice, ActionReminderEditPayload)
        async with self._context.database.reading() as conn:
            sent = await receipts.outcome(conn, payload.of)
        if sent is not None and sent.state == "leased":
            return Deferred("the reminder is being sent", _SOON)
        if sent is None or sent.state != "sent" or not sent.receipt or "ts" not in sent.receipt:
            return NotNeeded("the reminder was not sent, or shows the items as they are once it is")
        receipt = sent.receipt
        zone = await zone_of_addressee(self._api, payload.person, self._context.policy.zone)
        keys = [(incident, number) for incident, number in receipt.get(reminded.ITEMS, ())]
        async with self._context.database.reading() as conn:
            items = await visible(conn, payload.person, await actions.get_many(conn, keys))
            total = (await find_live(conn, payload.person, owner=payload.person, limit=1)).total
        today = self._context.clock.now().astimezone(zone).date()
        return await self.edit(receipt, blocks.reminder(payload.person, items, total, today, self._senders.command))


def why_needless(notice: ClaimedNotice, others: Sequence[OtherReminder], person: str, today: date) -> str | None:
    """Why the reminder is not needed: a person gets one a day, that of the latest day, with all that is theirs."""
    if any(other.told_on == today for other in others):
        return "they were reminded of all their items today"
    of_today = routing.action_reminder(person, today).dedup_key  # keys of one person differ in their days alone
    later = (other for other in others if other.id > notice.id and notice.dedup_key < other.dedup_key <= of_today)
    if any(other.state != "failed" for other in later):
        return "a later reminder has the same items"
    return None
