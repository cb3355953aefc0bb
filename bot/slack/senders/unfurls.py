"""Unfurls links to incidents: shows a preview in the message that has the link."""

from __future__ import annotations

from bot.domain.routing.notice import NoticeKind
from bot.domain.routing.payloads import UnfurlPayload
from bot.domain.routing.send_result import NotNeeded, SendResult, Sent
from bot.slack.blocks import unfurl
from bot.slack.client.api import SlackError
from bot.slack.senders.base import SenderBase
from bot.slack.senders.registry import sends_without_incident
from storage import incidents
from storage.outbox.payloads import read_payload
from storage.outbox.queue import ClaimedNotice

OVER = frozenset({
    "cannot_unfurl_url", "cannot_unfurl_message", "cannot_find_message", "cannot_find_channel", "cannot_find_service",
    "invalid_unfurl_id", "missing_scope", "is_archived", "channel_not_found",
})  # fmt: skip


class UnfurlSender(SenderBase):
    """Unfurls links to incidents. Repeating it is safe: the preview is replaced."""

    @sends_without_incident(NoticeKind.UNFURL, failure="show what a link to an incident leads to")
    async def unfurl(self, notice: ClaimedNotice) -> SendResult:
        """Unfurl one link. Nothing is shown of a private incident."""
        payload = read_payload(notice, UnfurlPayload)
        async with self._context.database.reading() as conn:
            incident = await incidents.get(conn, payload.incident)
            if incident is None or incident.private:
                return NotNeeded("there is no such incident, or it is private")
            policy = await self._context.policies.of(conn, incident)
        where = (
            {"unfurl_id": payload.unfurl_id, "source": payload.source}
            if payload.unfurl_id and payload.source
            else {"channel": payload.channel, "ts": payload.ts}
        )
        previews = {payload.url: unfurl.link_preview(incident, policy)}
        try:
            await self._api.call("chat.unfurl", **where, unfurls=previews)
        except SlackError as error:
            if error.name not in OVER:
                raise
            return NotNeeded(f"Slack shows no preview there ({error.name})")
        return Sent()
