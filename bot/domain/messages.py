"""What people say in an incident channel, and the timeline entries it makes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.domain.timeline import Entry


@dataclass(frozen=True, slots=True)
class Attached:
    """A file beside a message."""

    id: str
    name: str
    link: str


@dataclass(frozen=True, slots=True)
class Said:
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
    files: tuple[Attached, ...] = ()


def entries_from_message(said: Said, at: datetime, *, fetched: bool = False) -> list[Entry]:
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
    once = f"m:{said.channel}:{said.ts}"
    entries = [Entry(at, "message", said.actor, said.text, said.ts, data, once)]
    for file in said.files:
        about = {"link": file.link, "file": file.id}
        entries.append(
            Entry(at, "file", said.actor, file.name, said.ts, about, f"f:{said.channel}:{said.ts}:{file.id}")
        )
    return entries


def entries_from_edit(said: Said, before: Said | None, sent_at: datetime, edited_at: datetime) -> list[Entry]:
    """The edit, and the message as it was before, in case that was never seen."""
    earlier = entries_from_message(before, sent_at) if before else []
    data = {"link": said.link} if said.link else {}
    once = f"e:{said.channel}:{said.ts}:{said.edited_ts}"
    return [*earlier, Entry(edited_at, "message_edited", said.actor, said.text, said.ts, data, once)]


def entries_from_deletion(
    channel: str, ts: str, actor: str, before: Said | None, sent_at: datetime, at: datetime
) -> list[Entry]:
    """The deletion, and the message as it was, in case that was never seen: the earlier text is kept."""
    earlier = entries_from_message(before, sent_at) if before else []
    return [*earlier, Entry(at, "message_deleted", actor, "", ts, {}, f"d:{channel}:{ts}")]
