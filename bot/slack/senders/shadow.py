"""Posts the report of a day in shadow mode."""

from __future__ import annotations

from bot.domain.routing.notice import NoticeKind
from bot.domain.routing.payloads import ShadowReportPayload
from bot.domain.routing.send_result import NotNeeded, SendResult
from bot.slack.blocks import shadow as blocks
from bot.slack.directory import channels
from bot.slack.senders import post_once
from bot.slack.senders.base import SenderBase
from bot.slack.senders.registry import sends_without_incident
from bot.usecases.effects.on_call import current_directory
from bot.usecases.shadow import read_report
from storage.outbox.payloads import read_payload
from storage.outbox.queue import ClaimedNotice


class ShadowReportSender(SenderBase):
    """Posts the report in the channel that the policy names."""

    @sends_without_incident(NoticeKind.SHADOW_REPORT, failure="report the day in shadow mode")
    async def report(self, notice: ClaimedNotice) -> SendResult:
        """Post the report. The bot joins a public channel that it is not in."""
        payload = read_payload(notice, ShadowReportPayload)
        channel = await channels.find_by_name(self._api, payload.channel)
        if channel is None:
            return NotNeeded(f"there is no channel {payload.channel}")
        async with self._context.database.reading() as conn:
            directory = await current_directory(conn, self._context.policy)
        policy = directory.with_users(self._context.policy)
        shadow_report = await read_report(self._context, payload.since, payload.until)
        message = blocks.report(shadow_report, payload, policy)
        return await channels.joining(self._api, channel, lambda: post_once.post(self._api, notice, channel, message))
