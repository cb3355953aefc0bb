"""Plans which person is paged by which method (Slack, PagerDuty, e-mail, SMS, webhook).

A plan uses only methods that are set up and for which the person has an address.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from bot.domain.incident import Incident, VendorAlert
from bot.domain.paging.context import PagingContext
from bot.domain.paging.people import REQUIRED_FIELD, Person, next_method, person_by_address, person_of
from bot.domain.paging.personal import AT_ONCE, methods_now
from bot.domain.paging.recipients import Recipients
from bot.domain.policy.policy import Policy, Until

VENDOR_TRACKED = ("pagerduty", "webhook")  # an alert opened there is acknowledged and resolved there as well
LABELS = {
    "slack": "Slack", "pagerduty": "PagerDuty", "email": "e-mail", "sms": "SMS", "phone": "telephone", "push": "push",
    "webhook": "webhook",
}  # fmt: skip

_DEDUP_KEY = re.compile(r"tocsin-INC-([1-9][0-9]{0,17})-[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class PageAttempt:
    """One person to page by one method."""

    person: Person
    method: str


@dataclass(frozen=True, slots=True)
class PagePlan:
    """Every attempt of a page, and the methods that cannot be used."""

    attempts: tuple[PageAttempt, ...] = ()
    gaps: tuple[str, ...] = ()  # why a method reaches a person or anybody not, in words
    setup_gaps: tuple[str, ...] = ()  # those of `gaps` that only an operator can close
    following: tuple[str, ...] = ()  # keys of contacts who are paged by more of their own methods later

    def methods_for(self, person: Person) -> tuple[str, ...]:
        """The methods by which this person is paged."""
        return tuple(attempt.method for attempt in self.attempts if attempt.person == person)

    @property
    def methods(self) -> tuple[str, ...]:
        """Every method of the plan, once."""
        return tuple(dict.fromkeys(attempt.method for attempt in self.attempts))


def label(method: str) -> str:
    """The method's name for people."""
    return LABELS.get(method, method)


def methods_in_policy(policy: Policy) -> frozenset[str]:
    """Every method by which some rung or trigger of the policy pages."""
    rungs = [rung for severity in policy.severities for rung in severity.ladder]
    rungs += [trigger.rung for trigger in policy.triggers]
    rungs += [rung for ladder in policy.ladders.values() for rung in ladder]
    methods = {method for rung in rungs for method in rung.by}
    methods |= {step.method for contact in policy.contacts.values() for step in contact.methods}
    of_alerts = {method for rung in policy.alert_rungs for method in rung.by}
    return frozenset(methods | of_alerts)


# --- planning ---------------------------------------------------------------------------------------------------------


def plan_pages(
    recipients: Recipients,
    by: Sequence[str],
    context: PagingContext,
    severity: str = "",
    elapsed: timedelta = AT_ONCE,
) -> PagePlan:
    """Call each person by their own methods, else by those of the rung; if none reaches them, by another that does.

    Of their own methods those are used that are due `elapsed` after the first page: all of them, if nothing is said.
    """
    attempts: list[PageAttempt] = []
    following: list[str] = []
    gaps: dict[str, bool] = {}  # whether only an operator can close it
    for person in people_of(recipients, context):
        methods: list[str] = []
        chosen = methods_now(person, by, severity, context.methods, elapsed)
        if set(chosen) < set(methods_now(person, by, severity, context.methods, AT_ONCE)):
            following.append(person.key)
        for method in chosen:
            if method != "slack" and method not in context.methods:
                gaps[f"{label(method)} is not set up"] = True
            elif not person.reachable_by(method):
                gaps[_gap(person, method)] = not (method == "slack" and person.problem)
            else:
                methods.append(method)
        if not methods and (fallback := next_method(person, by, (), context.methods)):
            methods.append(fallback)
        attempts += [PageAttempt(person, method) for method in methods]
    for_operators = tuple(gap for gap, by_operator in gaps.items() if by_operator)
    return PagePlan(tuple(attempts), tuple(gaps), for_operators, tuple(following))


def reach(
    recipients: Recipients,
    by: Sequence[str],
    context: PagingContext,
    left_out: Collection[str] = (),
    severity: str = "",
    elapsed: timedelta = AT_ONCE,
) -> tuple[Recipients, PagePlan]:
    """The recipients whom a page reaches, and the calls. `left_out` and people whom Slack does not reach are not among
    them; without any call and any channel it reaches nobody.
    """
    fresh = replace(
        recipients,
        people=tuple(person for person in recipients.people if person not in left_out),
        channels=tuple(channel for channel in recipients.channels if channel not in left_out),
    )
    plan = plan_pages(fresh, by, context, severity, elapsed)
    reachable = tuple(person for person in fresh.people if not context.directory.problem(person))
    return replace(fresh, people=reachable), plan


def people_of(recipients: Recipients, context: PagingContext) -> list[Person]:
    """Contacts first, then people known by their Slack ID or address alone, each once.

    A contact whose Slack address is not among `people` was left out, because they respond already. Two contacts with
    the same Slack account are one person.
    """
    policy = context.policy
    people: dict[str, Person] = {}
    for key in recipients.contacts:
        contact = policy.contacts.get(key)
        if contact is None:
            continue
        address = contact.slack or contact.email
        if address is None or address in recipients.people:
            people.setdefault(address or key, person_of(contact))
    for address in recipients.people:
        people.setdefault(address, person_by_address(address, policy))
    return [replace(person, problem=context.directory.problem(person.slack)) for person in people.values()]


def _gap(person: Person, method: str) -> str:
    """Why the method does not reach the person."""
    if method == "slack" and person.problem:
        return f"{person.name}: {person.problem}"
    return f"{person.name} has no {REQUIRED_FIELD[method]} for {label(method)}"


def opened_alerts(
    incident: Incident, page_plan: PagePlan, dedup_keys: Mapping[PageAttempt, str]
) -> tuple[VendorAlert, ...]:
    """The incident's vendor alerts after these attempts.

    There is one for each method and severity, and one for each contact with a PagerDuty service of their own.
    `dedup_keys` are those of the notices, by attempt.
    """
    alerts = {(alert.method, alert.severity, alert.contact): alert for alert in incident.live_alerts}
    for attempt in page_plan.attempts:
        if attempt.method not in VENDOR_TRACKED:
            continue
        own_service = attempt.method == "pagerduty" and attempt.person.pagerduty
        destination = (attempt.method, incident.severity, attempt.person.key if own_service else None)
        triggers = alerts[destination].triggers if destination in alerts else ()
        alerts[destination] = VendorAlert(*destination, triggers=(*triggers, dedup_keys[attempt]))
    return tuple(alerts.values())


# --- vendors' dedup keys ----------------------------------------------------------------------------------------------


def dedup_key(incident: Incident, severity: str) -> str:
    """The key of the incident's alert at a vendor: one for each incident, episode and severity.

    The severity is part of it because a vendor stays silent about an acknowledged alert, and raising the severity must
    wake people again. The key discloses nothing but the incident's ID, and differs between databases.
    """
    seed = f"{incident.declared_at.isoformat()}:{incident.number}:{incident.episode}:{severity}"
    return f"tocsin-{incident.id}-{hashlib.sha256(seed.encode()).hexdigest()[:16]}"


def incident_number_in(key: str) -> int | None:
    """The number of the incident in a key made by `dedup_key`; None for other keys."""
    match = _DEDUP_KEY.fullmatch(key)
    return int(match[1]) if match else None


# --- pages that became needless ---------------------------------------------------------------------------------------


def not_needed_because(incident: Incident, unless: str) -> str | None:
    """The reason why a queued page is no longer needed; None while it is needed. `unless` is one of `Until`."""
    if not incident.open:
        return f"the incident was {incident.status} before it could be sent"
    if unless == Until.ACKNOWLEDGED and incident.ladder.acknowledged_at is not None:
        return "acknowledged before it could be sent"
    if unless == Until.MITIGATED and incident.ladder.mitigated_at is not None:
        return "mitigated before it could be sent"
    return None


def unless_for(incident: Incident, until: Until) -> Until:
    """The state that makes a page of this rung needless.

    A page requested when that state is already reached goes out all the same, until the incident ends.
    """
    return Until.RESOLVED if not_needed_because(incident, until) else until
