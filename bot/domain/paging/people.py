"""Finds the person behind a contact key, Slack ID or e-mail address, and the methods that reach them."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from bot.domain.policy.policy import Contact, PersonalMethod, Policy
from bot.domain.values.slack_ids import MENTION, user_mention

# The field of a contact that a method needs. The other methods reach the recipients in the operator's settings.
REQUIRED_FIELD = {"slack": "slack", "email": "email", "sms": "phone", "phone": "phone", "push": "push"}
# In the order in which they replace one another. The telephone rings only where the policy says so.
FALLBACK_METHODS = ("sms", "push", "email", "slack")


@dataclass(frozen=True, slots=True)
class Person:
    """A person whom the bot can page."""

    key: str  # of the contact; else the Slack ID or e-mail address
    name: str  # the contact's name; else a mention or the address
    slack: str | None = None  # Slack user ID, or the e-mail address they use there
    email: str | None = None
    phone: str | None = None
    pagerduty: str | None = field(default=None, repr=False)  # a routing key of their own: a secret
    push: str | None = field(default=None, repr=False)  # an address of apprise, or `env:NAME`: a secret
    methods: tuple[PersonalMethod, ...] = ()  # how they want to be paged, one after the other
    problem: str = ""  # why Slack does not reach them, where that is known

    def reachable_by(self, method: str) -> bool:
        """Whether the person has the address that the method needs; for Slack, also an account behind it."""
        required = REQUIRED_FIELD.get(method)
        return required is None or (getattr(self, required) is not None and not (method == "slack" and self.problem))


def next_method(person: Person, by: Sequence[str], used: Collection[str], configured: Collection[str]) -> str | None:
    """The next unused method that reaches the person: the rung's own first, then any other; None without one."""
    for method in dict.fromkeys((*by, *FALLBACK_METHODS)):
        available = method == "slack" or method in configured
        if available and method not in used and person.reachable_by(method):
            return method
    return None


def person_by_address(address: str, policy: Policy) -> Person:
    """The person with this contact key, Slack ID or e-mail address. Without a contact, only the address is known."""
    if address in policy.contacts:
        return person_of(policy.contacts[address])
    for contact in policy.contacts.values():
        if address.lower() in (str(own).lower() for own in (contact.slack, contact.email) if own):
            return person_of(contact)
    if "@" in address:
        return Person(address, address, slack=address, email=address)
    return Person(address, user_mention(address), slack=address)


def person_by_name(name: str, policy: Policy) -> Person | None:
    """The contact of this name, in any case; None if no contact or several have it."""
    folded = " ".join(name.split()).casefold()
    namesakes = [c for c in policy.contacts.values() if c.name and " ".join(c.name.split()).casefold() == folded]
    return person_of(namesakes[0]) if len(namesakes) == 1 else None


def replace_mentions(text: str, policy: Policy) -> str:
    """Text for readers outside Slack: each mention becomes a contact's name, or `somebody`."""

    def name(match: re.Match[str]) -> str:
        person = person_by_address(match[1], policy)
        return person.name if person.key in policy.contacts else "somebody"

    return MENTION.sub(name, text)


def person_of(contact: Contact) -> Person:
    """The person behind a contact."""
    return Person(
        contact.key,
        contact.name or contact.key,
        contact.slack or contact.email,  # Slack finds people by e-mail address too
        contact.email,
        contact.phone,
        contact.pagerduty,
        contact.push,
        contact.methods,
    )
