"""Resolves an audience to the exact recipients of a message, and says who is left out and why."""

from __future__ import annotations

from collections.abc import Collection

from bot.domain.communications.communication import ExcludedRecipient, Group, Reach, Recipient
from bot.domain.communications.stages import BRIEFING
from bot.domain.incident import Incident
from bot.domain.paging.context import PagingContext
from bot.domain.paging.people import Person, person_by_address, person_of
from bot.domain.paging.recipients import recipients_of
from bot.domain.policy.policy import Audience, Policy
from bot.domain.values.slack_ids import is_user_id
from bot.domain.values.target import Target, TargetKind

NOT_SET_UP = {"email": "SMTP_URL and MAIL_FROM are not set", "webhook": "WEBHOOK_URL is not set"}


def reach(audience: Audience, incident: Incident, context: PagingContext, inside: Collection[str] | None) -> Reach:
    """The recipients of a message to this audience now.

    `inside` has the Slack IDs of those who may see a private incident; None where everybody may. Of a private incident
    nobody else is told by Slack or mail, unless the audience is public: then a person wrote a text for it.
    """
    collector = _RecipientCollector(audience, context, None if audience.public else inside)
    resolved = recipients_of(_targets(audience, context.policy), incident, context)
    for channel in resolved.channels:
        collector.add_channel(channel)
    people = {person_by_address(name, context.policy).key: name for name in (*resolved.contacts, *resolved.people)}
    for key in people.values():
        contact = context.policy.contacts.get(key)
        collector.add_person(person_of(contact) if contact else person_by_address(key, context.policy))
    for address in audience.emails:
        collector.add_mail(address, "")
    if "webhook" in audience.by:
        collector.add_webhook()
    for gap in resolved.gaps:
        collector.left_out.append(ExcludedRecipient(gap, "nobody to reach"))
    return collector.result()


def _targets(audience: Audience, policy: Policy) -> tuple[Target, ...]:
    """The audience's own; for a briefing without any, the policy's executives."""
    if audience.notify or set(audience.stages) != {BRIEFING}:
        return audience.notify
    return tuple(Target(TargetKind.CONTACT, key) for key in policy.executives)


class _RecipientCollector:
    """Collects recipients, each address once."""

    def __init__(self, audience: Audience, context: PagingContext, inside: Collection[str] | None) -> None:
        self._by, self._context, self._inside = audience.by, context, inside
        self._recipients: dict[tuple[Group, str], Recipient] = {}
        self.left_out: list[ExcludedRecipient] = []

    def add_channel(self, channel: str) -> None:
        if self._inside is not None:
            self.left_out.append(ExcludedRecipient(channel, "the incident is private"))
            return
        self._add(Recipient(Group.CHANNEL, channel))

    def add_person(self, person: Person) -> None:
        """Add a person by every method of the audience that reaches them."""
        name = person.name
        if self._inside is not None and person.slack not in self._inside:
            self.left_out.append(ExcludedRecipient(name, "the incident is private, and they are not in its channel"))
            return
        results = [self._recipient_or_reason(person, method) for method in self._by]
        reached = [candidate for candidate in results if isinstance(candidate, Recipient)]
        for candidate in reached:
            self._add(candidate)
        if not reached:
            reasons = [candidate for candidate in results if isinstance(candidate, str)]
            self.left_out.append(ExcludedRecipient(name, "; ".join(dict.fromkeys(reasons)) or "no method reaches them"))

    def add_mail(self, address: str, name: str) -> None:
        if self._inside is not None:
            self.left_out.append(ExcludedRecipient(address, "the incident is private"))
        elif "email" in self._context.methods:
            self._add(Recipient(Group.EMAIL, address, name))
        else:
            self.left_out.append(ExcludedRecipient(address, NOT_SET_UP["email"]))

    def add_webhook(self) -> None:
        if self._inside is not None:
            self.left_out.append(ExcludedRecipient("the webhook", "the incident is private"))
        elif "webhook" in self._context.methods:
            self._add(Recipient(Group.WEBHOOK, ""))
        else:
            self.left_out.append(ExcludedRecipient("the webhook", NOT_SET_UP["webhook"]))

    def result(self) -> Reach:
        return Reach(tuple(self._recipients.values()), tuple(dict.fromkeys(self.left_out)))

    def _recipient_or_reason(self, person: Person, method: str) -> Recipient | str:
        """The recipient by this method, or the reason why it does not reach the person."""
        if method == "slack":
            if person.problem or self._context.directory.problem(person.slack):
                return self._context.directory.problem(person.slack) or person.problem
            return _in_slack(person)
        if method == "email":
            if "email" not in self._context.methods:
                return NOT_SET_UP["email"]
            if person.email is None:
                return "no e-mail address in the policy"
            return Recipient(Group.EMAIL, person.email, person.name)
        return f"{method} is for pages" if method != "webhook" else "the webhook reaches no person"

    def _add(self, recipient: Recipient) -> None:
        key = (recipient.group, recipient.address.lower())
        self._recipients.setdefault(key, recipient)


def _in_slack(person: Person) -> Recipient | str:
    if person.slack is None:
        return "no Slack account in the policy"
    name = "" if is_user_id(person.slack) and person.name.startswith("<@") else person.name
    return Recipient(Group.DIRECT, person.slack, name)
