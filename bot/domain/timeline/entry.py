"""Defines a timeline entry (what happened, who did it, when) and its hash.

Entries are only ever appended. Each hash covers the previous entry's hash, so that they form a chain.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from bot.domain.values.slack_ids import ids_in, is_author_id

BOT = "tocsin"  # the actor of what the bot does itself

KEY_KINDS = frozenset(
    {
        "declared", "acknowledged", "status", "severity", "role", "handover", "update", "note", "page", "escalated",
        "resolved", "closed", "cancelled", "reopened", "merged", "alert", "sent", "impact", "policy", "redacted",
        "channel_lost", "channel_back", "action", "review", "times", "communication", "related", "tag",
    }
)  # fmt: skip
GENESIS = "0" * 64
_canonical = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened in an incident."""

    at: datetime  # aware
    kind: str
    actor: str  # Slack user ID, bot ID or `BOT`
    text: str = ""
    source_ts: str | None = None  # `ts` of the Slack message it is about
    data: dict[str, Any] = field(default_factory=dict)  # what rendering needs besides the text: values, IDs, links
    dedup_key: str | None = None  # unique within an incident; a second entry with it is ignored
    key: bool = False  # whether it is one of the important entries

    def __post_init__(self) -> None:
        if self.at.tzinfo is None:
            raise ValueError("a timeline entry needs an aware datetime")


def entry(at: datetime, kind: str, actor: str, text: str = "", **data: Any) -> Entry:
    """An entry about the incident itself, which is key if its kind is in `KEY_KINDS`."""
    return Entry(at=at, kind=kind, actor=actor, text=text, data=data, key=kind in KEY_KINDS)


@dataclass(frozen=True, slots=True)
class Redaction:
    """The redaction of an entry: the person who struck its words, and the reason."""

    by: str  # Slack user ID
    reason: str


@dataclass(frozen=True, slots=True)
class RecordedEntry:
    """A stored entry with its place in the incident's hash chain, and what became of its message since."""

    incident: int
    seq: int  # from 1, without gaps
    entry: Entry
    key: bool  # whether it is key now, which people can change
    hash: str
    previous: str  # hash of the entry before
    purged: bool = False  # text and data are deleted; the hash stays
    last_text: str | None = None  # of a message that was edited later; None: `entry.text` is the last
    deleted: bool = False  # the message was deleted later
    redaction: Redaction | None = None  # why it is purged, unless it was for its age

    names: Mapping[str, str] = field(default_factory=dict)  # of the Slack IDs in it, as far as they are known

    @property
    def current_text(self) -> str:
        """The last text of an edited message, else the text as it was written."""
        return self.entry.text if self.last_text is None else self.last_text


def rfc3339(instant: datetime) -> str:
    """An instant as RFC 3339 in UTC with microseconds, the only form used in hashes and JSON."""
    return instant.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"


def ids_named_in(item: Entry) -> set[str]:
    """The Slack IDs in an entry whose names people want to read: of people and apps, and of what its text mentions."""
    people = (item.actor, item.data.get("user"), item.data.get("to"))
    return ids_in(item.text) | {person for person in people if isinstance(person, str) and is_author_id(person)}


def is_message(item: Entry) -> bool:
    """Whether it is a message as it was posted: its text, or for a message without any the first of its files."""
    return item.kind == "message" or (item.kind == "file" and bool(item.data.get("alone")))


def is_from_person(item: Entry) -> bool:
    """Whether it is a message that a person wrote."""
    return is_message(item) and item.actor != BOT and not item.data.get("bot")


def content_hash(text: str, data: str) -> str:
    """SHA-256 over an entry's text and its data as stored JSON. It is kept when both are purged."""
    body = _canonical([text, data])
    return hashlib.sha256(body.encode("utf-8", "surrogatepass")).hexdigest()


def entry_hash(previous: str, incident: int, seq: int, item: Entry, content: str, *, by_person: bool) -> str:
    """SHA-256 over the previous hash and the entry's canonical JSON, which contains `content` instead of text and data.

    So a purged entry can still be verified, except for the content itself.
    """
    return _chain_hash(
        previous,
        [
            2, incident, seq, rfc3339(item.at), item.kind, item.actor, item.source_ts, item.dedup_key, item.key,
            by_person, content,
        ],
    )  # fmt: skip


def entry_hash_v1(previous: str, incident: int, seq: int, item: Entry) -> str:
    """The first version of the hash. It covers text and data directly, so a purged entry cannot be verified."""
    return _chain_hash(
        previous,
        [incident, seq, rfc3339(item.at), item.kind, item.actor, item.text, item.source_ts, item.data, item.key],
    )


def _chain_hash(previous: str, values: list[Any]) -> str:
    body = _canonical(values)
    return hashlib.sha256(f"{previous}\n{body}".encode("utf-8", "surrogatepass")).hexdigest()


def keyed_messages(entries: list[tuple[str, str | None, str]]) -> set[str]:
    """The `ts` of the messages that are key entries after these `(kind, source_ts, actor)`, taken in order.

    A message stays a key entry until every person who marked it has taken that back.
    """
    keepers: dict[str, set[str]] = {}
    for kind, source_ts, actor in entries:
        if source_ts is None:
            continue
        if kind == "keyed":
            keepers.setdefault(source_ts, set()).add(actor)
        elif kind == "unkeyed":
            keepers.get(source_ts, set()).discard(actor)
    return {ts for ts, people in keepers.items() if people}
