"""Resolves the targets of a rung (step of the ladder), such as `schedule:primary`, to people, channels and contacts.

It says why a target reaches nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from bot.domain.incident import Incident
from bot.domain.oncall.schedule import is_unreachable
from bot.domain.paging.context import PagingContext
from bot.domain.policy.policy import Policy
from bot.domain.values.slack_ids import user_mention
from bot.domain.values.target import Target, TargetKind


@dataclass(frozen=True, slots=True)
class Recipients:
    """The people and channels that a rung reaches."""

    people: tuple[str, ...] = ()  # Slack user IDs or e-mail addresses
    channels: tuple[str, ...] = ()  # names or IDs
    contacts: tuple[str, ...] = ()  # keys of contacts, for notifiers other than Slack
    gaps: tuple[str, ...] = ()  # why a target reached nobody, in words
    turns: tuple[str, ...] = ()  # teams of which one member is paged in turn

    @property
    def empty(self) -> bool:
        """Whether no person and no channel is reached."""
        return not (self.people or self.channels or self.contacts)


def recipients_of(targets: Iterable[Target], incident: Incident, context: PagingContext) -> Recipients:
    """Resolve targets in order, each person once, by their Slack ID where it is known."""
    return recipients_with_roles(targets, incident.roles, context)


def recipients_with_roles(targets: Iterable[Target], roles: Mapping[str, str], context: PagingContext) -> Recipients:
    """The same where there is no incident, such as for alerts; `roles` has the holder of each role."""
    resolution = _Resolution(roles, context)
    adding: dict[TargetKind, Callable[[str], None]] = {
        TargetKind.USER: lambda name: resolution.people.update({context.directory.user(name): None}),
        TargetKind.CHANNEL: lambda name: resolution.channels.update({name: None}),
        TargetKind.ROLE: resolution.add_role,
        TargetKind.CONTACT: resolution.add_contact,
        TargetKind.SCHEDULE: resolution.add_schedule,
        TargetKind.NEXT: resolution.add_next,
        TargetKind.ALL: resolution.add_everybody,
        TargetKind.TEAM: resolution.add_team,
        TargetKind.TURN: resolution.add_turn,
    }
    for target in targets:
        if target.kind in adding:
            adding[target.kind](target.name)
    return resolution.recipients()


@dataclass(slots=True)
class _Resolution:
    """Collects the recipients of targets, each once and in order."""

    roles: Mapping[str, str]
    context: PagingContext
    people: dict[str, None] = field(default_factory=dict)
    channels: dict[str, None] = field(default_factory=dict)
    contacts: dict[str, None] = field(default_factory=dict)
    gaps: list[str] = field(default_factory=list)
    turns: list[str] = field(default_factory=list)

    def add_role(self, name: str) -> None:
        """Add the role's holder; else the contact of that name; else the holder of its backup role, and so on."""
        tried: dict[str, None] = {}
        role: str | None = name
        while role is not None and role not in tried:
            tried[role] = None
            if holder := self.roles.get(role):
                self.people[holder] = None
                return
            if role in self.context.policy.contacts:
                self.add_contact(role)
                return
            role = next((candidate.backup for candidate in self.context.policy.roles if candidate.key == role), None)
        backups = f", nor its backup {', '.join(list(tried)[1:])}" if len(tried) > 1 else ""
        self.gaps.append(f"nobody holds the role {name}{backups}")

    def add_contact(self, key: str) -> None:
        contact = self.context.policy.contacts.get(key)
        if contact is None:
            self.gaps.append(f"the policy has no contact {key}")
            return
        self.contacts[key] = None
        if address := contact.slack or contact.email:
            self.people[address] = None

    def add_schedule(self, name: str) -> None:
        members = self.context.on_call(name, self.context.now)
        if name not in self.context.policy.schedules and not members:
            self.gaps.append(f"the policy has no schedule {name}")
        elif not members:
            self.gaps.append(f"nobody is on call on {name} now")
        for member in members:
            self.add_member(member, f"is on call on {name}")

    def add_team(self, name: str) -> None:
        """Add all members of the team, or the people on call on its schedule if it has no members."""
        team = self.context.policy.teams.get(name)
        if team is None:
            self.gaps.append(f"the policy has no team {name}")
        elif not team.members and team.schedule is not None:
            self.add_schedule(team.schedule)
        else:
            for member in team.members:
                self.add_member(member, f"is in the team {name}")

    def add_turn(self, name: str) -> None:
        """Add the member of the team whose turn it is."""
        team = self.context.policy.teams.get(name)
        if team is None or not team.members:
            self.gaps.append(f"the policy has no team {name} with members")
            return
        self.turns.append(name)
        member = team.members[self.context.turns.get(name, 0) % len(team.members)]
        self.add_member(member, f"has the turn in the team {name}")

    def add_next(self, name: str) -> None:
        """Add the people who are on call next on the schedule."""
        members = self.context.next_on_call(name, self.context.now)
        if not members:
            self.gaps.append(f"nobody is on call next on {name}")
        for member in members:
            self.add_member(member, f"is on call next on {name}")

    def add_everybody(self, name: str) -> None:
        """Add everybody who is ever on call on the schedule."""
        schedule = self.context.policy.schedules.get(name)
        if schedule is None or not schedule.member_names:
            self.gaps.append(f"nobody is listed on the schedule {name}")
            return
        for member in schedule.member_names:
            self.add_member(member, f"is on the schedule {name}")

    def add_member(self, member: str, why: str) -> None:
        """Add a contact, or a person known by Slack ID or address. `why`: what the policy says of them."""
        if member in self.context.policy.contacts:
            self.add_contact(member)
        elif is_unreachable(member, self.context.policy):
            self.gaps.append(f"{member} {why}, and the policy has no such contact")
        else:
            self.people[self.context.directory.user(member)] = None

    def recipients(self) -> Recipients:
        return Recipients(
            tuple(self.people), tuple(self.channels), tuple(self.contacts), tuple(self.gaps), tuple(self.turns)
        )


def recipient_name(person: str, policy: Policy) -> str:
    """A Slack ID as a mention; an e-mail address as the name of the contact who has it."""
    if "@" not in person:
        return user_mention(person)
    contact = next((c for c in policy.contacts.values() if person in (c.slack, c.email)), None)
    return contact.name if contact and contact.name else person
