"""Sends pages (calls to a person to respond) in Slack: to channels, and to people directly."""

from __future__ import annotations

import time
from dataclasses import replace

from bot.domain import routing
from bot.domain.routing.notice import NoticeKind
from bot.domain.routing.payloads import (
    ChannelPagePayload,
    DrillPagePayload,
    PagePayload,
    PageSettledPayload,
    PersonPagePayload,
    SettledPayload,
)
from bot.domain.routing.send_result import NotNeeded, SendResult
from bot.domain.values.slack_ids import user_mention
from bot.slack.blocks import page, settled_page
from bot.slack.client.api import SlackError
from bot.slack.directory import channels
from bot.slack.senders.base import NEVER_POSTED, Delivery, SenderBase, SenderContext, reason_if_ended
from bot.slack.senders.registry import sends
from storage.outbox import enqueue, receipts
from storage.outbox.payloads import read_payload

NAME_FRESH_S = 600.0  # a channel may be renamed, and another take its name

SETTLED = {
    NoticeKind.PAGE_CHANNEL: settled_page.in_channel,
    NoticeKind.PAGE_ELSEWHERE: settled_page.elsewhere,
    NoticeKind.PAGE_DIRECT: settled_page.direct,
}


class SlackPageSender(SenderBase):
    """Posts pages, and edits them once they are settled."""

    def __init__(self, senders: SenderContext) -> None:
        super().__init__(senders)
        # Of channels that rungs name: when the name was checked (monotonic), and the ID.
        self._channel_ids: dict[str, tuple[float, str]] = {}

    @sends(NoticeKind.PAGE_CHANNEL, failure="page in the channel", unless=reason_if_ended)
    async def page_channel(self, delivery: Delivery) -> SendResult:
        """Page people by a mention in the incident's channel."""
        payload = read_payload(delivery.notice, PagePayload)
        payload = replace(payload, people=tuple(await self._people.ids(list(payload.people))))
        message = page.page_channel(
            delivery.incident,
            delivery.policy,
            payload,
            delivery.now,
            self._senders.command,
            bridge=self.bridge(delivery),
        )
        return await self.post_in_channel(delivery, message)

    @sends(NoticeKind.PAGE_DIRECT, failure="page", unless=reason_if_ended)
    async def page_direct(self, delivery: Delivery) -> SendResult:
        """Page one person by direct message."""
        payload = read_payload(delivery.notice, PersonPagePayload)
        user = await self._people.user_id(payload.person)
        if user != payload.person and await self._is_paged(f"{payload.base}:dm:{user}"):
            return NotNeeded(f"{user_mention(user)} gets this page under another name")
        channel = await self._people.direct_channel(user)
        message = page.page_direct(
            delivery.incident, delivery.policy, payload, delivery.now, bridge=self.bridge(delivery)
        )
        try:
            return await self.post(delivery, channel, message)
        except SlackError as error:
            if error.permanent:
                self._people.forget(payload.person)  # a retry by hand looks the account up anew
            raise

    @sends(NoticeKind.PAGE_ELSEWHERE, failure="page", unless=reason_if_ended)
    async def page_elsewhere(self, delivery: Delivery) -> SendResult:
        """Page another channel, which the bot joins if it has to."""
        payload = read_payload(delivery.notice, ChannelPagePayload)
        name = payload.channel
        channel = await self._channel_id(name)
        message = page.page_elsewhere(
            delivery.incident, delivery.policy, payload, delivery.now, bridge=self.bridge(delivery)
        )
        try:
            return await self.post(delivery, channel, message)
        except SlackError as error:
            if error.permanent:
                self._channel_ids.pop(name, None)  # archived, or renamed and created again: look it up next time
            if error.name != "not_in_channel":
                raise
        await channels.join(self._api, channel)
        return await self.post(delivery, channel, message)

    @sends(NoticeKind.PAGE_DRILL, failure="say whom a page would reach", unless=reason_if_ended)
    async def page_drill(self, delivery: Delivery) -> SendResult:
        """Say in the channel of a drill who would be paged, and how."""
        payload = read_payload(delivery.notice, DrillPagePayload)
        names = {await self._people.name(person): ways for person, ways in (payload.people or {}).items()}
        message = page.page_drill(delivery.incident, replace(payload, people=names))
        return await self.post_in_channel(delivery, message)

    @sends(NoticeKind.PAGE_EDIT, failure="edit a page")
    async def page_edit(self, delivery: Delivery) -> SendResult:
        """Take a page's buttons off; it keeps whom it paged, why and by what, and says who answered."""
        settled = read_payload(delivery.notice, PageSettledPayload)
        async with self._context.database.reading() as conn:
            posted = await receipts.notice(conn, settled.of)
        if posted is None:
            return NEVER_POSTED
        if routing.person_of_page(settled.of) in delivery.incident.removed:
            return await self.edit_posted(settled.of, page.page_withdrawn(delivery.incident))
        payload = read_payload(posted, PagePayload)
        payload = replace(payload, people=tuple(await self._people.ids(list(payload.people))))
        render = SETTLED[NoticeKind(posted.kind)]
        paged_at, settled_at = (
            self._context.clock.at(at.timestamp()) for at in (posted.created_at, delivery.notice.created_at)
        )
        return await self.edit_posted(settled.of, render(delivery.incident, payload, settled, paged_at, settled_at))

    @sends(NoticeKind.PAGE_REFRESH, failure="name the channel in a page")
    async def page_refresh(self, delivery: Delivery) -> SendResult:
        """Render a page again that still has its buttons."""
        dedup_key = read_payload(delivery.notice, SettledPayload).of
        if dedup_key not in delivery.incident.live_pages:
            return NotNeeded("it was answered before it could be edited")
        async with self._context.database.reading() as conn:
            posted = await receipts.notice(conn, dedup_key)
        if posted is None:
            return NEVER_POSTED
        incident, policy, now = delivery.incident, delivery.policy, delivery.now
        bridge = self.bridge(delivery)
        if posted.kind == NoticeKind.PAGE_DIRECT:
            message = page.page_direct(incident, policy, read_payload(posted, PersonPagePayload), now, bridge=bridge)
        else:
            message = page.page_elsewhere(
                incident, policy, read_payload(posted, ChannelPagePayload), now, bridge=bridge
            )
        return await self.edit_posted(dedup_key, message)

    async def _is_paged(self, dedup_key: str) -> bool:
        async with self._context.database.reading() as conn:
            return await enqueue.exists(conn, dedup_key)

    async def _channel_id(self, name: str) -> str:
        """The channel's ID; its name if Slack has no such channel, so that Slack refuses it."""
        checked_at, channel_id = self._channel_ids.get(name, (0.0, None))
        if channel_id is not None and time.monotonic() - checked_at < NAME_FRESH_S:
            return channel_id
        if channel_id is not None and await self._has_name(channel_id, name):
            self._channel_ids[name] = time.monotonic(), channel_id
            return channel_id
        channel = await channels.find_by_name(self._api, name)
        if channel is None:
            return name
        self._channel_ids[name] = time.monotonic(), channel
        return channel

    async def _has_name(self, channel: str, name: str) -> bool:
        """Whether the channel still has this name; also if Slack cannot say, since a page does not wait for that."""
        try:
            answer = await self._api.call("conversations.info", channel=channel)
        except SlackError as error:
            return not error.permanent
        return channel == name or bool(answer["channel"].get("name") == name.lstrip("#"))
