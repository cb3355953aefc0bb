"""Publishes a person's home tab, rendered at the time it is published."""

from __future__ import annotations

from bot.domain.routing.notice import NoticeKind
from bot.domain.routing.payloads import UserPayload
from bot.domain.routing.send_result import SendResult, Sent
from bot.slack.blocks.home import Viewer, home
from bot.slack.senders.base import SenderBase
from bot.slack.senders.registry import sends_without_incident
from bot.usecases.oncall import calendar_feeds
from bot.usecases.visibility import can_see
from storage import incidents, overrides
from storage.outbox.payloads import read_payload
from storage.outbox.queue import ClaimedNotice

HOME_INCIDENTS = 200


class HomeSender(SenderBase):
    """Publishes home tabs."""

    @sends_without_incident(NoticeKind.HOME, failure="publish a home tab")
    async def home(self, notice: ClaimedNotice) -> SendResult:
        """Publish the tab. Safe to repeat: Slack replaces the whole view."""
        user, now = read_payload(notice, UserPayload).user, self._context.clock.now()
        async with self._context.database.reading() as conn:
            running = await incidents.newest(conn, open_only=True, limit=HOME_INCIDENTS)
            visible = [incident for incident in running if await can_see(conn, incident, user)]
            covers = await overrides.in_force(conn, now)
            links = await calendar_feeds.links(conn, self._context, user)
        paged = {person for incident in visible for page in incident.ladder.pages for person in page.people}
        addresses = [person for person in paged if "@" in person and await self._people.ids([person]) == [user]]
        names = frozenset(addresses) | {user}
        viewer = Viewer(user, names, visible, links)
        view = home(viewer, self._context.policy, now, covers, self._senders.command)
        await self._api.call("views.publish", user_id=user, view=view)
        return Sent()
