"""The sender: one method for each kind of notice. It renders from the incident as it stands when the turn comes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import aiohttp

from bot.domain import routing
from bot.domain.errors import DeliveryError, NotNeeded
from bot.domain.incident import Handover, Incident
from bot.domain.incident.handover import offer_in, standing
from bot.domain.oncall import schedule, shift_change
from bot.domain.paging.ladder import gaps_ahead
from bot.domain.policy.policy import Policy
from bot.domain.timeline.entry import Recorded
from bot.slack.blocks import announcement, briefing, card, handover, home, news, nudge, page, policy_file, replies
from bot.slack.blocks.elements import Message
from bot.slack.client import rate_limiter
from bot.slack.client.api import SlackApi, SlackError
from bot.slack.client.error_messages import in_words
from bot.slack.client.rate_window import Turn
from bot.slack.directory import channels
from bot.slack.directory.people import People
from bot.slack.directory.usergroups import id_of
from bot.slack.inbound.backfill import Readings, backfill
from bot.slack.inbound.event_parser import BotIdentity
from bot.slack.senders.base import Posting
from bot.slack.senders.ephemeral import respond
from bot.slack.senders.jobs import JobSender
from bot.slack.senders.playbook_runs import WalkSender
from bot.slack.senders.post_once import edit, post
from bot.slack.senders.triage import TriageSender
from bot.slack.text import clip
from bot.usecases.context import Context
from bot.usecases.effects import role_shifts
from bot.usecases.effects.visibility import part_of
from bot.usecases.oncall import calendar_feeds as calendars
from bot.usecases.playbooks import runs
from storage import incidents, key_value, overrides
from storage.engine.batch_loader import BatchLoader
from storage.outbox import census, enqueue, receipts
from storage.outbox.queue import ClaimedNotice
from storage.timeline import entries as timeline

TOPIC_LENGTH = 250
HOME_INCIDENTS = 200


@dataclass(slots=True)
class Case:
    """What a handler needs: the row, the incident and its policy as they stand now."""

    row: ClaimedNotice
    incident: Incident
    policy: Policy
    now: datetime


Handler = Callable[[Case], Awaitable[dict[str, Any]]]


class Sender(Posting):
    """`send` carries out one outbox row and returns its receipt, or raises `DeliveryError` or `NotNeeded`."""

    def __init__(
        self,
        context: Context,
        api: SlackApi,
        me: BotIdentity,
        session: aiohttp.ClientSession,
        command: str = "/incident",
    ) -> None:
        super().__init__(context, api, People(api))
        self._me = me
        self._session = session
        self._command = command
        self._people = People(api, self._learned)
        self._readings = Readings()
        self._incidents = BatchLoader(context.database.reading, incidents.get_many)
        self._elsewhere: dict[str, str] = {}  # channels that rungs name
        walks = WalkSender(context, api, self._people)
        self._handlers: dict[str, Handler] = {
            "channel": self._channel,
            "card": self._card,
            "card_edit": self._card_edit,
            "pin": self._pin,
            "topic": self._topic,
            "purpose": self._purpose,
            "bookmark": self._bookmark,
            "invite": self._invite,
            "announce": self._announce,
            "announce_edit": self._announce_edit,
            "thread": self._thread,
            "news": self._news,
            "update": self._update,
            "duties": self._duties,
            "nudge": self._nudge,
            "nudge_edit": self._nudge_edit,
            "page_channel": self._page_channel,
            "page_direct": self._page_direct,
            "page_elsewhere": self._page_elsewhere,
            "page_edit": self._page_edit,
            "page_drill": self._page_drill,
            "handover": self._handover,
            "briefing": self._briefing,
            "handover_nudge": self._handover_nudge,
            "handover_edit": self._handover_edit,
            "shift_offer": self._shift_offer,
            "shift_offer_edit": self._shift_offer_edit,
            "declared": self._declared,
            "backfill": self._backfill,
            **walks.handlers(),
            **JobSender(context, api, self._people).handlers(),
            **TriageSender(context, api, self._people).handlers(),
        }
        self._of_no_incident: dict[str, Callable[[ClaimedNotice], Awaitable[dict[str, Any]]]] = {
            "policy_refused": self._policy_refused,
            "policy_mended": self._policy_mended,
            "usergroup": self._user_group,
            "playbook_review": walks.review,
        }

    async def send(self, row: ClaimedNotice) -> dict[str, Any]:
        """1. Read the incident as it stands; 2. render and call Slack; 3. say it in plain words if refused."""
        rate_limiter.asking.set(Turn(row.dedup_key, row.incident, row.priority))  # the task is the row's own
        try:
            if row.kind == "home":
                return await self._home(row)
            if row.kind == "answer":
                return await respond(self._api, self._session, row)
            if row.kind in self._of_no_incident:
                return await self._of_no_incident[row.kind](row)
            return await self._handlers[row.kind](await self._case(row))
        except SlackError as error:
            if error.permanent:
                raise DeliveryError(in_words(error, row), permanent=True) from error
            raise

    async def _learned(self, address: str, user: str) -> None:
        """Use cases know people by their Slack ID, and cannot ask Slack."""
        async with self._context.database.transaction() as conn:
            await role_shifts.remember(conn, address, user)

    async def _case(self, row: ClaimedNotice) -> Case:
        incident = await self._incidents.get(row.incident) if row.incident is not None else None
        if incident is None:
            raise DeliveryError(f"there is no incident for {row.dedup_key}", permanent=True)
        policy = self._context.policies.cached(incident)
        if policy is None:
            async with self._context.database.reading() as conn:
                policy = await self._context.policies.of(conn, incident)
        return Case(row, incident, policy, self._context.clock.now())

    async def _entries(self, case: Case, seqs: list[int]) -> list[Recorded]:
        async with self._context.database.reading() as conn:
            return await timeline.by_seqs(conn, case.incident.number, seqs)

    # — the channel and what stands in it

    async def _channel(self, case: Case) -> dict[str, Any]:
        if case.incident.channel_id:
            return {"channel": case.incident.channel_id, "name": case.incident.channel_name}
        return await channels.create(
            self._api, case.incident, case.policy, self._me.user_id, case.row.created_at, look_first=case.row.uncertain
        )

    async def _render_card(self, case: Case) -> Message:
        async with self._context.database.reading() as conn:
            failures = await census.failures(conn, case.incident.number)
            who = schedule.calendar(case.policy, await overrides.in_force(conn, case.now))
        ahead = gaps_ahead(case.incident, case.policy, who, case.now)
        shown = [card.Failure(step=failure.kind, words=failure.error) for failure in failures]
        best = await runs.best(self._context, case.incident, case.policy)
        return card.card(case.incident, case.policy, case.now, failures=shown, warnings=ahead, playbook=best)

    async def _card(self, case: Case) -> dict[str, Any]:
        return await post(self._api, case.row, await self._where(case), await self._render_card(case))

    async def _card_edit(self, case: Case) -> dict[str, Any]:
        receipt = await self._receipt(routing.card_of(case.incident.number))
        try:
            return await edit(self._api, receipt, await self._render_card(case))
        except SlackError as error:
            if error.name not in ("message_not_found", "cant_update_message"):
                raise
        await self._put_card_back(case)
        raise NotNeeded("the card had been deleted; a new one is posted")

    async def _put_card_back(self, case: Case) -> None:
        """Posted anew; its pin follows once it stands there (`delivered.sent`)."""
        async with self._context.database.transaction() as conn:
            await enqueue.put(conn, [replace(routing.card_posted(case.incident.number), resend=True)])

    async def _pin(self, case: Case) -> dict[str, Any]:
        receipt = await self._receipt(routing.card_of(case.incident.number))
        await self._do("already_pinned", "pins.add", channel=receipt["channel"], timestamp=receipt["ts"])
        return {}

    async def _topic(self, case: Case) -> dict[str, Any]:
        topic = card.topic(case.incident, case.policy)
        await self._api.call(
            "conversations.setTopic", channel=case.incident.channel_id, topic=clip(topic, TOPIC_LENGTH)
        )
        return {}

    async def _purpose(self, case: Case) -> dict[str, Any]:
        purpose = card.purpose(case.incident)
        await self._api.call(
            "conversations.setPurpose", channel=case.incident.channel_id, purpose=clip(purpose, TOPIC_LENGTH)
        )
        return {}

    async def _bookmark(self, case: Case) -> dict[str, Any]:
        title = case.row.payload["title"]
        link = (
            case.policy.bookmarks[title]
            .replace("{id}", case.incident.id)
            .replace("{number}", str(case.incident.number))
        )
        listed = await self._api.call("bookmarks.list", channel_id=case.incident.channel_id)
        if any(mark.get("link") == link for mark in listed.get("bookmarks", [])):
            return {}
        name = title[:1].upper() + title[1:]
        await self._api.call(
            "bookmarks.add", channel_id=case.incident.channel_id, title=clip(name, 256), type="link", link=link
        )
        return {}

    async def _invite(self, case: Case) -> dict[str, Any]:
        user = await self._people.user_id(case.row.payload["user"])
        if user == self._me.user_id:
            return {}
        await self._do("already_in_channel", "conversations.invite", channel=case.incident.channel_id, users=user)
        return {}

    async def _backfill(self, case: Case) -> dict[str, Any]:
        if case.incident.channel_id is None:
            raise NotNeeded("there is no channel")
        number, channel = case.incident.number, case.incident.channel_id
        return await backfill(self._context, self._api, self._me, number, channel, self._readings)

    async def _do(self, fine: str, method: str, **args: Any) -> None:
        """Call what may have been done before: that answer is as good as ok."""
        try:
            await self._api.call(method, **args)
        except SlackError as error:
            if error.name != fine:
                raise

    # — the announcement

    async def _announcement_channel(self, case: Case) -> str:
        name = case.policy.announce or ""
        async with self._context.database.reading() as conn:
            known = await key_value.announcement_channel(name).get(conn)
        return known or name

    async def _announce(self, case: Case) -> dict[str, Any]:
        message = announcement.announcement(case.incident, case.policy, case.now)
        channel = await self._announcement_channel(case)
        try:
            return await post(self._api, case.row, channel, message)
        except SlackError as error:
            if error.name not in ("not_in_channel", "channel_not_found", "is_archived"):
                raise
            found = await channels.find_by_name(self._api, case.policy.announce or "")
            if found is None or (found == channel and error.name == "is_archived"):
                raise
            await channels.join(self._api, found)
        async with self._context.database.transaction() as conn:
            await key_value.announcement_channel(str(case.policy.announce)).put(conn, found)
        return await post(self._api, case.row, found, message)

    async def _announce_edit(self, case: Case) -> dict[str, Any]:
        receipt = await self._receipt(routing.announcement_of(case.incident.number))
        return await edit(self._api, receipt, announcement.announcement(case.incident, case.policy, case.now))

    async def _thread(self, case: Case) -> dict[str, Any]:
        receipt = await self._receipt(routing.announcement_of(case.incident.number))
        message = await self._told(case)
        return await post(self._api, case.row, receipt["channel"], message, thread_ts=receipt["ts"])

    # — news

    async def _told(self, case: Case) -> Message:
        entries = await self._entries(case, case.row.payload["seqs"])
        return news.together([news.told(record.entry, case.incident, case.policy) for record in entries])

    async def _news(self, case: Case) -> dict[str, Any]:
        return await post(self._api, case.row, await self._where(case), await self._told(case))

    async def _update(self, case: Case) -> dict[str, Any]:
        entries = await self._entries(case, [case.row.payload["seq"]])
        message = news.update_posted(entries[0].entry, case.incident, case.policy)
        return await post(self._api, case.row, await self._where(case), message)

    async def _duties(self, case: Case) -> dict[str, Any]:
        role, user = case.row.payload["role"], case.row.payload["user"]
        moved = case.incident.roles.get(role) != user or user == self._me.user_id
        unless = _unless(case, "the role has moved on" if moved else None)
        message = news.duties(case.policy.role(role), case.incident, self._command)
        return await post(self._api, case.row, await self._people.direct_channel(user), message, unless=unless)

    # — the policy file

    async def _policy_refused(self, row: ClaimedNotice) -> dict[str, Any]:
        name = self._context.policy.announce
        if not name:
            raise NotNeeded("there is no announcement channel")
        async with self._context.database.reading() as conn:
            known = await key_value.announcement_channel(name).get(conn)
        return await post(self._api, row, known or name, policy_file.refused(row.payload))

    async def _policy_mended(self, row: ClaimedNotice) -> dict[str, Any]:
        return await edit(self._api, await self._receipt(row.payload["of"]), policy_file.mended())

    # — user groups that follow a schedule

    async def _user_group(self, row: ClaimedNotice) -> dict[str, Any]:
        group, policy = str(row.payload["group"]), self._context.policy
        async with self._context.database.reading() as conn:
            schedules = role_shifts.groups(policy).get(group, ())
            people = await role_shifts.on_call_now(conn, policy, schedules, self._context.clock.now())
        if not people:
            raise NotNeeded("nobody is on call, and Slack takes no empty group: it keeps whoever was last in it")
        users = [await self._people.user_id(person) for person in people]
        identity = await id_of(self._api, group)
        if identity is None:
            raise DeliveryError(f"Slack has no user group @{group}. Create it, or enable it.", permanent=True)
        await self._api.call("usergroups.users.update", usergroup=identity, users=users)
        return {"usergroup": identity, "users": users}

    # — the home tab

    async def _home(self, row: ClaimedNotice) -> dict[str, Any]:
        """As it stands now. Publishing it twice is harmless."""
        user, now = str(row.payload["user"]), self._context.clock.now()
        async with self._context.database.reading() as conn:
            running = await incidents.newest(conn, open_only=True, limit=HOME_INCIDENTS)
            seen = [incident for incident in running if await part_of(conn, incident, user)]
            standing_in = await overrides.in_force(conn, now)
            links = await calendars.links(conn, self._context, user)
        paged = {person for incident in seen for page in incident.ladder.pages for person in page.people}
        mine = frozenset([person for person in paged if "@" in person and await self._people.ids([person]) == [user]])
        view = home.home(user, mine | {user}, seen, self._context.policy, now, standing_in, links=links)
        await self._api.call("views.publish", user_id=user, view=view)
        return {}

    # — handovers

    def _asked(self, case: Case) -> tuple[Handover, str | None]:
        """The offer, and why it is not to be posted any more."""
        number = case.row.payload["number"]
        found = next((one for one in standing(case.incident) if one.number == number), None)
        over = None if found else "it was answered, or the role moved on, before it could be sent"
        return found or offer_in(case.row.payload), _unless(case, over)

    async def _handover(self, case: Case) -> dict[str, Any]:
        (asked, unless), number = self._asked(case), case.incident.number
        async with self._context.database.reading() as conn:
            latest = await timeline.read(conn, number, key_only=True, limit=50, newest=True)
            invited = await receipts.get(conn, routing.invitation(number, asked.to).dedup_key) is not None
            inside = not case.incident.private or invited or await part_of(conn, case.incident, asked.to)
        shown = [record for record in latest if record.entry.kind == "update"][-3:] or latest[-3:]
        message = handover.asked(case.incident, case.policy, asked, shown, case.now, inside=inside)
        return await post(self._api, case.row, await self._people.direct_channel(asked.to), message, unless=unless)

    async def _handover_nudge(self, case: Case) -> dict[str, Any]:
        asked, unless = self._asked(case)
        message = handover.nudged(case.incident, case.policy, asked)
        return await post(self._api, case.row, await self._where(case), message, unless=unless)

    async def _shift_offer(self, case: Case) -> dict[str, Any]:
        payload = case.row.payload
        user, role = payload["person"], payload["role"]
        there = any((one.user, one.role) == (user, role) for one in shift_change.offered(case.incident))
        unless = _unless(case, None if there else "it was answered, or the role moved on, before it could be sent")
        to = await self._people.user_id(payload["to"])
        message = handover.turn_over(case.incident, case.policy, payload, to, await self._people.name(to))
        return await post(self._api, case.row, await self._people.direct_channel(user), message, unless=unless)

    async def _shift_offer_edit(self, case: Case) -> dict[str, Any]:
        payload = case.row.payload
        message = handover.turn_settled(case.incident, case.policy, payload["role"], payload["outcome"])
        return await edit(self._api, await self._receipt(payload["of"]), message)

    async def _handover_edit(self, case: Case) -> dict[str, Any]:
        payload = case.row.payload
        message = handover.settled(case.incident, case.policy, payload["role"], payload["outcome"])
        return await edit(self._api, await self._receipt(payload["of"]), message)

    async def _briefing(self, case: Case) -> dict[str, Any]:
        unless = _unless(case, _ended(case))
        message = briefing.briefing(case.incident, case.policy, case.row.payload, case.now)
        channel = await self._people.direct_channel(case.row.payload["person"])
        return await post(self._api, case.row, channel, message, unless=unless)

    # — reminders

    async def _nudge(self, case: Case) -> dict[str, Any]:
        """A reminder that is not the live one any more was answered, or overtaken, while Slack was away."""
        live = case.incident.live_nudge == case.row.dedup_key
        unless = _unless(case, _ended(case) or (None if live else "answered or overtaken before it could be sent"))
        message = nudge.nudge(case.incident, case.policy, case.row.payload, case.now, self._command)
        return await post(self._api, case.row, await self._where(case), message, unless=unless)

    async def _nudge_edit(self, case: Case) -> dict[str, Any]:
        receipt = await self._receipt(case.row.payload["of"])
        return await edit(self._api, receipt, nudge.nudge_done(case.row.payload["outcome"], case.incident))

    # — pages

    async def _page_channel(self, case: Case) -> dict[str, Any]:
        unless = _unless(case, _ended(case))
        payload = {**case.row.payload, "people": await self._people.ids(case.row.payload["people"])}
        message = page.page_channel(case.incident, case.policy, payload, case.now, self._command)
        return await post(self._api, case.row, await self._where(case), message, unless=unless)

    async def _page_direct(self, case: Case) -> dict[str, Any]:
        unless = _unless(case, _ended(case))
        channel = await self._people.direct_channel(case.row.payload["person"])
        message = page.page_direct(case.incident, case.policy, case.row.payload, case.now)
        return await post(self._api, case.row, channel, message, unless=unless)

    async def _page_elsewhere(self, case: Case) -> dict[str, Any]:
        unless = _unless(case, _ended(case))
        name = case.row.payload["channel"]
        if name not in self._elsewhere and (found := await channels.find_by_name(self._api, name)):
            self._elsewhere[name] = found
        channel = self._elsewhere.get(name, name)
        message = page.page_elsewhere(case.incident, case.policy, case.row.payload, case.now)
        try:
            return await post(self._api, case.row, channel, message, unless=unless)
        except SlackError as error:
            if error.permanent:
                self._elsewhere.pop(name, None)  # archived, or renamed and made anew: look again
            if error.name != "not_in_channel":
                raise
        await channels.join(self._api, channel)
        return await post(self._api, case.row, channel, message, unless=unless)

    async def _page_drill(self, case: Case) -> dict[str, Any]:
        unless = _unless(case, _ended(case))
        people = {await self._people.name(who): by for who, by in case.row.payload["people"].items()}
        message = page.page_drill(case.incident, {**case.row.payload, "people": people})
        return await post(self._api, case.row, await self._where(case), message, unless=unless)

    async def _page_edit(self, case: Case) -> dict[str, Any]:
        receipt = await self._receipt(case.row.payload["of"])
        outcome, directly = case.row.payload.get("outcome"), ":dm:" in case.row.payload["of"]
        message = page.page_settled(case.incident, case.policy, outcome, directly=directly)
        return await edit(self._api, receipt, message)

    # — answers

    async def _declared(self, case: Case) -> dict[str, Any]:
        """Privately, to whoever declared: where the channel is. At most once, wherever they can be reached."""
        if case.row.attempts > 1 and case.row.uncertain:
            raise NotNeeded("it may have arrived; an answer is not repeated")
        message = replies.declared(case.incident, case.policy)
        return await respond(self._api, self._session, case.row, message, people=self._people)


def _ended(case: Case) -> str | None:
    return None if case.incident.open else f"the incident was {case.incident.status} before it could be sent"


def _unless(case: Case, reason: str | None) -> str | None:
    """Raises where it is not needed any more. Not yet, where an earlier attempt may have brought it there: then it
    counts as sent, and what asks nothing any more can be settled.
    """
    if reason and not case.row.uncertain:
        raise NotNeeded(reason)
    return reason
