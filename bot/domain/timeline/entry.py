"""Timeline entries: what happened, who did it, when. Entries are only ever appended, and form a hash chain."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

BOT = "tocsin"  # the actor of what the bot does by itself

KEY_KINDS = frozenset(
    {
        "declared", "acknowledged", "status", "severity", "role", "handover", "update", "note", "page", "escalated",
        "resolved", "closed", "cancelled", "reopened", "merged", "alert", "sent", "impact", "policy",
    }
)  # fmt: skip
GENESIS = "0" * 64
_canonical = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened. `source_ts` is the `ts` of the Slack message it is about; `dedup_key` makes it unique.

    `data` holds what a renderer needs beyond the words (old and new value, IDs, links).
    """

    at: datetime
    kind: str
    actor: str
    text: str = ""
    source_ts: str | None = None
    data: dict[str, Any] = field(default_factory=dict)
    dedup_key: str | None = None
    key: bool = False

    def __post_init__(self) -> None:
        if self.at.tzinfo is None:
            raise ValueError("a timeline entry needs an aware instant")


def entry(at: datetime, kind: str, actor: str, text: str = "", **data: Any) -> Entry:
    """An entry of the bot's own making; key if its kind is."""
    return Entry(at=at, kind=kind, actor=actor, text=text, data=data, key=kind in KEY_KINDS)


@dataclass(frozen=True, slots=True)
class RecordedEntry:
    """An entry as it stands in the book: its place in the incident's chain, and how its key stands now.

    Of one that was `purged`, text and data are gone; its hash stays.
    """

    incident: int
    seq: int
    entry: Entry
    key: bool
    hash: str
    previous: str
    purged: bool = False


def rfc3339(instant: datetime) -> str:
    """RFC 3339 in UTC with microseconds: the one form used in hashes and JSON."""
    return instant.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"


def is_from_person(item: Entry) -> bool:
    """Whether a person said it: a message, and not from a bot."""
    return item.kind == "message" and item.actor != BOT and not item.data.get("bot")


def content_hash(text: str, data: str) -> str:
    """SHA-256 over what an entry says: its text, and its data as the JSON that is stored. It outlives them."""
    body = _canonical([text, data])
    return hashlib.sha256(body.encode("utf-8", "surrogatepass")).hexdigest()


def entry_hash(previous: str, incident: int, seq: int, item: Entry, content: str, *, by_person: bool) -> str:
    """SHA-256 over the previous hash and the entry's canonical JSON, in which its content stands as a hash.

    So what is purged can still be verified: all but the words themselves. Text and data of `item` are not looked at.
    """
    return _linked(
        previous,
        [
            2, incident, seq, rfc3339(item.at), item.kind, item.actor, item.source_ts, item.dedup_key, item.key,
            by_person, content,
        ],
    )  # fmt: skip


def entry_hash_v1(previous: str, incident: int, seq: int, item: Entry) -> str:
    """The first version of the hash: without `dedup_key`, and nothing of it can be purged and still be verified."""
    return _linked(
        previous,
        [incident, seq, rfc3339(item.at), item.kind, item.actor, item.text, item.source_ts, item.data, item.key],
    )


def _linked(previous: str, values: list[Any]) -> str:
    body = _canonical(values)
    return hashlib.sha256(f"{previous}\n{body}".encode("utf-8", "surrogatepass")).hexdigest()


def keyed_messages(entries: list[tuple[str, str | None, str]]) -> set[str]:
    """Message `ts` that stand keyed after these `(kind, source_ts, actor)` in order: keyed by somebody still."""
    keepers: dict[str, set[str]] = {}
    for kind, source_ts, actor in entries:
        if source_ts is None:
            continue
        if kind == "keyed":
            keepers.setdefault(source_ts, set()).add(actor)
        elif kind == "unkeyed":
            keepers.get(source_ts, set()).discard(actor)
    return {ts for ts, people in keepers.items() if people}
