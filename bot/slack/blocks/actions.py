"""Builds the messages about action items: the list, and the answer to whoever adds one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from bot.domain.actions.item import ActionItem, ActionStatus, due_words
from bot.domain.incident import Incident
from bot.slack.blocks import elements
from bot.slack.blocks.elements import Message
from bot.slack.text import clip, mention, plain, render

SHOWN = 40
TITLE = 200
STATUS_WORDS = {
    ActionStatus.OPEN: "open",
    ActionStatus.IN_PROGRESS: "in progress",
    ActionStatus.COMPLETED: "done",
    ActionStatus.DEFERRED: "not doing",
}


@dataclass(frozen=True, slots=True)
class ActionList:
    """The items to list, with their incidents, and how many there are in all."""

    items: Sequence[ActionItem]
    incidents: Mapping[int, Incident]
    total: int
    of: str  # completes "Action items …"


def created(item: ActionItem, command: str) -> Message:
    """The answer to whoever added an item, with what was understood."""
    asks = []
    if item.owner is None:
        asks.append("Nobody owns it yet.")
    if item.due is None:
        asks.append("It has no due date.")
    hint = f"{' '.join(asks)} All of them: `{command} actions --in INC-{item.incident}`"
    words = f":ballot_box_with_check: *{item.id}* {clip(render(plain(item.title)), TITLE)} · {terms(item)}"
    return elements.message(words, [elements.section(words), elements.context(hint.strip())])


def listing(found: ActionList, today: date, command: str) -> Message:
    """The items, one line each, with how many did not fit."""
    if not found.items:
        return elements.line(
            f"No action items {found.of}. Add one: `{command} action Alert on pool usage @maya by friday P1`"
        )
    words = f"Action items {found.of}: {found.total}"
    lines = [row(item, today) for item in found.items[:SHOWN]]
    blocks, left = elements.newest_lines(lines)
    return elements.message(
        words,
        [
            elements.section(f"*{words}*"),
            *blocks,
            elements.left_out(found.total - len(lines) + left, "All of them: `tocsin actions`"),
        ],
    )


def row(item: ActionItem, today: date) -> str:
    """An item in one line of mrkdwn."""
    title = clip(render(plain(item.title)), TITLE)
    return f"*{item.id}* {f'~{title}~' if not item.live else title} · {terms(item, today)}"


def terms(item: ActionItem, today: date | None = None) -> str:
    """Who does it, by when, how urgent it is and where it stands."""
    due = due_words(item.due)
    if today is not None and item.is_overdue(today) and item.due is not None:
        due = f":warning: overdue since {item.due:%-d %b %Y}"
    return elements.join_dots(
        [
            mention(item.owner) if item.owner else "no owner",
            due,
            str(item.priority),
            STATUS_WORDS[item.status] if item.status is not ActionStatus.OPEN else "",
        ]
    )
