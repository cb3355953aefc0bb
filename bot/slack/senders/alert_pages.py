"""Posts pages about alerts in Slack, and brings them up to date."""

from __future__ import annotations

from bot.domain.alerts import escalation
from bot.domain.alerts.view import GroupView
from bot.domain.routing.notice import NoticeKind
from bot.domain.routing.payloads import AlertPagePayload
from bot.domain.routing.send_result import NotNeeded, SendResult
from bot.slack.blocks.alerts import card
from bot.slack.blocks.elements import Message
from bot.slack.directory import channels
from bot.slack.senders import post_once
from bot.slack.senders.base import NEVER_POSTED, SenderBase
from bot.slack.senders.registry import sends_without_incident
from bot.usecases.queries import alert_facts, alerts
from storage.outbox import receipts
from storage.outbox.payloads import read_payload
from storage.outbox.queue import ClaimedNotice

GONE = NotNeeded("the group is gone")


class AlertPageSender(SenderBase):
    """Posts and edits pages about groups of alerts."""

    @sends_without_incident(NoticeKind.ALERT_PAGE, failure="page")
    async def page(self, notice: ClaimedNotice) -> SendResult:
        """Page one person by direct message, or a channel, which the bot joins if it has to."""
        payload = read_payload(notice, AlertPagePayload)
        view = await self._view(payload)
        if view is None:
            return GONE
        message, unless = await self._message(view, payload), escalation.why_nobody(view.group)
        if payload.person:
            channel = await self._people.direct_channel(payload.person)
            return await post_once.post(self._api, notice, channel, message, unless=unless)
        channel_id = await channels.find_by_name(self._api, payload.channel) or payload.channel
        return await channels.joining(
            self._api, channel_id, lambda: post_once.post(self._api, notice, channel_id, message, unless=unless)
        )

    @sends_without_incident(NoticeKind.ALERT_PAGE_EDIT, failure="edit a page")
    async def edit_page(self, notice: ClaimedNotice) -> SendResult:
        """Show the card in the page as it is now: who acted, or that it has resolved."""
        page = read_payload(notice, AlertPagePayload).of
        async with self._context.database.reading() as conn:
            posted = await receipts.notice(conn, page)
        if posted is None:
            return NEVER_POSTED
        payload = read_payload(posted, AlertPagePayload)
        view = await self._view(payload)
        return GONE if view is None else await self.edit_posted(page, await self._message(view, payload))

    async def _view(self, payload: AlertPagePayload) -> GroupView | None:
        async with self._context.database.reading() as conn:
            return await alerts.view(conn, payload.group)

    async def _message(self, view: GroupView, payload: AlertPagePayload) -> Message:
        now, command = self._context.clock.now(), self._senders.command
        facts = await alert_facts.gather(self._context, view.group)
        return card.paged(view, facts, payload, self._context.policy, now, command)
