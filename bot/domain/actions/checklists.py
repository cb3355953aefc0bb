"""Defines the checklists for day 1, week 1 and month 1 after an incident (seed 002, Post-Incident Actions)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from bot.domain.actions.item import ActionItem, Category, NewAction, Priority
from bot.domain.errors import Refused
from bot.domain.incident import Incident


@dataclass(frozen=True, slots=True)
class Checklist:
    """A list of things to do within some days after the incident is resolved."""

    name: str
    days: int  # from resolve until the items are due
    items: tuple[tuple[str, Category], ...]


CHECKLISTS = (
    Checklist("Day 1", 1, (
        ("Close the incident in the paging system", Category.PROCESS),
        ("Bring the status page up to date", Category.PROCESS),
        ("Tell the stakeholders", Category.PROCESS),
        ("Confirm that monitoring is normal", Category.MONITORING),
        ("Write down the temporary fixes", Category.DOCUMENTATION),
    )),
    Checklist("Week 1", 7, (
        ("Complete the review", Category.PROCESS),
        ("Create action items with owners and days", Category.PROCESS),
        ("Update the runbooks", Category.DOCUMENTATION),
        ("Debrief the team", Category.PROCESS),
    )),
    Checklist("Month 1", 30, (
        ("Put the permanent fixes in place", Category.CODE),
        ("Add measures that prevent the next one", Category.CODE),
        ("Improve monitoring", Category.MONITORING),
        ("Update the documentation", Category.DOCUMENTATION),
    )),
)  # fmt: skip


def missing_items(incident: Incident, existing: list[ActionItem], resolved_on: date, today: date) -> list[NewAction]:
    """The items of all checklists that the incident lacks. Their owner is the commander, else who resolved it.

    A day that has passed becomes `today`. Raises `Refused` before the incident is resolved.
    """
    if incident.resolved_at is None:
        raise Refused(f"{incident.id} is not resolved yet: the days count from then.", "resolve What fixed it")
    have = {(item.checklist, item.title) for item in existing}
    owner = incident.roles.get("commander") or incident.resolved_by
    return [
        NewAction(
            title, owner, Priority.P2, max(today, resolved_on + timedelta(days=checklist.days)), category=category,
            checklist=checklist.name,
        )
        for checklist in CHECKLISTS
        for title, category in checklist.items
        if (checklist.name, title) not in have
    ]  # fmt: skip
