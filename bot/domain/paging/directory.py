"""Holds the known Slack IDs of people whom the policy names, and whom Slack does not reach."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from bot.domain.oncall.schedule import OnCall
from bot.domain.policy.policy import Contact, Policy
from bot.domain.values.slack_ids import is_user_id


@dataclass(frozen=True, slots=True)
class Directory:
    """Slack IDs by e-mail address, and people whom Slack does not reach. Each person has one Slack ID."""

    users: Mapping[str, str] = field(default_factory=dict)  # e-mail address in small letters → Slack ID
    unreachable: Mapping[str, str] = field(default_factory=dict)  # Slack ID, or address in small letters → why

    def user(self, name: str) -> str:
        """The Slack ID of an e-mail address, if it is known; any other name as it is."""
        return self.users.get(name.lower(), name) if "@" in name else name

    def problem(self, name: str | None) -> str:
        """Why Slack does not reach this Slack ID or address; empty if no problem is known."""
        if name is None:
            return ""
        return self.unreachable.get(self.user(name)) or self.unreachable.get(name.lower(), "")

    def with_contacts(self, policy: Policy) -> Directory:
        """This directory, together with the e-mail addresses of contacts whose Slack ID is in the policy."""
        own = {
            c.email.lower(): c.slack for c in policy.contacts.values() if c.email and c.slack and is_user_id(c.slack)
        }
        return replace(self, users={**own, **self.users})

    def with_users(self, policy: Policy) -> Policy:
        """The policy with the Slack ID of each contact, if it is known."""
        contacts = {key: replace(contact, slack=self._slack(contact)) for key, contact in policy.contacts.items()}
        return replace(policy, contacts=contacts)

    def _slack(self, contact: Contact) -> str | None:
        users = [self.user(address) for address in (contact.slack, contact.email) if address]
        return next(filter(is_user_id, users), contact.slack)

    def calendar(self, on_call: OnCall) -> OnCall:
        """The function that tells who is on call, with each address replaced by its Slack ID if that is known."""
        return lambda schedule, at: tuple(dict.fromkeys(self.user(member) for member in on_call(schedule, at)))
