"""Plans the weekly digest, and defines what it says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from bot.domain.actions.item import ActionItem
from bot.domain.figures.report import Report
from bot.domain.incident import Incident
from bot.domain.policy.figures import SheetMail, WeeklyDigest

WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class NoisyAlert:
    """An alert that told people often."""

    title: str
    groups: int
    dismissed: int
    flaps: int  # how often it fired again after it had resolved


@dataclass(frozen=True, slots=True)
class Load:
    """The number of pages to all people together. By night and weekend as the clocks of the policy have it."""

    pages: int
    at_night: int  # from 22:00 until 07:00
    on_weekends: int
    people: int


@dataclass(frozen=True, slots=True)
class Week:
    """The content of a weekly digest. Private incidents are counted and not named."""

    report: Report
    open: Sequence[Incident]  # the first of those that are not private, the worst first
    open_total: int
    overdue: Sequence[ActionItem]  # the first, of incidents that are not private
    overdue_total: int
    reviews: Sequence[tuple[int, str, datetime | None]]  # number, title and due instant of incidents without a review
    noisy: Sequence[NoisyAlert]
    load: Load


def next_digest(rules: WeeklyDigest | SheetMail, after: datetime, zone: tzinfo) -> datetime:
    """The first instant after `after` at which a weekly digest, or sheet, is due, in UTC."""
    local = after.astimezone(zone)
    day = local.date() + timedelta(days=(rules.weekday - local.weekday()) % 7)
    due = datetime.combine(day, rules.at, zone).astimezone(UTC)
    if due <= after:
        due = datetime.combine(day + WEEK, rules.at, zone).astimezone(UTC)
    return due


def load_of(pages: Sequence[tuple[datetime, Sequence[str]]], zone: tzinfo) -> Load:
    """The load of pages, each with its instant and the people whom it reached."""
    reached = [(at.astimezone(zone), person) for at, people in pages for person in people]
    return Load(
        pages=len(reached),
        at_night=sum(is_night(at) for at, _ in reached),
        on_weekends=sum(at.weekday() >= 5 for at, _ in reached),
        people=len({person for _, person in reached}),
    )


def is_night(local: datetime) -> bool:
    """Whether people sleep at this local time."""
    return local.hour >= 22 or local.hour < 7
