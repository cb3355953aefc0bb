"""Builds the messages about action items: the list, the answers to changes, and the reminders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from bot.domain.actions.item import ActionItem, ActionStatus, due_text
from bot.domain.actions.reminders import next_day
from bot.domain.actions.ticket import Ticket, TicketState
from bot.domain.incident import Incident
from bot.domain.values.dates import on_business_day
from bot.slack.blocks import data, elements, phrases
from bot.slack.blocks.elements import Block, Message, button
from bot.slack.text import clip, escape, mention, plain, render

SHOWN = 40
IN_REMINDER = 15
WITH_BUTTONS = 10  # of a list
UNDER_TABLE = 3  # items with buttons under a table; the others are in a menu
IN_CELL = 120
TITLE = 200
YOURS = "of yours"
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
    of: str  # completes "Action items …", and "No action items …"
    tickets: Mapping[str, Ticket] = field(default_factory=dict)  # by the item's ID


def created(item: ActionItem, command: str) -> Message:
    """The answer to the person who added an item: its terms, and what is missing."""
    missing = [*(["an owner"] if item.owner is None else []), *(["a due date"] if item.due is None else [])]
    ask = f"It needs {' and '.join(missing)}: press *Edit*. " if missing else ""
    hint = f"{ask}All of them: `{command} actions --in INC-{item.incident}`"
    text = f":ballot_box_with_check: *{item.id}* {clip(render(plain(item.title)), TITLE)} · {terms(item)}"
    return elements.message(
        text,
        [
            elements.section(text),
            _buttons(item),
            elements.context(hint),
        ],
    )


def assigned(item: ActionItem, incident: Incident, today: date) -> Message:
    """The message to a new owner."""
    whose = f"{mention(item.created_by)} gave you an action item of {phrases.title(incident)}"
    text = f"{phrases.drill_prefix(incident)}{whose}"
    where = f"Ask in {phrases.channel_link(incident)}. " if incident.channel_id else ""
    about = f"{where}I remind you {_when(item, today)}." if item.live else where.strip()
    return elements.message(
        f"{text}: {plain(item.title)}",
        [elements.section(text), *with_buttons(item, today), elements.context(about) if about else None],
    )


def _when(item: ActionItem, today: date) -> str:
    """When the owner is reminded."""
    if item.due is None:
        return "once it has a due date: press *Edit*"
    day = next_day(item, today)
    if day is None or day > on_business_day(item.due):
        return "weekly until it is settled"
    return "two business days before it is due, and on the day" if day < item.due else "on the day"


def reminder(person: str, items: Sequence[ActionItem], total: int, today: date, command: str) -> Message:
    """The items of a person, with buttons, and later those of them that are settled or somebody else's by now.

    `total` counts what the person has to do.
    """
    theirs = [item for item in items if item.live and item.owner == person]
    overdue = sum(item.is_overdue(today) for item in theirs)
    text = f"You have {total} action item{'s' if total != 1 else ''} to do" if total else "You have nothing left to do"
    text += f", {overdue} overdue" if overdue else ""
    blocks: list[Block] = []
    for item in items:
        mine = item.owner == person
        blocks += with_buttons(item, today) if mine else [elements.section(row(item, today))]
    return elements.message(
        text,
        [
            elements.section(f"*{text}*"),
            *blocks,
            elements.left_out(total - len(theirs), f"All of them: `{command} actions mine`"),
            elements.context(
                "I remind you two business days before one is due, on the day, and weekly until it is settled."
            )
            if total
            else None,
        ],
    )


def settled(item: ActionItem) -> Message:
    """The answer to the person who settled or moved an item."""
    match item.status:
        case ActionStatus.COMPLETED:
            text = f":white_check_mark: {item.id} is done. Thank you."
        case ActionStatus.DEFERRED:
            text = f"{item.id} will not be done: {clip(render(item.reason), TITLE)}"
        case ActionStatus.IN_PROGRESS:
            text = f"{item.id} is in progress, {due_text(item.due)}."
        case _:
            text = f"{item.id} is {due_text(item.due)} now." if item.due else f"{item.id} is saved."
    if item.live:
        return elements.line(text)
    return elements.message(text, [elements.section(text), _buttons(item)])


def with_buttons(item: ActionItem, today: date, ticket: Ticket | None = None) -> list[Block]:
    """An item with the buttons that settle it, or with the one that reopens it."""
    row_of_buttons = _buttons(item)
    return [elements.section(row(item, today, ticket)), *([row_of_buttons] if row_of_buttons else [])]


def _buttons(item: ActionItem) -> Block | None:
    return elements.actions(*buttons(item), block_id=f"action:{item.id}")


def buttons(item: ActionItem) -> list[Block]:
    """The buttons that settle an item, or the one that reopens a settled item."""
    value = f"INC-{item.incident}:{item.number}"
    if not item.live:
        return [button("Reopen", "action_reopen", value)]
    return [
        button("Done", "action_done", value, style="primary"),
        button("Later…", "action_later", value),
        button("Not doing…", "action_not_doing", value),
        button("Edit", "action_edit", value),
    ]


def listing(action_list: ActionList, today: date, command: str) -> Message:
    """The items, one line each, and the number of items that did not fit."""
    if not action_list.items:
        return elements.line(
            f"No action items {action_list.of}. Add one: `{command} action Alert on pool usage @maya by friday P1`"
        )
    text = f"Action items {action_list.of}" if action_list.of != YOURS else "Your action items"
    text = f"{text}: {action_list.total}"
    first_items = action_list.items[:SHOWN]
    remainder = elements.left_out(action_list.total - len(first_items), "All of them: `tocsin actions`")
    native = elements.message(text, [_table(action_list, text, today), *_settle(first_items), remainder])
    return Message(native.text, native.blocks, _plain_listing(action_list, text, today).blocks)


def _plain_listing(action_list: ActionList, text: str, today: date) -> Message:
    first_items = action_list.items[:SHOWN]
    top_items, later_items = first_items[:WITH_BUTTONS], first_items[WITH_BUTTONS:]
    blocks = [block for item in top_items for block in with_buttons(item, today, action_list.tickets.get(item.id))]
    lines, omitted = elements.newest_lines([row(item, today, action_list.tickets.get(item.id)) for item in later_items])
    return elements.message(
        text,
        [
            elements.section(f"*{text}*"),
            *blocks,
            *lines,
            elements.left_out(action_list.total - len(first_items) + omitted, "All of them: `tocsin actions`"),
        ],
    )


def _table(action_list: ActionList, caption: str, today: date) -> Block | None:
    """A table of the items, with a column of tickets if any item has one."""
    rows = [
        [
            data.cell(item.id),
            data.cell(clip(plain(item.title), IN_CELL)),
            data.person_cell(item.owner, "no owner"),
            data.number(item.due.toordinal() if item.due else None, _due(item, today)),
            data.cell(str(item.priority)),
            data.cell(STATUS_WORDS[item.status]),
            *([_ticket_cell(action_list.tickets.get(item.id))] if action_list.tickets else []),
        ]
        for item in action_list.items[:SHOWN]
    ]
    head = ("ID", "Item", "Owner", "Due", "Priority", "Status", *(["Ticket"] if action_list.tickets else []))
    return data.data_table(caption, head, rows)


def _ticket_cell(ticket: Ticket | None) -> Block:
    if ticket is None or ticket.state is TicketState.GONE:
        return data.cell("" if ticket is None else f"{ticket.name}, gone")
    return data.link_cell(ticket.name, ticket.url if ticket.url.startswith(("https://", "http://")) else None)


def _ticket_text(ticket: Ticket | None) -> str:
    if ticket is None:
        return ""
    name = escape(ticket.name)
    return f"{name}, gone" if ticket.state is TicketState.GONE else elements.link(ticket.url, name)


def _due(item: ActionItem, today: date) -> str:
    if item.due is None:
        return ""
    return f"{item.due:%-d %b %Y}{', overdue' if item.is_overdue(today) else ''}"


def _settle(items: Sequence[ActionItem]) -> list[Block | None]:
    """Buttons for the first items that are to be done, and a menu of the others, settled ones too."""
    live = [item for item in items if item.live]
    menu_items = [*live[UNDER_TABLE:], *(item for item in items if not item.live)]
    blocks: list[Block | None] = []
    for item in live[:UNDER_TABLE]:
        title = clip(render(plain(item.title)), IN_CELL)
        blocks += [
            elements.context(f"*{item.id}* {title}"),
            _buttons(item),
        ]
    options = [
        elements.option(f"{item.id} {plain(item.title)}", f"INC-{item.incident}:{item.number}") for item in menu_items
    ]
    if options:
        menu = {**elements.select(options, placeholder="Choose another item"), "action_id": "action_choose"}
        blocks.append(elements.actions(menu, block_id="action:others"))
    return blocks


def row(item: ActionItem, today: date, ticket: Ticket | None = None) -> str:
    """An item in one line of mrkdwn."""
    title = clip(render(plain(item.title)), TITLE)
    facts = elements.join_dots([terms(item, today), _ticket_text(ticket)])
    return f"*{item.id}* {f'~{title}~' if not item.live else title} · {facts}"


def terms(item: ActionItem, today: date | None = None) -> str:
    """Owner, due date, priority and status of an item, as mrkdwn."""
    due = due_text(item.due)
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
