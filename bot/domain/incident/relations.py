"""Computes how an incident changes when it is related to another one, or when its tags change."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.domain.errors import Refused
from bot.domain.incident.state import Change, Incident
from bot.domain.timeline.entry import entry

MOST_RELATED = 50
MOST_TAGS = 20
TAG_LENGTH = 40
_SEPARATORS = re.compile(r"[\s,;]+")
_NONE = "none"  # in place of tags: take all away


def relate(incident: Incident, other: Incident, actor: str, now: datetime) -> Change:
    """Note that another incident has to do with this one. Nothing changes where that is noted already.

    Raises `Refused` where this one is public and the other private: everybody here would learn of it.
    """
    if incident.number == other.number:
        raise Refused(f"{incident.id} is this incident. Name the other one.", "relate INC-7")
    if other.private and not incident.private:
        raise Refused(
            f"{other.id} is private and {incident.id} is not: a note here would show it to everybody. "
            f"Relate them from the channel of {other.id}.",
            "list",
        )
    if other.number in incident.related:
        return Change(incident)
    if len(incident.related) >= MOST_RELATED:
        raise Refused(f"{incident.id} has {MOST_RELATED} related incidents already.", "show")
    text = f"related to {other.id}" + ("" if other.private else f": {other.title}")
    record = entry(now, "related", actor, text, related=other.number, told=True)
    return Change(replace(incident, related=(*incident.related, other.number)), (record,))


def is_mutual(incident: Incident) -> bool:
    """Whether the other incident gets the note as well: not where this one is private, which it would show."""
    return not incident.private


@dataclass(frozen=True, slots=True)
class TagChange:
    """Tags to add and to take away."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    all_others: bool = False  # whether every tag that is not added is taken away


def parse_tags(text: str) -> TagChange:
    """Read `checkout -database`, which adds one and takes one away; `none` takes all away."""
    added: list[str] = []
    removed: list[str] = []
    for word in filter(None, _SEPARATORS.split(text.strip())):
        away = word.startswith(("-", "–", "—"))
        (removed if away else added).append(word)
    if [name.lower() for name in added] == [_NONE] and not removed:
        return TagChange(all_others=True)
    return TagChange(tuple(added), tuple(removed))


def tag(incident: Incident, change: TagChange, actor: str, now: datetime) -> Change:
    """Add and remove tags, which are lower case. Nothing changes where they stand like that already.

    Raises `Refused` for a change without a tag, for a tag that is too long, and for too many of them.
    """
    added, removed = _normal(change.added), _normal(change.removed)
    if not added and not removed and not change.all_others:
        raise Refused("Name the tags.", "tag checkout database")
    remaining = () if change.all_others else tuple(name for name in incident.tags if name not in removed)
    after = tuple(dict.fromkeys((*remaining, *added)))
    if any(len(name) > TAG_LENGTH for name in added):
        raise Refused(f"A tag has at most {TAG_LENGTH} characters.", "tag checkout database")
    if len(after) > MOST_TAGS:
        raise Refused(f"An incident has at most {MOST_TAGS} tags.", "tag -database")
    if after == incident.tags:
        return Change(incident)
    lost = [name for name in incident.tags if name not in after]
    words = [*(name for name in after if name not in incident.tags), *(f"−{name}" for name in lost)]
    return Change(replace(incident, tags=after), (entry(now, "tag", actor, ", ".join(words), tags=list(after)),))


def _normal(tags: Sequence[str]) -> tuple[str, ...]:
    cleaned = (" ".join(name.lower().strip().lstrip("-–—#").split()) for name in tags)
    return tuple(name for name in cleaned if name)
