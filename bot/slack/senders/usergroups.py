"""Sets the members of Slack user groups that follow an on-call schedule or a team."""

from __future__ import annotations

from bot.domain.routing.notice import NoticeKind
from bot.domain.routing.payloads import UsergroupPayload
from bot.domain.routing.send_result import Failed, NotNeeded, SendResult, Sent
from bot.slack.directory.usergroups import find_id
from bot.slack.senders.base import SenderBase
from bot.slack.senders.registry import sends_without_incident
from bot.usecases.effects import on_call
from storage.outbox.payloads import read_payload
from storage.outbox.queue import ClaimedNotice


class UsergroupSender(SenderBase):
    """Sets the members of a user group to the people on call, or of the team."""

    @sends_without_incident(NoticeKind.USERGROUP, failure="bring the user group up to date")
    async def usergroup(self, notice: ClaimedNotice) -> SendResult:
        """Set the members. Safe to repeat: Slack replaces the whole list."""
        group, policy = read_payload(notice, UsergroupPayload).group, self._context.policy
        async with self._context.database.reading() as conn:
            people = await on_call.members_of_group(conn, policy, group, self._context.clock.now())
        if not people:
            return NotNeeded("nobody is on call, and Slack takes no empty group: it keeps its last members")
        users = [await self._people.user_id(person) for person in people]
        group_id = await find_id(self._api, group)
        if group_id is None:
            return Failed(f"Slack has no user group @{group}. Create it, or enable it.")
        await self._api.call("usergroups.users.update", usergroup=group_id, users=users)
        return Sent({"usergroup": group_id, "users": users})
