"""Who is called how: the people of a rung, each by every method that is set up and that reaches them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.domain.incident import Incident, VendorAlert
from bot.domain.paging.ladder import Recipients
from bot.domain.policy.policy import Contact, Policy
from bot.domain.values.slack_ids import MENTION

# What a contact must have to be reached so. The other methods reach whoever the operator's settings say.
REQUIRED_FIELD = {"slack": "slack", "email": "email", "sms": "phone"}
FALLBACK_METHODS = ("sms", "email", "slack")  # in the order in which they stand in for one another
VENDOR_TRACKED = ("pagerduty", "webhook")  # what is opened there is acknowledged and resolved there too
LABELS = {"slack": "Slack", "pagerduty": "PagerDuty", "email": "e-mail", "sms": "SMS", "webhook": "webhook"}


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody to be reached. `key` is a contact's, else the Slack ID or the address by which they are known."""

    key: str
    name: str
    slack: str | None = None  # a user ID, or the address they use there
    email: str | None = None
    phone: str | None = None
    pagerduty: str | None = field(default=None, repr=False)  # a routing key of their own: a secret

    def reachable_by(self, method: str) -> bool:
        needed = REQUIRED_FIELD.get(method)
        return needed is None or getattr(self, needed) is not None


@dataclass(frozen=True, slots=True)
class PageAttempt:
    """One person, by one method."""

    person: Person
    method: str


@dataclass(frozen=True, slots=True)
class PagePlan:
    """Everybody a page calls and how; `gaps` say in words which methods reach nobody."""

    attempts: tuple[PageAttempt, ...] = ()
    gaps: tuple[str, ...] = ()

    def methods_for(self, person: Person) -> tuple[str, ...]:
        return tuple(call.method for call in self.attempts if call.person == person)

    @property
    def methods(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(call.method for call in self.attempts))


def label(method: str) -> str:
    return LABELS.get(method, method)


def plan_pages(recipients: Recipients, by: Sequence[str], policy: Policy, configured: Collection[str]) -> PagePlan:
    """Each person by each method of the rung. Somebody whom none of them reaches is called by any that does."""
    calls: list[PageAttempt] = []
    gaps: dict[str, None] = {}
    for person in people_of(recipients, policy):
        mine: list[str] = []
        for method in by:
            if method != "slack" and method not in configured:
                gaps[f"{label(method)} is not set up"] = None
            elif not person.reachable_by(method):
                gaps[f"{person.name} has no {REQUIRED_FIELD[method]} for {label(method)}"] = None
            else:
                mine.append(method)
        if not mine and (last := next_method(person, by, (), configured)):
            mine.append(last)
        calls += [PageAttempt(person, method) for method in mine]
    return PagePlan(tuple(calls), tuple(gaps))


def next_method(person: Person, by: Sequence[str], used: Collection[str], configured: Collection[str]) -> str | None:
    """What stands in for a method that failed: the next of the rung's, else any that reaches this very person."""
    for method in dict.fromkeys((*by, *FALLBACK_METHODS)):
        there = method == "slack" or method in configured
        if there and method not in used and person.reachable_by(method):
            return method
    return None


def people_of(recipients: Recipients, policy: Policy) -> list[Person]:
    """Contacts first, then whoever is known by their Slack ID alone; nobody twice.

    A contact whose Slack address is not among `people` was left out: they are responding already.
    """
    found: dict[str, Person] = {}
    for key in recipients.contacts:
        contact = policy.contacts.get(key)
        if contact is None:
            continue
        address = contact.slack or contact.email
        if address is None or address in recipients.people:
            found[key] = _of_contact(contact)
    for address in recipients.people:
        person = person_by_address(address, policy)
        found.setdefault(person.key, person)
    return list(found.values())


def person_by_address(address: str, policy: Policy) -> Person:
    """By a contact's key, a Slack ID or an address; a stranger keeps what they are called by."""
    if address in policy.contacts:
        return _of_contact(policy.contacts[address])
    for contact in policy.contacts.values():
        if address in (contact.slack, contact.email):
            return _of_contact(contact)
    if "@" in address:
        return Person(address, address, slack=address, email=address)
    return Person(address, f"<@{address}>", slack=address)


def person_by_name(name: str, policy: Policy) -> Person | None:
    """The one contact of this name; None where nobody or several are called so."""
    wanted = " ".join(name.split()).casefold()
    there = [c for c in policy.contacts.values() if c.name and " ".join(c.name.split()).casefold() == wanted]
    return _of_contact(there[0]) if len(there) == 1 else None


def _of_contact(contact: Contact) -> Person:
    return Person(
        contact.key,
        contact.name or contact.key,
        contact.slack or contact.email,  # Slack finds people by their address too
        contact.email,
        contact.phone,
        contact.pagerduty,
    )


def dedup_key(incident: Incident, severity: str) -> str:
    """One for each incident, episode and severity, so that repeats fall together at the vendor's.

    The severity is in it because a vendor stays silent about what was acknowledged, and raising the severity is to
    wake people again. Nothing but the ID can be read from it, and two databases never share one.
    """
    about = f"{incident.declared_at.isoformat()}:{incident.number}:{incident.episode}:{severity}"
    return f"tocsin-{incident.id}-{hashlib.sha256(about.encode()).hexdigest()[:16]}"


def incident_number_in(key: str) -> int | None:
    """The incident a dedup key of ours is about; None for a key of somebody else's."""
    found = re.fullmatch(r"tocsin-INC-([1-9][0-9]{0,17})-[0-9a-f]{16}", key)
    return int(found[1]) if found else None


def opened_alerts(
    incident: Incident, page_plan: PagePlan, dedup_keys: Mapping[PageAttempt, str]
) -> tuple[VendorAlert, ...]:
    """The incident's alerts with what these calls open: one for each method, severity and own service."""
    alerts = {(a.method, a.severity, a.contact): a for a in incident.live_alerts}
    for call in page_plan.attempts:
        if call.method not in VENDOR_TRACKED:
            continue
        own = call.person.key if call.method == "pagerduty" and call.person.pagerduty else None
        place = (call.method, incident.severity, own)
        before = alerts[place].triggers if place in alerts else ()
        alerts[place] = VendorAlert(*place, triggers=(*before, dedup_keys[call]))
    return tuple(alerts.values())


def replace_mentions(text: str, policy: Policy) -> str:
    """House text for readers outside Slack: a mention becomes a contact's name."""

    def name(match: re.Match[str]) -> str:
        person = person_by_address(match[1], policy)
        return person.name if person.key in policy.contacts else "somebody"

    return MENTION.sub(name, text)


def person_in_payload(payload: Mapping[str, Any], policy: Policy) -> Person:
    """The person a page's payload is for, with the addresses the policy gives them."""
    contact = payload.get("contact")
    return person_by_address(str(contact or payload["person"]), policy)


def not_needed_because(incident: Incident, unless: str) -> str | None:
    """Why a page is not wanted any more; None while it is."""
    if not incident.open:
        return f"the incident was {incident.status} before it could be sent"
    if unless == "acknowledged" and incident.ladder.acknowledged_at is not None:
        return "acknowledged before it could be sent"
    if unless == "mitigated" and incident.ladder.mitigated_at is not None:
        return "mitigated before it could be sent"
    return None


def unless_for(incident: Incident, until: str) -> str:
    """What makes a page of this rung needless. One that was asked for after that was reached goes out all the same."""
    return "resolved" if not_needed_because(incident, until) else until
