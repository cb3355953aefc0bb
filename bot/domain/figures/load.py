"""Computes the load of pages on one person. The person and the lead of their team may see it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from bot.domain.figures.week import WEEK, is_night
from bot.domain.policy.policy import Policy


@dataclass(frozen=True, slots=True)
class PersonLoad:
    """The pages of one person in a period, by their own clock."""

    person: str  # Slack ID
    pages: int
    nights: int  # nights in which they were paged, each once
    weekend_days: int  # days of weekends on which they were paged, each once
    interrupted_hours: int  # hours of the clock in which they were paged, each once

    @property
    def text(self) -> str:
        """The load as a phrase, such as `3 pages, 1 night`."""
        if not self.pages:
            return "not paged"
        return (
            f"{_count(self.pages, 'page')}, {_count(self.nights, 'night')}, "
            f"{_count(self.weekend_days, 'weekend day')}, {_count(self.interrupted_hours, 'interrupted hour')}"
        )


@dataclass(frozen=True, slots=True)
class RecentPages:
    """The number of recent pages to a person."""

    week: int  # in the last 7 days
    month: int  # in the last 30 days
    complete: bool = True  # False: there were so many pages that only the latest were counted

    @property
    def text(self) -> str:
        """The counts as sentences for the person."""
        if not self.month:
            return "You were not paged in the last 30 days."
        least = "" if self.complete else "at least "
        if not self.week:
            return f"You were not paged in the last 7 days, and {least}{_times(self.month)} in the last 30."
        return (
            f"You were paged {least}{_times(self.week)} in the last 7 days, {least}{_times(self.month)} in the last 30."
        )


def recent_pages(
    pages: Iterable[tuple[datetime, Sequence[str]]], person: str, now: datetime, *, complete: bool
) -> RecentPages:
    """Count the pages of the last 30 days that reached the person."""
    reached = [at for at, people in pages if person in people]
    return RecentPages(sum(at >= now - WEEK for at in reached), len(reached), complete)


def load_of_person(pages: Iterable[tuple[datetime, Sequence[str]]], person: str, zone: tzinfo) -> PersonLoad:
    """The load of the pages that reached the person. `zone` is the person's own."""
    reached = [at.astimezone(zone) for at, people in pages if person in people]
    return PersonLoad(
        person=person,
        pages=len(reached),
        nights=len({_night(at) for at in reached if is_night(at)}),
        weekend_days=len({at.date() for at in reached if at.weekday() >= 5}),
        interrupted_hours=len({(at.date(), at.hour) for at in reached}),
    )


def loads_of(
    viewer: str, pages: Sequence[tuple[datetime, Sequence[str]]], policy: Policy, zone: tzinfo
) -> list[PersonLoad]:
    """The load of the person, then of those whom they lead, where nobody's own time zone is known."""
    return [load_of_person(pages, person, zone) for person in (viewer, *led_by(viewer, policy))]


def led_by(viewer: str, policy: Policy) -> list[str]:
    """The Slack IDs of the other members of the teams that this person leads, in the order of the policy."""
    led = [
        _slack_id(member, policy)
        for team in policy.teams.values()
        if team.lead is not None and _slack_id(team.lead, policy) == viewer
        for member in team.members
    ]
    return [person for person in dict.fromkeys(led) if person is not None and person != viewer]


def _slack_id(member: str, policy: Policy) -> str | None:
    contact = policy.contacts.get(member)
    return contact.slack if contact is not None else member


def _night(local: datetime) -> int:
    """The day on whose evening the night began, as its ordinal."""
    return local.date().toordinal() - (local.hour < 12)


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def _count(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
