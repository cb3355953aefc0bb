"""Turns people and teams into contacts and teams of the policy, matched to Slack by their e-mail addresses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any

from bot.importers.account import Person, Team
from bot.importers.compose.draft import Draft
from bot.importers.keys import Keys
from bot.importers.yaml_text import span
from bot.policy.models.people import Contact

_RESERVED = {"nobody"}
_CANDIDATES = 3
_OWN_METHODS = "methods" in Contact.model_fields  # whether the policy knows them
_NOWHERE = "unmatched.invalid"  # a domain that nobody can have
_MIN_SIMILARITY = 0.6  # of 1: from here on a name is worth showing


@dataclass(frozen=True, slots=True)
class Member:
    """A member of the Slack workspace."""

    id: str
    name: str
    email: str = ""


@dataclass(slots=True)
class Directory:
    """The members of the Slack workspace; empty where Slack was not asked."""

    members: tuple[Member, ...] = ()
    _by_mail: dict[str, Member] = field(default_factory=dict)

    @classmethod
    def of(cls, members: Iterable[Member]) -> Directory:
        """A directory of these members."""
        workspace_members = tuple(members)
        return cls(workspace_members, {member.email.lower(): member for member in workspace_members if member.email})

    def find(self, email: str) -> Member | None:
        """The member with this address."""
        return self._by_mail.get(email.lower())

    def candidates(self, person: Person) -> list[Member]:
        """The members whose names or addresses are most similar to the person's, best first."""
        name, local = person.origin.name.lower(), person.email.partition("@")[0]
        matches = [
            (max(_similarity(name, member.name.lower()), _similarity(local, member.email.partition("@")[0])), member)
            for member in self.members
        ]
        best = sorted(
            (match for match in matches if match[0] >= _MIN_SIMILARITY), key=lambda match: (-match[0], match[1].id)
        )
        return [member for _, member in best[:_CANDIDATES]]


def _similarity(name: str, other: str) -> float:
    if not name or not other:
        return 0.0
    matcher = SequenceMatcher(None, name, other)
    return matcher.ratio() if matcher.quick_ratio() >= _MIN_SIMILARITY else 0.0


def add_people(draft: Draft, directory: Directory) -> None:
    """Add a contact for each person. A contact of the policy with the same address is the person."""
    keys = draft.keys("teams")
    keys.taken |= _RESERVED
    by_address, used_keys = _addresses(draft.existing("contacts")), set[str]()
    for person in sorted(draft.account.people, key=lambda person: person.origin.id):
        key = by_address.get(person.email.lower()) if person.email else None
        if key is None or key in used_keys:
            key = _own_key(draft, keys, person)
        used_keys.add(key)
        draft.people[person.origin.id] = key
        _match(person, directory)
        draft.add("contacts", key, _contact(person, key), person, moved=True)


def _own_key(draft: Draft, keys: Keys, person: Person) -> str:
    """The key that an earlier import gave the person, or a new one."""
    contacts = draft.existing("contacts")
    while True:
        key = keys.give(person.origin.name or person.email.partition("@")[0], f"user-{person.origin.id}")
        contact = contacts.get(key)
        if contact is None or _is_same_person(person, contact):
            return key


def _is_same_person(person: Person, contact: Any) -> bool:
    """Whether a contact without an address, or with the person's, is the person, by the name."""
    if not isinstance(contact, Mapping) or (contact.get("name") or "") != person.origin.name:
        return False
    addresses = [str(contact.get(setting) or "") for setting in ("email", "slack")]
    other_addresses = {address.lower() for address in addresses if "@" in address} - {person.email.lower()}
    return not (person.email and other_addresses)


def _addresses(contacts: Mapping[str, Any]) -> dict[str, str]:
    """The keys of the policy's contacts by their addresses in lower case."""
    keys_by_address: dict[str, str] = {}
    for key, contact in contacts.items():
        for setting in ("email", "slack"):
            address = contact.get(setting) if isinstance(contact, Mapping) else None
            if isinstance(address, str) and "@" in address:
                keys_by_address.setdefault(address.lower(), str(key))
    return keys_by_address


def _match(person: Person, directory: Directory) -> None:
    if not person.email and not person.slack:
        person.note(
            "There is no e-mail address, so nobody in Slack can be matched",
            _suggestion(directory.candidates(person)) or "Write the member ID to the contact's `slack`.",
        )
    elif person.email and directory.members and directory.find(person.email) is None:
        person.note(
            f"Nobody in Slack has the address {person.email}",
            _suggestion(directory.candidates(person))
            or "Write the member ID to the contact's `slack`, or invite them.",
        )
    if person.gone:
        person.note("The account is blocked or deactivated in the source", "If they left, take them out of `members`.")


def _suggestion(members: list[Member]) -> str:
    if not members:
        return ""
    members_text = ", ".join(
        f"{member.name} ({member.id}{', ' + member.email if member.email else ''})" for member in members
    )
    return f"Write the member ID to the contact's `slack`. Nearest in Slack: {members_text}"


def _contact(person: Person, key: str) -> dict[str, Any]:
    """The contact's settings. `slack` is the e-mail address, which the bot looks up; without one, a placeholder."""
    contact: dict[str, Any] = {}
    if person.origin.name:
        contact["name"] = person.origin.name
    if person.slack or person.email:
        contact["slack"] = person.slack or person.email
    if person.email:
        contact["email"] = person.email
    if person.phone:
        contact["phone"] = person.phone
    if methods := _methods(person):
        contact["methods"] = methods
    if not {"slack", "email", "phone"} & set(contact):
        contact["slack"] = f"{key}@{_NOWHERE}"
    return contact


def _methods(person: Person) -> list[dict[str, Any]]:
    """The person's own methods by delay, without those whose number or address is missing."""
    methods: list[dict[str, Any]] = []
    if not _OWN_METHODS:
        for step in person.steps:
            step.note(
                "Rungs say how people are reached, not the people themselves", "Look at `by` of the rungs.", lost=True
            )
        return methods
    for step in sorted(person.steps, key=lambda step: step.after):
        missing = {"sms": not person.phone, "phone": not person.phone, "email": not person.email}.get(
            step.method, False
        )
        if missing:
            step.note(
                f"There is no number or address to reach {person.origin.name} by {step.method}",
                "Write it to the contact, and the step to its `methods`.",
                lost=True,
            )
        else:
            methods.append({"by": step.method, "after": span(step.after)})
    return methods


def add_teams(draft: Draft) -> None:
    """Add the teams. The members of a team within a team belong to both."""
    keys = draft.keys("contacts")
    keys.taken |= _RESERVED | set(draft.people.values())
    teams = {team.origin.id: team for team in draft.account.teams}
    for team in sorted(draft.account.teams, key=lambda team: team.origin.id):
        members = _people_of(team, teams, draft)
        draft.team_people[team.origin.id] = tuple(members)
        if not members:
            team.note("Nobody is in it", "Add members in the source, or write the team by hand.", lost=True)
            continue
        key = keys.give(team.origin.name, f"team-{team.origin.id}")
        draft.teams[team.origin.id] = key
        draft.add("teams", key, {"name": team.origin.name, "members": members}, team)


def _people_of(team: Team, teams: Mapping[str, Team], draft: Draft) -> list[str]:
    """The contacts of a team and of the teams in it, each once; teams may contain each other."""
    members: dict[str, None] = {}
    visited, waiting = {team.origin.id}, [team]
    while waiting:
        current = waiting.pop(0)
        for person in current.members:
            if person in draft.people:
                members.setdefault(draft.people[person])
            else:
                team.note(f"Its member {person} is not among the users of the source", "")
        for nested in current.nested:
            if nested in teams and nested not in visited:
                visited.add(nested)
                waiting.append(teams[nested])
    if team.nested:
        team.note("It has teams in it; here their people belong to it directly", "")
    return list(members)
