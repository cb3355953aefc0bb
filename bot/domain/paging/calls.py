"""Plans which person is paged by which method (Slack, PagerDuty, e-mail, SMS, webhook).

A plan uses only methods that are set up and for which the person has an address.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.domain.incident import Incident, VendorAlert
from bot.domain.paging.recipients import Recipients
from bot.domain.policy.policy import Contact, Policy, Until
from bot.domain.values.slack_ids import MENTION, user_mention

# The field of a contact that a method needs. The other methods reach the recipients in the operator's settings.
REQUIRED_FIELD = {"slack": "slack", "email": "email", "sms": "phone"}
FALLBACK_METHODS = ("sms", "email", "slack")  # in the order in which they replace one another
VENDOR_TRACKED = ("pagerduty", "webhook")  # an alert opened there is acknowledged and resolved there as well
LABELS = {"slack": "Slack", "pagerduty": "PagerDuty", "email": "e-mail", "sms": "SMS", "webhook": "webhook"}

_DEDUP_KEY = re.compile(r"tocsin-INC-([1-9][0-9]{0,17})-[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class Person:
    """A person to reach."""

    key: str  # of the contact; else the Slack ID or e-mail address
    name: str  # the contact's name; else a mention or the address
    slack: str | None = None  # Slack user ID, or the e-mail address they use there
    email: str | None = None
    phone: str | None = None
    pagerduty: str | None = field(default=None, repr=False)  # a routing key of their own: a secret

    def reachable_by(self, method: str) -> bool:
        """Whether the person has the address that the method needs."""
        required = REQUIRED_FIELD.get(method)
        return required is None or getattr(self, required) is not None


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


# --- planning ---------------------------------------------------------------------------------------------------------


def plan_pages(recipients: Recipients, by: Sequence[str], policy: Policy, configured: Collection[str]) -> PagePlan:
    """Plan a page of each person by each method of the rung, or by another method if none of those reaches them."""
    attempts: list[PageAttempt] = []
    gaps: dict[str, None] = {}
    for person in people_of(recipients, policy):
        methods: list[str] = []
        for method in by:
            if method != "slack" and method not in configured:
                gaps[f"{label(method)} is not set up"] = None
            elif not person.reachable_by(method):
                gaps[f"{person.name} has no {REQUIRED_FIELD[method]} for {label(method)}"] = None
            else:
                methods.append(method)
        if not methods and (fallback := next_method(person, by, (), configured)):
            methods.append(fallback)
        attempts += [PageAttempt(person, method) for method in methods]
    return PagePlan(tuple(attempts), tuple(gaps))


def next_method(person: Person, by: Sequence[str], used: Collection[str], configured: Collection[str]) -> str | None:
    """The next unused method that reaches the person: the rung's own first, then any other; None without one."""
    for method in dict.fromkeys((*by, *FALLBACK_METHODS)):
        available = method == "slack" or method in configured
        if available and method not in used and person.reachable_by(method):
            return method
    return None


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
        place = (attempt.method, incident.severity, attempt.person.key if own_service else None)
        triggers = alerts[place].triggers if place in alerts else ()
        alerts[place] = VendorAlert(*place, triggers=(*triggers, dedup_keys[attempt]))
    return tuple(alerts.values())


# --- people -----------------------------------------------------------------------------------------------------------


def people_of(recipients: Recipients, policy: Policy) -> list[Person]:
    """Contacts first, then people known by their Slack ID or address alone, each once.

    A contact whose Slack address is not among `people` was left out, because they respond already.
    """
    people: dict[str, Person] = {}
    for key in recipients.contacts:
        contact = policy.contacts.get(key)
        if contact is None:
            continue
        address = contact.slack or contact.email
        if address is None or address in recipients.people:
            people[key] = _from_contact(contact)
    for address in recipients.people:
        person = person_by_address(address, policy)
        people.setdefault(person.key, person)
    return list(people.values())


def person_by_address(address: str, policy: Policy) -> Person:
    """The person with this contact key, Slack ID or e-mail address; without a contact, the address is all there is."""
    if address in policy.contacts:
        return _from_contact(policy.contacts[address])
    for contact in policy.contacts.values():
        if address in (contact.slack, contact.email):
            return _from_contact(contact)
    if "@" in address:
        return Person(address, address, slack=address, email=address)
    return Person(address, user_mention(address), slack=address)


def person_by_name(name: str, policy: Policy) -> Person | None:
    """The contact of this name, in any case; None where no contact or several have it."""
    folded = " ".join(name.split()).casefold()
    namesakes = [c for c in policy.contacts.values() if c.name and " ".join(c.name.split()).casefold() == folded]
    return _from_contact(namesakes[0]) if len(namesakes) == 1 else None


def person_in_payload(payload: Mapping[str, Any], policy: Policy) -> Person:
    """The person whom a page's payload is for, with their addresses from the policy."""
    contact = payload.get("contact")
    return person_by_address(str(contact or payload["person"]), policy)


def replace_mentions(text: str, policy: Policy) -> str:
    """Text for readers outside Slack: each mention becomes a contact's name, or `somebody`."""

    def name(match: re.Match[str]) -> str:
        person = person_by_address(match[1], policy)
        return person.name if person.key in policy.contacts else "somebody"

    return MENTION.sub(name, text)


def _from_contact(contact: Contact) -> Person:
    return Person(
        contact.key,
        contact.name or contact.key,
        contact.slack or contact.email,  # Slack finds people by e-mail address too
        contact.email,
        contact.phone,
        contact.pagerduty,
    )


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
    """Why a page that waits to be sent is not needed any more; None while it is. `unless` is one of `Until`."""
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
