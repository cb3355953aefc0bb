"""Compares, for a day in shadow mode, whom the other service paged with whom we would have paged."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from bot.domain.alerts import escalation
from bot.domain.alerts.group import AlertGroup
from bot.domain.alerts.shadow_page import ShadowPage, ShadowSide
from bot.domain.incident import Incident
from bot.domain.oncall.schedule import Override, on_call
from bot.domain.paging.people import Person, person_by_address, person_by_name
from bot.domain.policy.policy import Policy

MOST_NAMED = 5  # people on each side of a line
Place = tuple[str, int | str]  # an incident, a group, or an alert that no route took


@dataclass(frozen=True, slots=True)
class ShadowCase:
    """One incident or group of alerts, and who was paged about it on either side, the earliest first."""

    title: str
    theirs: tuple[ShadowPage, ...]
    acknowledged: tuple[ShadowPage, ...]
    ours: tuple[ShadowPage, ...]
    why_nobody: str = ""  # why we would have paged nobody

    def alike(self, policy: Policy) -> bool:
        """Whether we would have paged whom they paged first, or nobody was paged on either side."""
        if not self.theirs or not self.ours:
            return not self.theirs and not self.ours
        our_people = {key for page in self.ours for key in _keys(page, policy)}
        return not our_people.isdisjoint(_keys(self.theirs[0], policy))


@dataclass(frozen=True, slots=True)
class ImportDifference:
    """An instant at which an imported schedule has others on call than the vendor says of its own."""

    schedule: str  # key in the policy
    at: datetime
    theirs: tuple[str, ...]  # names
    ours: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ShadowReport:
    """The cases of a day, the earliest first."""

    cases: tuple[ShadowCase, ...]
    private: int = 0  # cases about private incidents, which are left out
    cut: bool = False  # whether there were more pages than one report reads
    imports: tuple[ImportDifference, ...] = ()  # where the imported schedules have others than the source says


def compare(
    pages: Sequence[ShadowPage], groups: Mapping[int, AlertGroup], incidents: Mapping[int, Incident], policy: Policy
) -> ShadowReport:
    """The report of these pages, given the groups and incidents that they are about."""
    by_place: dict[Place, list[ShadowPage]] = {}
    for page in pages:
        if page.side is ShadowSide.ALERT:
            continue
        by_place.setdefault(_place(page, groups), []).append(page)
    cases, private = [], 0
    for (kind, place), case_pages in by_place.items():
        incident = incidents.get(int(place)) if kind == "incident" else None
        if incident is not None and incident.private:
            private += 1
            continue
        group_numbers = (page.group for page in case_pages if page.group is not None)
        group = next((groups[number] for number in group_numbers if number in groups), None)
        cases.append(_case(case_pages, incident, group, policy))
    return ShadowReport(tuple(cases), private)


def schedule_key(name: str) -> str:
    """The key that an import derives from a schedule's or team's name."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def contact_of(name: str, policy: Policy) -> str:
    """The key of the contact whom the other service names or gives the address of; else the name itself."""
    person = person_by_name(name, policy) or person_by_address(name, policy)
    return person.key


def import_differences(
    pages: Sequence[ShadowPage], policy: Policy, covers: Sequence[Override]
) -> tuple[ImportDifference, ...]:
    """The differences between the vendor's people and the imported schedule's, each pair of people once."""
    differences: dict[tuple[str, tuple[str, ...], tuple[str, ...]], ImportDifference] = {}
    for page in pages:
        for key, names in (page.vendor_on_call or {}).items():
            if (schedule := policy.schedules.get(key)) is None:
                continue
            vendor_keys = sorted({contact_of(name, policy) for name in names})
            own_keys = sorted({person_by_address(member, policy).key for member in on_call(schedule, page.at, covers)})
            if vendor_keys != own_keys:
                names_of_sides = [
                    tuple(person_by_address(key_of_person, policy).name for key_of_person in side)
                    for side in (vendor_keys, own_keys)
                ]
                difference = ImportDifference(key, page.at, *names_of_sides)
                differences.setdefault((key, tuple(vendor_keys), tuple(own_keys)), difference)
    return tuple(differences.values())


def import_sentence(difference: ImportDifference, vendor: str, policy: Policy) -> str:
    """The difference as a sentence: `primary at 03:12: Opsgenie has Ben on call, the imported schedule Anna`."""
    at = f"{difference.at.astimezone(policy.zone):%H:%M}"
    vendor_names, own_names = (
        ", ".join(side[:MOST_NAMED]) or "nobody" for side in (difference.theirs, difference.ours)
    )
    return f"{difference.schedule} at {at}: {vendor} has {vendor_names} on call, the imported schedule {own_names}"


def _place(page: ShadowPage, groups: Mapping[int, AlertGroup]) -> Place:
    group = groups.get(page.group) if page.group is not None else None
    incident = page.incident or (group.incident if group else None)
    if incident is not None:
        return "incident", incident
    return ("group", group.number) if group else ("alert", page.alert)


def _case(
    pages: Sequence[ShadowPage], incident: Incident | None, group: AlertGroup | None, policy: Policy
) -> ShadowCase:
    their_pages, acknowledged, our_pages = (
        tuple(page for page in pages if page.side is side)
        for side in (ShadowSide.THEIRS, ShadowSide.ACKNOWLEDGED, ShadowSide.OURS)
    )
    if incident is not None:
        title = f"{incident.id} {incident.title}"
    else:
        title = f"{group.id} {group.title}" if group else pages[0].title
    return ShadowCase(
        title, their_pages, acknowledged, our_pages, "" if our_pages else _why_nobody(incident, group, policy)
    )


def _why_nobody(incident: Incident | None, group: AlertGroup | None, policy: Policy) -> str:
    if incident is not None:
        return f"no rung of {incident.id} ({incident.severity}) came due"
    if group is None:
        return "no route took the alert"
    reason = escalation.reason_for_no_page(group, policy)
    if reason is None:
        reason = next(step.reason for step in reversed(group.steps) if step.step == "page")
        return "its rungs come due on another day" if f" {escalation.WOULD_PAGE} " in reason else reason
    because = f": {group.reason}" if group.reason else ""
    return reason.removeprefix("nobody was paged: ") + because


def sentence(case: ShadowCase, policy: Policy) -> str:
    """Both pages in a sentence, such as `they paged Anna at 03:12, we would have paged Anna at 03:12`."""
    zone = policy.zone
    they = f"they paged {_people_in(case.theirs, policy, zone)}" if case.theirs else "they paged nobody"
    if case.acknowledged:
        they += f" ({_people_in(case.acknowledged[:1], policy, zone)} acknowledged)"
    if case.ours:
        return f"{they}, we would have paged {_people_in(case.ours, policy, zone)}"
    return f"{they}, we would have paged nobody: {case.why_nobody}"


def _people_in(pages: Sequence[ShadowPage], policy: Policy, zone: tzinfo) -> str:
    """Each person once, with the first time."""
    first: dict[str, str] = {}
    for page in pages:
        person = _person_of(page, policy)
        names = ", ".join(person_by_address(member, policy).name for member in page.people[:MOST_NAMED])
        whom = f"{person.name} ({names})" if names else person.name
        first.setdefault(person.key, f"{whom} at {page.at.astimezone(zone):%H:%M}")
    people = list(first.values())
    more = len(people) - MOST_NAMED
    return ", ".join(people[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _keys(page: ShadowPage, policy: Policy) -> set[str]:
    """The people whom the page reached: the person, or those of the schedule or team that it names."""
    return {person_by_address(member, policy).key for member in page.people} or {_person_of(page, policy).key}


def _person_of(page: ShadowPage, policy: Policy) -> Person:
    """The contact with this address or name; without one, what the page says."""
    if page.side is not ShadowSide.OURS and (contact := person_by_name(page.who, policy)):
        return contact
    person = person_by_address(page.who, policy)
    return person if person.key in policy.contacts else Person(page.who, page.who)
