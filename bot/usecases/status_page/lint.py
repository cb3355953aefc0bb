"""Keeps secrets and the titles of private incidents off the status page."""

from __future__ import annotations

from bot.domain.communications.leaks import Confidential, Finding, find, leaks_in
from bot.domain.errors import Refused
from bot.domain.incident import Incident
from bot.domain.policy.policy import Policy


def require_publishable(texts: tuple[str | None, ...], incident: Incident | None) -> None:
    """Raise `Refused` for a text that must not be published. Other findings of the lint are left to a person."""
    joined = "\n".join(text for text in texts if text)
    blocking = [finding.sentence for finding in leaks_in(joined) if finding.blocks]
    if blocking:
        raise Refused(f"This cannot go on the status page. {'. '.join(blocking)}.")
    title = " ".join(incident.title.split()).lower() if incident is not None and incident.private else ""
    if title and title in " ".join(joined.split()).lower():
        raise Refused("The incident is private: give the publication a title of its own, in customers' words.")


def findings_of(policy: Policy, title: str, impact: str, message: str, *, over: bool) -> list[Finding]:
    """The findings that a person should look at before publishing."""
    rules = policy.communications
    people = tuple(dict.fromkeys(contact.name for contact in policy.contacts.values() if contact.name))
    confidential = Confidential(people, rules.customers, rules.hosts, policy.status_page.url or "")
    return find("\n".join((title, impact, message)), confidential, more_to_come=not over)
