"""Defines the record that a review is drafted from: the timeline of an incident, indexed once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property

from bot.domain.actions.item import ActionItem
from bot.domain.incident import Incident
from bot.domain.policy.policy import Policy
from bot.domain.review.document import Cite, MergedEntry
from bot.domain.timeline.entry import BOT, Entry, RecordedEntry, is_message
from bot.domain.values import durations
from bot.domain.values.slack_ids import is_user_id, user_mention

ANSWER = "answer"  # the kind of an entry in which a participant answers a question
AFTERWARDS = frozenset({ANSWER, "review"})  # kinds of entries about the review itself
SHOWN = 400  # characters of an entry's text in a sentence


@dataclass
class Record:
    """An incident with its whole timeline in the order of time, its policy and its action items."""

    incident: Incident
    entries: Sequence[RecordedEntry]
    policy: Policy
    actions: Sequence[ActionItem] = ()
    merged: Sequence[Record] = ()  # of the incidents that were merged into it
    readers: frozenset[str] | None = None  # the people who may see a private incident; None: everybody

    @cached_property
    def by_kind(self) -> dict[str, list[RecordedEntry]]:
        """The entries of each kind that were not erased, in the order of time."""
        kinds: dict[str, list[RecordedEntry]] = {}
        for record in self.entries:
            if not record.purged and not record.deleted:
                kinds.setdefault(record.entry.kind, []).append(record)
        return kinds

    def of(self, *kinds: str) -> list[RecordedEntry]:
        """The entries of these kinds, in the order of time."""
        records = [record for kind in kinds for record in self.by_kind.get(kind, ())]
        return records if len(kinds) == 1 else sorted(records, key=lambda record: (record.entry.at, record.seq))

    def first(self, kind: str) -> RecordedEntry | None:
        """The first entry of this kind."""
        return next(iter(self.by_kind.get(kind, ())), None)

    def last(self, kind: str) -> RecordedEntry | None:
        """The last entry of this kind."""
        return next(reversed(self.by_kind.get(kind, [])), None)

    @cached_property
    def declared(self) -> RecordedEntry | None:
        """The entry of the declaration."""
        return self.first("declared")

    @cached_property
    def answered_questions(self) -> frozenset[str]:
        """The keys of the questions that somebody has answered."""
        return frozenset(str(record.entry.data.get("question")) for record in self.of(ANSWER))

    @cached_property
    def participants(self) -> tuple[str, ...]:
        """The Slack IDs of the people who acted, wrote or were paged, the busiest first."""
        counts: dict[str, int] = {}
        for record in self.entries:
            if is_user_id(record.entry.actor) and not record.entry.data.get("bot") and record.entry.kind != "left":
                counts[record.entry.actor] = counts.get(record.entry.actor, 0) + 1
        for rung in self.incident.ladder.pages:
            for person in filter(is_user_id, rung.people):
                counts.setdefault(person, 0)
        own = sorted(counts, key=lambda person: -counts[person])
        merged_participants = [person for record in self.merged for person in record.participants]
        return tuple(
            dict.fromkeys([*own, *(p for p in merged_participants if self.readers is None or p in self.readers)])
        )

    @cached_property
    def all_entries(self) -> Sequence[RecordedEntry]:
        """The entries of the incident and of those merged into it, in the order of time."""
        if not self.merged:
            return self.entries
        records = [*self.entries, *(recorded for record in self.merged for recorded in record.entries)]
        return sorted(records, key=lambda recorded: (recorded.entry.at, recorded.incident, recorded.seq))

    def cite(self, recorded: RecordedEntry) -> Cite:
        """The citation of an entry of the incident, or of one merged into it."""
        is_own = recorded.incident == self.incident.number
        return recorded.seq if is_own else MergedEntry(recorded.incident, recorded.seq)

    def leader(self, *roles: str) -> str | None:
        """The person who can answer: the holder of the first of these roles, else the facilitator of the review."""
        holders = self.incident.roles
        role_holders = [holders.get(role) for role in (*roles, "commander")]
        fallbacks = (self.incident.resolved_by, self.incident.declared_by, *self.participants)
        return next((person for person in (*role_holders, *fallbacks) if person and is_user_id(person)), None)

    def clock(self, at: datetime) -> str:
        """An instant in words: `30 Nov 2026 02:47 UTC`, with the policy's local time where that differs."""
        utc = at.astimezone(UTC)
        text = f"{utc:%-d %b %Y %H:%M} UTC"
        local = at.astimezone(self.policy.zone)
        return text if local.utcoffset() == timedelta() else f"{text} ({local:%H:%M} {local.tzname()})"

    def since_detection(self, at: datetime) -> str:
        """The time from the detection to an instant, as text."""
        return durations.approximate(max(timedelta(), at - self.incident.detected_at))


def author_text(entry: Entry) -> str:
    """The author of an entry, for a sentence."""
    if entry.actor == BOT:
        return "Tocsin"
    return user_mention(entry.actor) if is_user_id(entry.actor) else str(entry.data.get("name") or entry.actor)


def entry_text(record: RecordedEntry) -> str:
    """The text of an entry on one line, cut to what a sentence holds."""
    text = " ".join(record.current_text.split())
    return text if len(text) <= SHOWN else text[: SHOWN - 1].rstrip() + "…"


def is_chatter(record: RecordedEntry) -> bool:
    """Whether it is a message that nobody marked as key."""
    return is_message(record.entry) and not record.key
