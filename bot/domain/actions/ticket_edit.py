"""Decides what of a ticket changes when its action item does, so that what people wrote there stays."""

from __future__ import annotations

import re
from dataclasses import replace

from bot.domain.actions.item import ActionItem
from bot.domain.actions.ticket import NewTicket
from bot.domain.incident import Incident

NOTHING = NewTicket("", "", (), None, "")  # what stands in a ticket of which nothing is known
_FACT = re.compile(r"\*{0,2}(Owner|Due|Priority|Severity|Services|Incident|Labels):")


def is_told(before: ActionItem, after: ActionItem) -> bool:
    """Whether the words of a ticket say what has changed of its item."""
    return any(
        getattr(before, name) != getattr(after, name)
        for name in ("title", "description", "owner", "due", "priority", "kind")
    )


def is_told_of_incident(before: Incident, after: Incident) -> bool:
    """Whether the incident's own ticket says or shows what has changed of it."""
    return any(
        getattr(before, name) != getattr(after, name)
        for name in ("open", "title", "description", "severity", "services")
    )


def same_words(one: NewTicket, other: NewTicket) -> bool:
    """Whether both say the same, whatever their keys."""
    return replace(one, key="") == replace(other, key="")


def added(before: NewTicket, after: NewTicket) -> NewTicket:
    """The ticket with only those labels and that assignee that are new."""
    labels = tuple(label for label in after.labels if label not in before.labels)
    return replace(after, labels=labels, assignee=after.assignee if after.assignee != before.assignee else None)


def merged(there: str, before: str, after: str) -> str:
    """The text of a ticket with our part brought up to date.

    Where our part stands as we wrote it, it is replaced. Where people changed it, only the lines of facts are, such as
    `**Due:** 4 Dec 2026`: those that are new are added, and those that are gone are removed.
    """
    text = there.replace("\r\n", "\n")
    if before and before in text:
        return text.replace(before, after, 1)
    ours, earlier = _facts(after), _facts(before)
    lines = []
    for line in text.split("\n"):
        name = _name(line)
        if name in ours:
            lines.append(ours.pop(name))
        elif name is None or name not in earlier:
            lines.append(line)
    place = next((at for at, line in enumerate(lines) if _name(line) == "Incident"), len(lines))
    return "\n".join([*lines[:place], *ours.values(), *lines[place:]])


def changed_list(there: list[str], before: tuple[str, ...], after: tuple[str, ...]) -> list[str]:
    """The labels of a ticket with ours brought up to date; those of other people stay."""
    gone = {each.lower() for each in before} - {each.lower() for each in after}
    kept = [each for each in there if each.lower() not in gone]
    known = {each.lower() for each in kept}
    return [*kept, *(each for each in after if each not in before and each.lower() not in known)]


def _facts(text: str) -> dict[str, str]:
    return {name: line for line in text.split("\n") if (name := _name(line)) is not None}


def _name(line: str) -> str | None:
    found = _FACT.match(line)
    return found[1] if found else None
