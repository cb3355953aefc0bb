"""Defines the agendas of a review's meeting, and when each of their points begins."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain.incident.state import Incident, Review, ReviewAgenda, ReviewState

# Minutes for each point of the meeting: seeds 003 and 004, Post-Incident Review.
AGENDAS: dict[ReviewAgenda, tuple[tuple[str, int], ...]] = {
    ReviewAgenda.LONG: (
        ("Timeline", 10), ("Root cause", 15), ("Impact", 10), ("What went well", 10), ("What to improve", 15),
        ("Action items", 10), ("Questions", 10),
    ),
    ReviewAgenda.SHORT: (
        ("Timeline", 5), ("Root cause", 10), ("Impact", 5), ("What prevents it", 15), ("Action items", 5),
    ),
}  # fmt: skip
LATEST = timedelta(hours=1)  # after the end of the meeting; a later point is not announced


@dataclass(frozen=True, slots=True)
class AgendaPoint:
    """A point of the agenda, or with `title` empty the end of the meeting. `number` counts from 1."""

    number: int
    title: str
    begins_at: datetime
    ends_at: datetime


def agenda(review: Review) -> tuple[tuple[str, int], ...]:
    """The points of the review's meeting, each with its minutes."""
    return AGENDAS[review.meeting]


def length(review: Review) -> timedelta:
    """The duration of the review's meeting."""
    return timedelta(minutes=sum(minutes for _, minutes in agenda(review)))


def points(review: Review) -> tuple[AgendaPoint, ...]:
    """Every point with its times, and the end. Empty before the review has a time, and once it is completed."""
    if review.scheduled_at is None or review.state is not ReviewState.SCHEDULED:
        return ()
    all_points, at = [], review.scheduled_at
    for number, (title, minutes) in enumerate(agenda(review), 1):
        ends_at = at + timedelta(minutes=minutes)
        all_points.append(AgendaPoint(number, title, at, ends_at))
        at = ends_at
    return (*all_points, AgendaPoint(len(all_points) + 1, "", at, at))


def next_point(incident: Incident) -> AgendaPoint | None:
    """The next point to announce; None where there is none."""
    if incident.review is None:
        return None
    return next((point for point in points(incident.review) if point.number > incident.review.agenda), None)


def current_point(incident: Incident, now: datetime) -> AgendaPoint | None:
    """The point to announce now: the latest of those that have begun. None long after the end."""
    if incident.review is None:
        return None
    open_points = [point for point in points(incident.review) if point.number > incident.review.agenda]
    begun = [point for point in open_points if point.begins_at <= now]
    return begun[-1] if begun and now <= begun[-1].ends_at + LATEST else None


def is_over(incident: Incident, number: int, now: datetime) -> bool:
    """Whether the time of the point with this number is over. The end of the meeting is told for `LATEST` after it."""
    if incident.review is None:
        return True
    point = next((point for point in points(incident.review) if point.number == number), None)
    return point is None or now > (point.ends_at if point.title else point.ends_at + LATEST)


def mark_announced(incident: Incident, now: datetime) -> Incident:
    """The incident with every point that has begun by now marked as announced."""
    review = incident.review
    if review is None:
        return incident
    begun = [point.number for point in points(review) if point.begins_at <= now]
    return replace(incident, review=replace(review, agenda=max([review.agenda, *begun])))
