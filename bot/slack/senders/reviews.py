"""Sends the message about the review of an incident, and keeps it up to date."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.domain import routing
from bot.domain.incident import ReviewState, review_agenda, review_reminders
from bot.domain.review.document import questions_for
from bot.domain.review.view import ReviewView
from bot.domain.routing import keys
from bot.domain.routing.notice import NoticeKind
from bot.domain.routing.payloads import ReviewPointPayload, ReviewQuestionsPayload
from bot.domain.routing.send_result import WAITS_FOR_WORKING_HOURS, Deferred, NotNeeded, SendResult, Sent
from bot.slack.blocks import review as blocks
from bot.slack.blocks.elements import Message
from bot.slack.senders.base import Delivery, SenderBase
from bot.slack.senders.registry import sends
from bot.usecases.oncall import calendar_feeds
from bot.usecases.reviews import reminders
from bot.usecases.reviews.ask import PER_PERSON
from bot.usecases.reviews.read import read_review
from storage import key_value
from storage.outbox import reminded
from storage.outbox.payloads import read_payload

TOLD_TODAY = "the facilitator was reminded today"
_SOON = timedelta(seconds=1)


def _not_owed(delivery: Delivery) -> str | None:
    """The reason why nobody is told of the review."""
    review = delivery.incident.review
    if review is None or review.state in (ReviewState.COMPLETED, ReviewState.PUBLISHED):
        return "the review is completed"
    return "the incident is open again" if delivery.incident.open else None


def _not_the_last(delivery: Delivery) -> str | None:
    """Why this reminder is not needed: the review is not owed, or a later reminder says the same."""
    review, subject = delivery.incident.review, keys.parse(delivery.notice.deadline or "")
    if review is not None and isinstance(subject, keys.ReviewSubject) and review.reminders > subject.reminders + 1:
        return "a later reminder took its place"
    return _not_owed(delivery)


class ReviewSender(SenderBase):
    """Posts and edits messages about reviews."""

    @sends(NoticeKind.REVIEW, failure="post the review")
    async def review(self, delivery: Delivery) -> SendResult:
        """Post the message in the incident's channel."""
        return await self.post_in_channel(delivery, await self._message(delivery))

    @sends(NoticeKind.REVIEW_EDIT, failure="keep the review up to date")
    async def review_edit(self, delivery: Delivery) -> SendResult:
        """Edit the message. One that somebody deleted is posted again."""
        number = delivery.incident.number
        replacement = routing.review_posted(number)
        return await self.edit_or_post(routing.review_key(number), lambda: self._message(delivery), replacement)

    @sends(NoticeKind.REVIEW_QUESTIONS, failure="ask about the review", failure_to="ask about the review, to")
    async def questions(self, delivery: Delivery) -> SendResult:
        """Ask a person directly, unless everything was answered meanwhile."""
        person = read_payload(delivery.notice, ReviewQuestionsPayload).person
        view = await self._view(delivery)
        questions = questions_for(view.sections, person)
        if not questions:
            return NotNeeded("everything was answered meanwhile")
        return await self.post(
            delivery, await self._people.direct_channel(person), blocks.asked(view, questions, PER_PERSON)
        )

    @sends(NoticeKind.REVIEW_PUBLISHED, failure="announce the review")
    async def published(self, delivery: Delivery) -> SendResult:
        """Announce it, unless the incident is private."""
        name = delivery.policy.announce
        if name is None or delivery.incident.private:
            return NotNeeded("there is no announcement channel, or the incident is private")
        async with self._context.database.reading() as conn:
            channel = await key_value.announcement_channel(name).get(conn) or name
        return await self.post(delivery, channel, blocks.published(await self._view(delivery), self._senders.command))

    @sends(NoticeKind.REVIEW_REMINDER, failure="remind of the review", unless=_not_the_last)
    async def reminder(self, delivery: Delivery) -> SendResult:
        """Remind the facilitator in the channel, in working hours."""
        wait = review_reminders.in_working_hours(delivery.now, delivery.policy.zone) - delivery.now
        if wait and delivery.unless is None:
            return Deferred(WAITS_FOR_WORKING_HOURS, wait)
        today = delivery.now.astimezone(delivery.policy.zone).date()
        async with self._context.database.reading() as conn:
            sent_reminders = await reminded.others(conn, reminders.prefix(delivery.incident.number), delivery.notice.id)
        if any(earlier.state in reminded.UNDER_WAY and earlier.id < delivery.notice.id for earlier in sent_reminders):
            return Deferred("another reminder of the review is being sent", _SOON)
        if any(earlier.told_on == today for earlier in sent_reminders):
            if not delivery.notice.uncertain:
                return NotNeeded(TOLD_TODAY)
            delivery = replace(delivery, unless=TOLD_TODAY)
        result = await self.post_in_channel(delivery, await self._reminder(delivery))
        return Sent({**result.receipt, reminded.DAY: today.isoformat()}) if isinstance(result, Sent) else result

    @sends(NoticeKind.REVIEW_POINT, failure="tell the agenda of the review", unless=_not_owed)
    async def point(self, delivery: Delivery) -> SendResult:
        """Say in the thread of the review that a point begins."""
        number = delivery.incident.number
        point = read_payload(delivery.notice, ReviewPointPayload).point
        message = blocks.point(delivery.incident, point)
        if message is None:
            return NotNeeded("the review has another time by now")
        if review_agenda.is_over(delivery.incident, point, delivery.now) and not delivery.notice.uncertain:
            return NotNeeded("its time is over")
        receipt = await self.posted(routing.review_key(number))
        return await self.post_in_thread(delivery, receipt, message, routing.review_posted(number))

    async def _view(self, delivery: Delivery) -> ReviewView:
        async with self._context.database.reading() as conn:
            return await read_review(conn, delivery.policy, delivery.incident.number)

    async def _reminder(self, delivery: Delivery) -> Message:
        view, zone = await self._view(delivery), delivery.policy.zone
        again_at = review_reminders.next_at(delivery.incident, zone)
        review = view.incident.review
        reason = review_reminders.reason(review, delivery.now, zone) if review else ""
        return blocks.reminder(view, reason, delivery.now, again_at)

    async def _message(self, delivery: Delivery) -> Message:
        review, url = delivery.incident.review, None
        if self._context.url and review is not None and review.scheduled_at is not None:
            feed = f"review:{delivery.incident.number}"
            async with self._context.database.reading() as conn:
                token = await calendar_feeds.current_token(conn, feed)
            url = calendar_feeds.address(self._context.url, feed, token) if token else None
        return blocks.posted(await self._view(delivery), self._senders.command, url)
