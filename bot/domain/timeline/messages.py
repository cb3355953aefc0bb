"""What people say in an incident channel, and the timeline entries it makes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.domain.timeline.entry import Entry

DUPLICATE_EVENT_WINDOW = timedelta(seconds=5)  # the two tellings of one coming or going are closer than this
At = Callable[[str], datetime]  # a Slack `ts` → the instant


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file beside a message."""

    id: str
    name: str
    link: str


@dataclass(frozen=True, slots=True)
class ChannelMessage:
    """A message as it stood. `ts` is Slack's; `edited_ts` is set once it was edited; `text` is as Slack gave it."""

    channel: str
    ts: str
    actor: str
    text: str
    thread_ts: str | None = None
    edited_ts: str | None = None
    link: str | None = None
    bot: bool = False
    external: bool = False
    files: tuple[Attachment, ...] = ()


def entries_from_message(said: ChannelMessage, at: datetime, *, fetched: bool = False) -> list[Entry]:
    """The message and its files. The same message makes the same entries, however often it comes.

    `fetched` marks what was read from the history afterwards: an edit before that cannot be known.
    """
    data: dict[str, Any] = {"link": said.link} if said.link else {}
    if said.thread_ts and said.thread_ts != said.ts:
        data["thread_ts"] = said.thread_ts
    if said.bot:
        data["bot"] = True
    if said.external:
        data["external"] = True
    if fetched:
        data["fetched"] = True
        if said.edited_ts:
            data["edited_before_fetched"] = True
    dedup_key = f"m:{said.channel}:{said.ts}"
    return [Entry(at, "message", said.actor, said.text, said.ts, data, dedup_key), *_files(said, at)]


def entries_from_edit(said: ChannelMessage, before: ChannelMessage | None, at: At) -> list[Entry]:
    """The edit, and the message as it was before, in case that was never seen."""
    return [*_original_entries(before, at), _edit(said, at)]


def entries_from_deletion(
    channel: str, ts: str, actor: str, before: ChannelMessage | None, deleted_ts: str, at: At
) -> list[Entry]:
    """The deletion, and the message as it was, in case that was never seen: the earlier text is kept."""
    return [*_original_entries(before, at), _deletion(channel, ts, actor, at(deleted_ts), {})]


def entry_from_absence(channel: str, ts: str, actor: str, at: datetime) -> Entry:
    """Of a message that the history no longer has. When that was is not known, only that it is gone `at`."""
    return _deletion(channel, ts, actor, at, {"fetched": True})


def _deletion(channel: str, ts: str, actor: str, at: datetime, data: dict[str, Any]) -> Entry:
    return Entry(at, "message_deleted", actor, "", ts, data, f"d:{channel}:{ts}")


def already_recorded_membership(entry: Entry, known: Sequence[Entry]) -> bool:
    """Is this coming or going on the timeline? Slack tells of each twice, in any order, under two times.

    `known` are all comings and goings of the same person. What lies between two of a kind makes them two.
    """
    for other in known:
        first, last = sorted((other.at, entry.at))
        if other.kind != entry.kind or last - first > DUPLICATE_EVENT_WINDOW:
            continue
        if not any(between.kind != entry.kind and first < between.at < last for between in known):
            return True
    return False


def _original_entries(said: ChannelMessage | None, at: At) -> list[Entry]:
    """A text that was edited before is no first text: that may still come."""
    if said is None:
        return []
    if said.edited_ts is None:
        return entries_from_message(said, at(said.ts))
    return [*_files(said, at(said.ts)), _edit(said, at)]


def _edit(said: ChannelMessage, at: At) -> Entry:
    """Slack's `edited` counts in whole seconds, so two edits within one are told apart by their words."""
    data = {"link": said.link} if said.link else {}
    words = hashlib.sha256(said.text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    dedup_key = f"e:{said.channel}:{said.ts}:{said.edited_ts}:{words}"
    return Entry(at(said.edited_ts or said.ts), "message_edited", said.actor, said.text, said.ts, data, dedup_key)


def _files(said: ChannelMessage, at: datetime) -> list[Entry]:
    return [
        Entry(
            at, "file", said.actor, file.name, said.ts, {"link": file.link, "file": file.id},
            f"f:{said.channel}:{said.ts}:{file.id}",
        )
        for file in said.files
    ]  # fmt: skip
