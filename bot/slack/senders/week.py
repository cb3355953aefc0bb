"""Posts the digest of the week."""

from __future__ import annotations

from bot.domain.routing.notice import NoticeKind
from bot.domain.routing.payloads import WeeklyDigestPayload
from bot.domain.routing.send_result import NotNeeded, SendResult
from bot.slack.blocks import week as blocks
from bot.slack.directory import channels
from bot.slack.senders import post_once
from bot.slack.senders.base import SenderBase
from bot.slack.senders.registry import sends_without_incident
from bot.usecases.weekly_digest import read_week
from storage.outbox.payloads import read_payload
from storage.outbox.queue import ClaimedNotice


class WeeklyDigestSender(SenderBase):
    """Posts the digest in the channel that the policy names."""

    @sends_without_incident(NoticeKind.WEEKLY_DIGEST, failure="post the weekly digest")
    async def digest(self, notice: ClaimedNotice) -> SendResult:
        """Post the digest as things are now. The bot joins a public channel that it is not in."""
        payload = read_payload(notice, WeeklyDigestPayload)
        channel = await channels.find_by_name(self._api, payload.channel)
        if channel is None:
            return NotNeeded(f"there is no channel {payload.channel}")
        now, policy = self._context.clock.now(), self._context.policy
        week = await read_week(self._context, payload.until)
        message = blocks.digest(week, now.astimezone(policy.zone).date(), self._senders.command)
        return await channels.joining(self._api, channel, lambda: post_once.post(self._api, notice, channel, message))
