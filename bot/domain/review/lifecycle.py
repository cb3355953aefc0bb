"""Computes how the review of an incident moves on: opened, scheduled, completed, published."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain.errors import Refused
from bot.domain.incident import Change, Incident, Review, ReviewState
from bot.domain.incident.state import ReviewAgenda
from bot.domain.incident.status import Status
from bot.domain.policy.policy import Policy
from bot.domain.timeline.entry import entry
from bot.domain.values import durations
from bot.domain.values.slack_ids import is_user_id

FURTHEST = timedelta(days=180)


def opens_by_itself(before: Incident, after: Incident, policy: Policy) -> bool:
    """Whether a change that ended the incident opens its review: the severity asks for one, and it is no drill."""
    if not before.open or after.status not in (Status.RESOLVED, Status.CLOSED) or after.drill:
        return False
    level = next((level for level in policy.severities if level.key == after.severity), None)
    return level is not None and level.review_within is not None and after.review is None


def new_review(incident: Incident, policy: Policy, now: datetime) -> Review:
    """A review in draft, led by the incident commander, due as the severity asks."""
    level = next((level for level in policy.severities if level.key == incident.severity), None)
    begin = incident.resolved_at or now
    within = level.review_within if level else None
    due_at = durations.add(begin, within, policy.zone) if within is not None else None
    candidates = (incident.roles.get("commander"), incident.resolved_by, incident.declared_by)
    facilitator = next((person for person in candidates if person and is_user_id(person)), None)
    return Review(now, facilitator, due_at=due_at)


def is_taken_up(before: Incident, after: Incident) -> bool:
    """Whether an incident that was reopened after its review has ended anew, of which the review does not tell."""
    is_over = before.review is not None and before.review.state in (ReviewState.COMPLETED, ReviewState.PUBLISHED)
    return is_over and before.open and after.status in (Status.RESOLVED, Status.CLOSED)


def take_up_again(review: Review, incident: Incident, policy: Policy, now: datetime) -> Review:
    """The review in draft again, due anew. What people wrote stays."""
    anew = new_review(incident, policy, now)
    return replace(
        anew, facilitator=review.facilitator or anew.facilitator, scheduled=review.scheduled,
        taken_up=review.taken_up + 1,
    )  # fmt: skip


def open_review(incident: Incident, actor: str, policy: Policy, now: datetime) -> Change:
    """Open the review by hand. Nothing changes where it is open. Raises `Refused` while the incident runs."""
    if incident.review is not None:
        return Change(incident)
    if incident.open:
        reason = f"{incident.id} is still open ({incident.status}). Its review begins once it is resolved."
        raise Refused(reason, "resolve What fixed it")
    if incident.status is Status.MERGED and incident.merged_into is not None:
        into = f"INC-{incident.merged_into}"
        raise Refused(f"{incident.id} is merged into {into}, which has the review.", f"review --in {into}")
    if incident.status in (Status.CANCELLED, Status.MERGED):
        raise Refused(f"{incident.id} is {incident.status}, so there is nothing to review.", "list all")
    changed = replace(incident, review=new_review(incident, policy, now))
    return Change(changed, (entry(now, "review", actor, "opened the review", state="draft"),))


def schedule(
    incident: Incident, at: datetime, facilitator: str | None, actor: str, policy: Policy, now: datetime
) -> Change:
    """Set when the review takes place. Raises `Refused` for a time that has passed, and once it is completed."""
    review = require_review(incident)
    if review.state in (ReviewState.COMPLETED, ReviewState.PUBLISHED):
        raise Refused(f"The review of {incident.id} is {review.state} already.", "review")
    if not now < at < now + FURTHEST:
        raise Refused("Choose a time ahead, within half a year.")
    changed = replace(
        review, state=ReviewState.SCHEDULED, scheduled_at=at, facilitator=facilitator or review.facilitator,
        scheduled=review.scheduled + 1, meeting=ReviewAgenda(policy.review_agenda), agenda=0,
        reminders=max(review.reminders, 1),  # the one to schedule it is not needed any more
    )  # fmt: skip
    if replace(changed, scheduled=review.scheduled, agenda=review.agenda, reminders=review.reminders) == review:
        return Change(incident)
    verb = "moved the review to" if review.scheduled_at is not None else "scheduled the review for"
    text = f"{verb} {at:%-d %b %Y %H:%M} UTC"
    record = entry(now, "review", actor, text, told=True, state="scheduled", held_at=at.isoformat())
    return Change(replace(incident, review=changed), (record,))


def complete(incident: Incident, actor: str, now: datetime) -> Change:
    """Say that the review took place and its text is final. Nothing changes where it is completed already."""
    review = require_review(incident)
    if review.state in (ReviewState.COMPLETED, ReviewState.PUBLISHED):
        return Change(incident)
    changed = replace(review, state=ReviewState.COMPLETED, completed_at=now)
    record = entry(now, "review", actor, "completed the review", told=True, state="completed")
    return Change(replace(incident, review=changed), (record,))


def publish(incident: Incident, actor: str, now: datetime) -> Change:
    """Publish a completed review. Raises `Refused` before; nothing changes where it is published already."""
    review = require_review(incident)
    if review.state is ReviewState.PUBLISHED:
        return Change(incident)
    if review.state is not ReviewState.COMPLETED:
        raise Refused(f"The review is {review.state}. Complete it first, then publish it.", "review")
    changed = replace(review, state=ReviewState.PUBLISHED, published_at=now)
    record = entry(now, "review", actor, "published the review", told=True, state="published")
    return Change(replace(incident, review=changed), (record,))


def require_review(incident: Incident) -> Review:
    """The review. Raises `Refused` where it is not open."""
    if incident.review is None:
        raise Refused(f"The review of {incident.id} is not open yet.", "review")
    return incident.review
