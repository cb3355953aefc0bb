"""Marks on messages: 📌, other reactions that carry meaning, and pins. Slack tells of each change as it happens; what
stands now shows in the history, and the difference is what was missed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime

from bot.domain.timeline.entry import Entry
from bot.domain.timeline.messages import DUPLICATE_EVENT_WINDOW

KINDS = ("keyed", "unkeyed", "reaction", "pin")
KEYED = "📌"  # as a reaction: whatever Slack calls it
PINNED = "pin"


@dataclass(frozen=True, slots=True)
class Reaction:
    """What hangs on the message `ts`. `actor` is empty for a pin: one person pins, another unpins."""

    ts: str
    name: str
    actor: str


def reaction_of(entry: Entry) -> Reaction | None:
    """The mark that an entry tells of; `None` where it tells of something else, or of a shortcut: that leaves none."""
    if entry.kind not in KINDS or entry.source_ts is None or entry.data.get("shortcut"):
        return None
    if entry.kind == "pin":
        return Reaction(entry.source_ts, PINNED, "")
    what = entry.text.split(" ", 1)[0] if entry.kind == "reaction" else KEYED
    return Reaction(entry.source_ts, what, entry.actor)


def is_added(entry: Entry) -> bool:
    return entry.kind == "keyed" or (entry.kind != "unkeyed" and bool(entry.data.get("added")))


@dataclass(frozen=True, slots=True)
class SlackState:
    """What Slack showed: the entry that each mark would make, on the messages that were looked at.

    `unsure` are `(ts, what)` of which Slack named not everybody, so that nobody can be missed.
    """

    reactions: Mapping[Reaction, Entry]
    looked_at: AbstractSet[str]
    unsure: AbstractSet[tuple[str, str]] = frozenset()
    kinds: AbstractSet[str] = frozenset(KINDS)


def missed_changes(before: Sequence[Entry], now: Sequence[Entry], slack_state: SlackState, at: datetime) -> list[Entry]:
    """The changes that nobody told of, in no order. `before` is what was known when Slack was asked, `now` what is
    known today: a mark that changed in between was told of meanwhile, and is left to that.
    """
    known, today = _by_reaction(before, slack_state.kinds), _by_reaction(now, slack_state.kinds)
    quiet = {
        mark: known.get(mark, []) for mark in [*known, *slack_state.reactions] if known.get(mark) == today.get(mark)
    }
    changes = []
    for mark, past in quiet.items():
        stood, stands = bool(past) and is_added(past[-1]), mark in slack_state.reactions
        if stands and not stood:
            changes.append(_fetched(slack_state.reactions[mark], mark, past))
        elif (
            stood and not stands and mark.ts in slack_state.looked_at and (mark.ts, mark.name) not in slack_state.unsure
        ):
            changes.append(_fetched(_removed(past[-1], at), mark, past))
    return changes


def already_recorded(entry: Entry, known: Sequence[Entry]) -> bool:
    """Was this change read from the history before Slack told of it? What undid it in between makes them two."""
    mark = reaction_of(entry)
    same = [other for other in known if mark is not None and reaction_of(other) == mark]
    return any(
        other.data.get("fetched")
        and is_added(other) == is_added(entry)
        and entry.at <= other.at + DUPLICATE_EVENT_WINDOW
        and not any(is_added(between) != is_added(entry) and _is_between(between, entry, other) for between in same)
        for other in same
    )


def _is_between(between: Entry, one: Entry, other: Entry) -> bool:
    first, last = sorted((one.at, other.at))
    return first < between.at < last


def _by_reaction(entries: Sequence[Entry], kinds: AbstractSet[str]) -> dict[Reaction, list[Entry]]:
    """In the order in which it happened, for Slack does not deliver in order."""
    found: dict[Reaction, list[Entry]] = {}
    for entry in sorted(entries, key=lambda one: one.at):
        mark = reaction_of(entry)
        if mark is not None and entry.kind in kinds:
            found.setdefault(mark, []).append(entry)
    return found


def _fetched(entry: Entry, mark: Reaction, past: Sequence[Entry]) -> Entry:
    """After what is known of it, and named by how much that is: read twice, it is one."""
    at = max(entry.at, past[-1].at) if past else entry.at
    dedup_key = f"h:{mark.name}:{mark.ts}:{mark.actor}:{len(past)}"
    return replace(entry, at=at, data=entry.data | {"fetched": True}, dedup_key=dedup_key)


def _removed(entry: Entry, at: datetime) -> Entry:
    data = {key: value for key, value in entry.data.items() if key != "fetched"} | {"added": False}
    match entry.kind:
        case "keyed":
            data.pop("added")
            return replace(entry, kind="unkeyed", at=at, data=data)
        case "pin":  # the list of pins does not say who took one off
            return replace(entry, at=at, actor="unknown", text="unpinned a message", data=data)
    return replace(entry, at=at, text=f"{entry.text} taken back", data=data)
