"""Turns messages in an incident's channel, their edits and deletions into timeline entries."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bot.domain.timeline.entry import Entry

At = Callable[[str], datetime]  # from a Slack `ts` to the instant


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file attached to a message."""

    id: str
    name: str
    link: str


@dataclass(frozen=True, slots=True)
class ChannelMessage:
    """A message, as `bot.slack.inbound` parses it from Slack."""

    channel: str
    ts: str
    actor: str
    text: str  # in Slack's own notation
    thread_ts: str | None = None  # of the message that started the thread, which may be this one
    edited_ts: str | None = None  # None: never edited
    link: str | None = None
    bot: bool = False  # written by an app
    external: bool = False  # written by a person of another organisation
    files: tuple[Attachment, ...] = ()
    name: str | None = None  # of its author, where it came along


def entries_from_message(message: ChannelMessage, at: datetime, *, fetched: bool = False) -> list[Entry]:
    """The entries of a message and its files. The same message always gives the same entries.

    A message of files alone has no entry of its own: its first file stands for it. `fetched` marks a message that was
    read from the history later: earlier versions of its text are unknown.
    """
    data: dict[str, Any] = {"link": message.link} if message.link else {}
    if message.thread_ts and message.thread_ts != message.ts:
        data["thread_ts"] = message.thread_ts
    if message.bot:
        data["bot"] = True
    if message.external:
        data["external"] = True
    if message.name and (message.bot or message.external):
        data["name"] = message.name
    if fetched:
        data["fetched"] = True
        if message.edited_ts:
            data["edited_before_fetched"] = True
    dedup_key = f"m:{message.channel}:{message.ts}"
    files = _files(message, at)
    if not message.text.strip() and files:
        alone = data | files[0].data | {"alone": True}
        return [replace(files[0], data=alone, dedup_key=dedup_key), *files[1:]]
    return [Entry(at, "message", message.actor, message.text, message.ts, data, dedup_key), *files]


def entries_from_edit(
    message: ChannelMessage, before: ChannelMessage | None, at: At, changed_ts: str | None = None
) -> list[Entry]:
    """The entries of an edit, and of the message before it, in case that was never recorded.

    `changed_ts` is when Slack reported it, which is more precise than the whole seconds of `edited_ts`.
    """
    return [*_original_entries(before, at), _edit(message, at, changed_ts)]


def entries_from_deletion(
    channel: str, ts: str, actor: str, before: ChannelMessage | None, deleted_ts: str, at: At
) -> list[Entry]:
    """The entries of a deletion. They include those of the deleted message, which may never have been recorded."""
    return [*_original_entries(before, at), _deletion(channel, ts, actor, at(deleted_ts), {})]


def entry_from_absence(channel: str, ts: str, actor: str, at: datetime) -> Entry:
    """The deletion entry of a message that is missing from the history. It was deleted at some time before `at`."""
    return _deletion(channel, ts, actor, at, {"fetched": True})


def _deletion(channel: str, ts: str, actor: str, at: datetime, data: dict[str, Any]) -> Entry:
    return Entry(at, "message_deleted", actor, "", ts, data, f"d:{channel}:{ts}")


def _original_entries(message: ChannelMessage | None, at: At) -> list[Entry]:
    """The entries of a message before a change. If it had been edited before, its first text is still unknown."""
    if message is None:
        return []
    if message.edited_ts is None:
        return entries_from_message(message, at(message.ts))
    return [*_files(message, at(message.ts)), _edit(message, at)]


def _edit(message: ChannelMessage, at: At, changed_ts: str | None = None) -> Entry:
    """The entry of an edit. Slack's `edited` counts whole seconds, so the text distinguishes edits within one.

    Cut to a whole second it may lie before the message, which the entry never does.
    """
    data = {"link": message.link} if message.link else {}
    digest = hashlib.sha256(message.text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    dedup_key = f"e:{message.channel}:{message.ts}:{message.edited_ts}:{digest}"
    edited_at = max(at(changed_ts or message.edited_ts or message.ts), at(message.ts))
    return Entry(edited_at, "message_edited", message.actor, message.text, message.ts, data, dedup_key)


def _files(message: ChannelMessage, at: datetime) -> list[Entry]:
    return [
        Entry(
            at, "file", message.actor, file.name, message.ts, {"link": file.link, "file": file.id},
            f"f:{message.channel}:{message.ts}:{file.id}",
        )
        for file in message.files
    ]  # fmt: skip
