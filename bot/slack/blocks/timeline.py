"""Builds the answer to `/incident timeline`, and formats a timeline entry as one line."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.incident import Incident
from bot.domain.timeline.entry import Entry, RecordedEntry
from bot.domain.values.slack_ids import is_user_id
from bot.slack.blocks import elements
from bot.slack.blocks.elements import Message
from bot.slack.text import clip, mention, plain, render, render_recorded

COMMAND = "/incident"
ENTRY_LENGTH = 400
WRITTEN_LENGTH = 9000  # of a note or reason, which may stand nowhere else; a message can be read where it was written


def timeline(
    incident: Incident, entries: Sequence[RecordedEntry], *, everything: bool = False, command: str = COMMAND
) -> Message:
    """The entries in order, the newest last. If not all fit, the newest are kept."""
    scope = "everything" if everything else "the key entries"
    text = f"Timeline of {incident.id}: {scope}"
    if not entries:
        return elements.line(f"{text}. It has no entries yet.")
    lines = [_of_other(record, incident) + _whole_line(record, everything=everything) for record in entries]
    blocks, omitted = elements.newest_lines(lines)
    more = "" if everything else f" · `{command} timeline all --in {incident.id}` for everything"
    return elements.message(
        text,
        [
            elements.section(f"*{text}*"),
            elements.left_out(omitted, f"These are the newest. All of it: `tocsin show {incident.id} --json`"),
            *blocks,
            elements.context(f"Add to it: `{command} note What happened`{more}"),
        ],
    )


def _of_other(record: RecordedEntry, incident: Incident) -> str:
    """The ID before an entry of an incident that was merged into this one."""
    return "" if record.incident == incident.number else f"`INC-{record.incident}` "


def _whole_line(record: RecordedEntry, *, everything: bool) -> str:
    longest = ENTRY_LENGTH if record.entry.kind.startswith("message") else WRITTEN_LENGTH
    return entry_line(record, everything=everything, longest=longest)


def entry_line(record: RecordedEntry, *, everything: bool = False, longest: int = ENTRY_LENGTH) -> str:
    """An entry as one line of mrkdwn: time, person, text, and a link if it has one.

    A message is shown with its last text, marked if it was edited or deleted. With `everything`, where edits have lines
    of their own, it is shown with its first text.
    """
    text = clip(" ".join(_entry_text(record, everything=everything).split()), longest)
    return f"{elements.moment(record.entry.at)} {text}{_fate(record, everything=everything)}{link_of(record.entry)}"


def _entry_text(record: RecordedEntry, *, everything: bool) -> str:
    entry = record.entry
    author = _author(record)
    if entry.kind == "message":
        return f"{author}: {render_recorded(entry.text if everything else record.current_text, record.names)}"
    if entry.kind == "message_edited":
        return f"{author} edited: {render_recorded(entry.text, record.names)}"
    if entry.kind == "message_deleted":
        fetched = entry.data.get("fetched")  # noticed in the history, so the person is unknown
        return f"a message from {author} was deleted while I was offline" if fetched else f"{author} deleted a message"
    number = f" #{entry.data['number']}" if entry.kind == "update" and "number" in entry.data else ""
    added = f" {render_recorded(record.last_text, record.names)}" if record.last_text and not everything else ""
    kind = entry.kind.replace("_", " ")
    text = "" if entry.text == kind else render(entry.text)  # “joined: joined” says it once
    return f"*{render(kind)}{number}* {author}: {text}{added}".rstrip(": ")


def _author(record: RecordedEntry) -> str:
    """The author of an entry: a member as a mention, an app or a stranger by name."""
    entry = record.entry
    name = entry.data.get("name") or (None if is_user_id(entry.actor) else record.names.get(entry.actor))
    return render(plain(str(name))) if name else mention(entry.actor)


def _fate(record: RecordedEntry, *, everything: bool) -> str:
    """Whether the entry's message was edited or deleted, in italics. Empty if neither."""
    if record.redaction is not None:
        return f" _(redacted by {mention(record.redaction.by)}: {clip(render(record.redaction.reason), ENTRY_LENGTH)})_"
    if record.purged:
        return " _(the text was deleted under the retention policy)_"
    later = " later" if everything else ""
    if record.deleted:
        return f" _(deleted{later})_"
    return f" _(edited{later})_" if record.last_text is not None else ""


def link_of(entry: Entry) -> str:
    """The link to the message or file of an entry, with a space before it. Empty where there is none."""
    link = entry.data.get("link")
    if not isinstance(link, str) or not link.startswith(("https://", "http://")) or set(link) & set("<>|\n "):
        return ""
    return f" <{link.replace('&', '&amp;')}|↗>"
