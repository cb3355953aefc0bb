"""Defines the action item (something to do after an incident), and how people change it, as pure functions.

Each verb returns an `ActionChange`: the changed item and the entry for the incident's timeline.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from bot.domain.errors import Refused
from bot.domain.timeline.entry import Entry, entry
from bot.domain.values.slack_ids import user_mention

TITLE_LENGTH = 300  # as an incident's title
MOST = 200  # items of one incident


class Priority(StrEnum):
    """The urgency of an action item. The values are persisted."""

    P0 = "P0"
    P1 = "P1"
    P2 = "P2"
    P3 = "P3"


class ActionStatus(StrEnum):
    """The status of an action item. The values are persisted."""

    OPEN = "open"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    DEFERRED = "deferred"  # it will not be done, for a reason


class Category(StrEnum):
    """The kind of thing that an item changes. The values are persisted."""

    PROCESS = "process"
    TOOLING = "tooling"
    MONITORING = "monitoring"
    DOCUMENTATION = "documentation"
    CODE = "code"


class ActionKind(StrEnum):
    """The effect of an item on the next such incident. The values are persisted."""

    PREVENT = "prevent"
    DETECT = "detect"
    MITIGATE = "mitigate"


LIVE = frozenset({ActionStatus.OPEN, ActionStatus.IN_PROGRESS})


@dataclass(frozen=True, slots=True)
class ActionItem:
    """One action item. It is stored as JSON: field names and enum values are persisted."""

    incident: int
    number: int  # counts the items of the incident, from 1
    title: str  # one line
    created_by: str  # Slack user ID, or `BOT`
    created_at: datetime
    description: str = ""
    owner: str | None = None  # Slack user ID
    priority: Priority = Priority.P2
    due: date | None = None
    category: Category | None = None
    kind: ActionKind | None = None
    status: ActionStatus = ActionStatus.OPEN
    reason: str = ""  # why it is deferred
    settled_at: datetime | None = None  # when it was completed or deferred
    settled_by: str | None = None
    source_ts: str | None = None  # `ts` of the message it was made from
    link: str | None = None  # to that message
    checklist: str | None = None  # the name of the checklist it belongs to, such as `Day 1`

    @property
    def id(self) -> str:
        """The ID that people use, such as `AI-42-3`."""
        return f"AI-{self.incident}-{self.number}"

    @property
    def live(self) -> bool:
        """Whether it is still to be done."""
        return self.status in LIVE

    def is_overdue(self, today: date) -> bool:
        """Whether it should have been done before `today`."""
        return self.live and self.due is not None and self.due < today


def prevents(item: ActionItem) -> bool:
    """Whether an item that is still to be done was meant against the next such incident."""
    return item.live and item.checklist is None and item.kind in (ActionKind.PREVENT, None)


@dataclass(frozen=True, slots=True)
class NewAction:
    """The input of a person who adds an item."""

    title: str
    owner: str | None = None
    priority: Priority = Priority.P2
    due: date | None = None
    description: str = ""
    category: Category | None = None
    kind: ActionKind | None = None
    source_ts: str | None = None
    link: str | None = None
    checklist: str | None = None


@dataclass(frozen=True, slots=True)
class ActionChange:
    """The result of a verb: the item as it is now, and the entry to append. No entry: nothing has changed."""

    item: ActionItem
    entry: Entry | None = None


def create(incident: int, number: int, new: NewAction, actor: str, now: datetime) -> ActionChange:
    """A new item. Raises `Refused` without a title, and beyond `MOST` items of an incident."""
    title = " ".join(new.title.split())
    if not title:
        raise Refused("What is to be done? Write it after “action”.", "action Alert on pool usage @maya by friday P1")
    if number > MOST:
        raise Refused(f"INC-{incident} has {MOST} action items already. Reviews rarely need more.", "actions")
    item = ActionItem(
        incident, number, _cut(title), actor, now,
        description=new.description or (title if len(title) > TITLE_LENGTH else ""),
        owner=new.owner, priority=new.priority, due=new.due, category=new.category, kind=new.kind,
        source_ts=new.source_ts, link=new.link, checklist=new.checklist,
    )  # fmt: skip
    return ActionChange(item, _entry(item, now, actor, "created", f"{item.id} {item.title} ({terms(item)})"))


def edit(item: ActionItem, new: NewAction, actor: str, now: datetime) -> ActionChange:
    """Give the item the words, owner, day and facts of `new`. Nothing changes where they are the same."""
    title = " ".join(new.title.split())
    if not title:
        raise Refused("An action item needs words that say what is to be done.")
    changed = replace(
        item, title=_cut(title), description=new.description, owner=new.owner, priority=new.priority, due=new.due,
        category=new.category, kind=new.kind,
    )  # fmt: skip
    if changed == item:
        return ActionChange(item)
    return ActionChange(changed, _entry(changed, now, actor, "edited", f"{item.id} {changed.title} ({terms(changed)})"))


def begin(item: ActionItem, actor: str, now: datetime) -> ActionChange:
    """Say that somebody works on it. Nothing changes where somebody does already."""
    if item.status is ActionStatus.IN_PROGRESS:
        return ActionChange(item)
    changed = replace(item, status=ActionStatus.IN_PROGRESS, reason="", settled_at=None, settled_by=None)
    return ActionChange(changed, _entry(changed, now, actor, "begun", f"{item.id} in progress: {item.title}"))


def reopen(item: ActionItem, actor: str, now: datetime) -> ActionChange:
    """Say that it is still to be done after all. Nothing changes where it is."""
    if item.live:
        return ActionChange(item)
    changed = replace(item, status=ActionStatus.OPEN, reason="", settled_at=None, settled_by=None)
    return ActionChange(changed, _entry(changed, now, actor, "reopened", f"{item.id} open again: {item.title}"))


def complete(item: ActionItem, actor: str, now: datetime) -> ActionChange:
    """Say that it is done. Nothing changes where it is done already."""
    if item.status is ActionStatus.COMPLETED:
        return ActionChange(item)
    changed = replace(item, status=ActionStatus.COMPLETED, reason="", settled_at=now, settled_by=actor)
    return ActionChange(changed, _entry(changed, now, actor, "completed", f"{item.id} done: {item.title}"))


def defer(item: ActionItem, reason: str, actor: str, now: datetime) -> ActionChange:
    """Say that it will not be done, and why. Raises `Refused` without a reason."""
    cleaned_reason = " ".join(reason.split())
    if not cleaned_reason:
        raise Refused("Say why it will not be done.")
    if item.status is ActionStatus.DEFERRED and item.reason == cleaned_reason:
        return ActionChange(item)
    changed = replace(item, status=ActionStatus.DEFERRED, reason=cleaned_reason, settled_at=now, settled_by=actor)
    text = f"{item.id} not doing: {item.title} (because: {cleaned_reason})"
    return ActionChange(changed, _entry(changed, now, actor, "deferred", text, reason=cleaned_reason))


def postpone(item: ActionItem, until: date, today: date, actor: str, now: datetime) -> ActionChange:
    """Move the due day. Raises `Refused` for a day that has passed, and for an item that is settled."""
    if not item.live:
        raise Refused(f"{item.id} is {item.status.replace('_', ' ')}. There is nothing to move.", "actions")
    if until < today:
        raise Refused(f"{until:%-d %b %Y} has passed. Choose a day ahead.")
    if item.due == until:
        return ActionChange(item)
    changed = replace(item, due=until)
    was = f", was {due_text(item.due)}" if item.due else ""
    text = f"{item.id} later: {item.title} ({due_text(until)}{was})"
    return ActionChange(changed, _entry(changed, now, actor, "postponed", text))


def terms(item: ActionItem) -> str:
    """The owner, the due day and the priority in words: `<@U1>, due 4 Dec 2026, P1`."""
    owner = user_mention(item.owner) if item.owner else "nobody yet"
    return f"{owner}, {due_text(item.due)}, {item.priority}"


def due_text(due: date | None) -> str:
    """`due 4 Dec 2026`, or `no due date`."""
    return f"due {due:%-d %b %Y}" if due else "no due date"


def _cut(title: str) -> str:
    return title if len(title) <= TITLE_LENGTH else title[: TITLE_LENGTH - 1].rstrip() + "…"


def _entry(item: ActionItem, now: datetime, actor: str, event: str, text: str, **data: Any) -> Entry:
    facts = {
        "action": item.id, "event": event, "title": item.title, "owner": item.owner, "status": str(item.status),
        "due": item.due.isoformat() if item.due else None, "priority": str(item.priority),
    }  # fmt: skip
    return entry(now, "action", actor, text, told=True, **facts, **data)
