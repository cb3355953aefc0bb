"""Compares, for a day in shadow mode, whom the other service paged with whom we would have paged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from bot.domain.alerts import escalation
from bot.domain.alerts.group import AlertGroup
from bot.domain.alerts.shadow_page import ShadowPage, ShadowSide
from bot.domain.incident import Incident
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
        """Whether those whom they paged first are among those we would have paged, or nobody is on both sides."""
        if not self.theirs or not self.ours:
            return not self.theirs and not self.ours
        ours = {key for each in self.ours for key in _keys(each, policy)}
        return not ours.isdisjoint(_keys(self.theirs[0], policy))


@dataclass(frozen=True, slots=True)
class ShadowReport:
    """The cases of a day, the earliest first."""

    cases: tuple[ShadowCase, ...]
    private: int = 0  # cases about private incidents, which are left out
    cut: bool = False  # whether there were more pages than one report reads


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
    for (kind, number), found in by_place.items():
        incident = incidents.get(int(number)) if kind == "incident" else None
        if incident is not None and incident.private:
            private += 1
            continue
        group = next((groups[each.group] for each in found if each.group is not None and each.group in groups), None)
        cases.append(_case(found, incident, group, policy))
    return ShadowReport(tuple(cases), private)


def _place(page: ShadowPage, groups: Mapping[int, AlertGroup]) -> Place:
    group = groups.get(page.group) if page.group is not None else None
    incident = page.incident or (group.incident if group else None)
    if incident is not None:
        return "incident", incident
    return ("group", group.number) if group else ("alert", page.alert)


def _case(
    pages: Sequence[ShadowPage], incident: Incident | None, group: AlertGroup | None, policy: Policy
) -> ShadowCase:
    theirs, acknowledged, ours = (
        tuple(each for each in pages if each.side is side)
        for side in (ShadowSide.THEIRS, ShadowSide.ACKNOWLEDGED, ShadowSide.OURS)
    )
    if incident is not None:
        title = f"{incident.id} {incident.title}"
    else:
        title = f"{group.id} {group.title}" if group else pages[0].title
    return ShadowCase(title, theirs, acknowledged, ours, "" if ours else _why_nobody(incident, group, policy))


def _why_nobody(incident: Incident | None, group: AlertGroup | None, policy: Policy) -> str:
    if incident is not None:
        return f"no rung of {incident.id} ({incident.severity}) came due"
    if group is None:
        return "no route took the alert"
    reason = escalation.explained(group, policy)
    if reason is None:
        return next(step.reason for step in reversed(group.steps) if step.step == "page")
    because = f": {group.reason}" if group.reason else ""
    return reason.removeprefix("nobody was paged: ") + because


def sentence(case: ShadowCase, policy: Policy) -> str:
    """What happened and what would have, such as `they paged Anna at 03:12, we would have paged Anna at 03:12`."""
    zone = policy.zone
    they = f"they paged {_named(case.theirs, policy, zone)}" if case.theirs else "they paged nobody"
    if case.acknowledged:
        they += f" ({_named(case.acknowledged[:1], policy, zone)} acknowledged)"
    if case.ours:
        return f"{they}, we would have paged {_named(case.ours, policy, zone)}"
    return f"{they}, we would have paged nobody: {case.why_nobody}"


def _named(pages: Sequence[ShadowPage], policy: Policy, zone: tzinfo) -> str:
    """Each person once, with the first time."""
    first: dict[str, str] = {}
    for page in pages:
        person = _who(page, policy)
        names = ", ".join(person_by_address(each, policy).name for each in page.people[:MOST_NAMED])
        whom = f"{person.name} ({names})" if names else person.name
        first.setdefault(person.key, f"{whom} at {page.at.astimezone(zone):%H:%M}")
    named = list(first.values())
    more = len(named) - MOST_NAMED
    return ", ".join(named[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _keys(page: ShadowPage, policy: Policy) -> set[str]:
    """Whom the page reached: itself the person, or those of the schedule or team that it names."""
    return {person_by_address(each, policy).key for each in page.people} or {_who(page, policy).key}


def _who(page: ShadowPage, policy: Policy) -> Person:
    """The contact with this address or name; without one, what the page says."""
    if page.side is not ShadowSide.OURS and (named := person_by_name(page.who, policy)):
        return named
    person = person_by_address(page.who, policy)
    return person if person.key in policy.contacts else Person(page.who, page.who)
