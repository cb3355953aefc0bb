"""Finds reactions and pins on messages that changed while the bot was offline, and makes timeline entries of them.

Slack reports each change as it happens, but its history shows only the current state. What was missed is the difference
between that state and the timeline.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain.timeline.entry import Entry

KINDS = ("keyed", "unkeyed", "reaction", "pin")
KEYED = "📌"  # the reaction that makes a message a key entry, whatever Slack calls it
PINNED = "pin"
CLOCK_SKEW = timedelta(seconds=5)  # our clock, when the history was read, against Slack's


@dataclass(frozen=True, slots=True)
class Reaction:
    """A reaction, or a pin, on a message."""

    ts: str  # of the message
    name: str  # `KEYED`, `PINNED` or the name of an emoji
    actor: str  # empty for a pin: one person pins, another unpins


def reaction_of(entry: Entry) -> Reaction | None:
    """The reaction or pin that an entry reports. None for other entries, and for a shortcut, which leaves none."""
    if entry.kind not in KINDS or entry.source_ts is None or entry.data.get("shortcut"):
        return None
    if entry.kind == "pin":
        return Reaction(entry.source_ts, PINNED, "")
    name = entry.text.split(" ", 1)[0] if entry.kind == "reaction" else KEYED
    return Reaction(entry.source_ts, name, entry.actor)


def is_added(entry: Entry) -> bool:
    """Whether an entry reports that a reaction was added, not removed."""
    return entry.kind == "keyed" or (entry.kind != "unkeyed" and bool(entry.data.get("added")))


@dataclass(frozen=True, slots=True)
class SlackState:
    """The reactions and pins that Slack shows now."""

    reactions: Mapping[Reaction, Entry]  # with the entry that each would make
    looked_at: AbstractSet[str]  # `ts` of the messages that Slack showed
    unsure: AbstractSet[tuple[str, str]] = frozenset()  # `(ts, name)` for which Slack did not list every person
    kinds: AbstractSet[str] = frozenset(KINDS)  # of entries to compare


def missed_changes(before: Sequence[Entry], now: Sequence[Entry], slack_state: SlackState, at: datetime) -> list[Entry]:
    """The changes of reactions and pins that were missed, in no order: Slack's state minus the timeline.

    `before` is the timeline when Slack was asked, `now` the timeline after that. A reaction that changed in between is
    left out, as Slack has reported that change.
    """
    past_by_reaction, today = _by_reaction(before, slack_state.kinds), _by_reaction(now, slack_state.kinds)
    changes = []
    for reaction in dict.fromkeys([*past_by_reaction, *slack_state.reactions]):
        if past_by_reaction.get(reaction) != today.get(reaction):
            continue
        past = past_by_reaction.get(reaction, [])
        complete = reaction.ts in slack_state.looked_at and (reaction.ts, reaction.name) not in slack_state.unsure
        was_there, is_there = bool(past) and is_added(past[-1]), reaction in slack_state.reactions
        if is_there and not was_there:
            changes.append(_missed_entry(slack_state.reactions[reaction], reaction, past))
        elif was_there and not is_there and complete:
            changes.append(_missed_entry(_removal(past[-1], at), reaction, past))
    return changes


def already_recorded(entry: Entry, recorded: Sequence[Entry]) -> bool:
    """Whether a change was read from the history before Slack reported it.

    The same change before and after its opposite counts as two.
    """
    reaction = reaction_of(entry)
    same_reaction = [earlier for earlier in recorded if reaction is not None and reaction_of(earlier) == reaction]
    return any(
        earlier.data.get("fetched")
        and is_added(earlier) == is_added(entry)
        and entry.at <= earlier.at + CLOCK_SKEW
        and not any(
            is_added(between) != is_added(entry) and _is_between(between, entry, earlier) for between in same_reaction
        )
        for earlier in same_reaction
    )


def _is_between(entry: Entry, one: Entry, other: Entry) -> bool:
    first, last = sorted((one.at, other.at))
    return first < entry.at < last


def _by_reaction(entries: Sequence[Entry], kinds: AbstractSet[str]) -> dict[Reaction, list[Entry]]:
    """Group entries by reaction, in the order of time, as Slack does not deliver in order."""
    by_reaction: dict[Reaction, list[Entry]] = {}
    for entry in sorted(entries, key=lambda item: item.at):
        reaction = reaction_of(entry)
        if reaction is not None and entry.kind in kinds:
            by_reaction.setdefault(reaction, []).append(entry)
    return by_reaction


def _missed_entry(entry: Entry, reaction: Reaction, past: Sequence[Entry]) -> Entry:
    """An entry for a missed change. Its time is not before known changes; its key counts them, so it is unique."""
    at = max(entry.at, past[-1].at) if past else entry.at
    dedup_key = f"h:{reaction.name}:{reaction.ts}:{reaction.actor}:{len(past)}"
    return replace(entry, at=at, data=entry.data | {"fetched": True}, dedup_key=dedup_key)


def _removal(entry: Entry, at: datetime) -> Entry:
    data = {key: value for key, value in entry.data.items() if key != "fetched"} | {"added": False}
    match entry.kind:
        case "keyed":
            data.pop("added")
            return replace(entry, kind="unkeyed", at=at, data=data)
        case "pin":  # the list of pins does not say who took one off
            return replace(entry, at=at, actor="unknown", text="unpinned a message", data=data)
    return replace(entry, at=at, text=f"{entry.text} taken back", data=data)
