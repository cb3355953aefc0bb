"""Computes how a ticket changes with its action item, and keeps what people wrote into the ticket."""

from __future__ import annotations

import re
from dataclasses import replace

from bot.domain.actions.item import ActionItem
from bot.domain.actions.ticket import NewTicket
from bot.domain.incident import Incident

NOTHING = NewTicket("", "", (), None, "")  # the content of an unknown ticket
_FACT = re.compile(r"\*{0,2}(Owner|Due|Priority|Severity|Services|Incident|Labels):")


def changes_ticket(before: ActionItem, after: ActionItem) -> bool:
    """Whether the change of an action item changes the text of its ticket."""
    return any(
        getattr(before, name) != getattr(after, name)
        for name in ("title", "description", "owner", "due", "priority", "kind")
    )


def changes_incident_ticket(before: Incident, after: Incident) -> bool:
    """Whether the change of an incident changes its own ticket."""
    return any(
        getattr(before, name) != getattr(after, name)
        for name in ("open", "title", "description", "severity", "services")
    )


def same_text(ticket: NewTicket, other: NewTicket) -> bool:
    """Whether both say the same, whatever their keys."""
    return replace(ticket, key="") == replace(other, key="")


def additions(before: NewTicket, after: NewTicket) -> NewTicket:
    """The ticket with only those labels and that assignee that are new."""
    labels = tuple(label for label in after.labels if label not in before.labels)
    return replace(after, labels=labels, assignee=after.assignee if after.assignee != before.assignee else None)


def merge_text(body: str, before: str, after: str) -> str:
    """The text of a ticket with our part brought up to date.

    If our part is as we wrote it, it is replaced. Where people changed it, only the lines of facts are, such as
    `**Due:** 4 Dec 2026`: those that are new are added, and those that are gone are removed.
    """
    text = body.replace("\r\n", "\n")
    if before and before in text:
        return text.replace(before, after, 1)
    facts, earlier_facts = _facts(after), _facts(before)
    lines = []
    for line in text.split("\n"):
        name = _name(line)
        if name in facts:
            lines.append(facts.pop(name))
        elif name is None or name not in earlier_facts:
            lines.append(line)
    position = next((at for at, line in enumerate(lines) if _name(line) == "Incident"), len(lines))
    return "\n".join([*lines[:position], *facts.values(), *lines[position:]])


def changed_list(current: list[str], before: tuple[str, ...], after: tuple[str, ...]) -> list[str]:
    """The labels, or assignees, of a ticket with ours brought up to date; those of other people stay."""
    removed = {name.lower() for name in before} - {name.lower() for name in after}
    remaining = [name for name in current if name.lower() not in removed]
    folded = {name.lower() for name in remaining}
    return [*remaining, *(name for name in after if name not in before and name.lower() not in folded)]


def _facts(text: str) -> dict[str, str]:
    return {name: line for line in text.split("\n") if (name := _name(line)) is not None}


def _name(line: str) -> str | None:
    match = _FACT.match(line)
    return match[1] if match else None
