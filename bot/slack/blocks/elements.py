"""Builds single elements of Slack's Block Kit, each within Slack's limits.

Arguments named mrkdwn must be rendered by `bot.slack.text`. Limits: https://docs.slack.dev/reference/block-kit
The module is longer than others: it has one small function for each block and element of Block Kit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from bot.slack.blocks.press_value import with_tag
from bot.slack.text import chunks, clip, escape, length, plain, render

Block = dict[str, Any]

MESSAGE_BLOCKS = 50
VIEW_BLOCKS = 100
TEXT = 3000
HEADER = 150
FIELDS = 10
FIELD = 2000
ACTIONS = 25
CONTEXT = 10
BUTTON = 75
VALUE = 2000
ID = 255
METADATA = 3000
MODAL_TITLE = 24
PLACEHOLDER = 150
LABEL = 2000
OPTIONS = 100
OPTION_TEXT = 75
OPTION_VALUE = 150
GROUPS = 100
OVERFLOW = 5
FALLBACK = 2000  # our own limit: Slack cuts at 40,000, telephones far earlier
INPUT = 3000
MESSAGE_TEXT = 12_000  # of all blocks; Slack documents the error `msg_blocks_too_long`, and its message names 13,200
ANSWER_LENGTH = 11_000  # of the lines of an answer, beside its head and foot
TEXT_CHUNK, PAGE_CHUNKS, MOST_CHUNKS = 2800, 4, 80  # of a long text: four sections a message
COPIED = 1400  # characters, which may become twice as many when they are escaped
COPIED_SECTIONS = 10


@dataclass(frozen=True, slots=True)
class Message:
    """A message for Slack. `text` is the fallback, which telephones show as the notification.

    `plain_blocks` say the same without the blocks that a workspace may not have yet; None if there are none of those.
    """

    text: str
    blocks: list[Block] = field(default_factory=list)
    plain_blocks: list[Block] | None = None

    @property
    def plain(self) -> Message:
        """The message for a workspace that refuses some of its blocks."""
        return self if self.plain_blocks is None else Message(self.text, self.plain_blocks)


def message(text: str, blocks: Iterable[Block | None]) -> Message:
    """A message without its empty blocks. Beyond Slack's limit of 50 the first 49 and the last block are kept.

    Where the blocks hold more text than Slack takes, the message says how many of them are left out. Buttons stay.
    """
    filled_blocks = [block for block in blocks if block]
    if len(filled_blocks) > MESSAGE_BLOCKS:
        filled_blocks = [*filled_blocks[: MESSAGE_BLOCKS - 1], filled_blocks[-1]]
    at_most = 2 * len(repr(filled_blocks))  # a character counts two at most; almost every message ends here
    if at_most > MESSAGE_TEXT and sum(map(text_length, filled_blocks)) > MESSAGE_TEXT:
        filled_blocks = _within_text(filled_blocks)
    return Message(clip(text, FALLBACK), filled_blocks)


def text_length(value: Any) -> int:
    """The characters of text in a block, which Slack counts over all blocks of a message."""
    if isinstance(value, dict):
        own = length(value["text"]) if isinstance(value.get("text"), str) else 0
        return own + sum(text_length(part) for part in value.values() if isinstance(part, dict | list))
    return sum(map(text_length, value)) if isinstance(value, list) else 0


def _within_text(blocks: Sequence[Block]) -> list[Block]:
    """The blocks that fit, in order, with a line about the others. All buttons and the foot are kept."""
    note_length = 100
    foot = len(blocks) - 1
    while foot and blocks[foot - 1]["type"] != "section":
        foot -= 1
    fixed = {index for index, block in enumerate(blocks) if block["type"] == "actions" or index >= foot}
    room = MESSAGE_TEXT - note_length - sum(text_length(blocks[index]) for index in fixed)
    fitting_blocks: list[Block] = []
    omitted = 0
    for index, block in enumerate(blocks):
        if index not in fixed:
            room -= text_length(block)
            if room < 0:
                omitted += 1
                continue
        if omitted and index == foot:
            fitting_blocks.append(context(f"… and {omitted} more parts, which do not fit into one message."))
        fitting_blocks.append(block)
    return fitting_blocks


def text_pages(mrkdwn: str) -> list[list[str]]:
    """A long text in chunks for sections, grouped by the message that holds them."""
    pieces = chunks(mrkdwn, TEXT_CHUNK, MOST_CHUNKS)
    return [pieces[i : i + PAGE_CHUNKS] for i in range(0, len(pieces), PAGE_CHUNKS)]


def line(mrkdwn: str) -> Message:
    """A message of one paragraph, which also serves as the notification's text."""
    return message(mrkdwn, [section(mrkdwn)])


def section(mrkdwn: str, accessory: Block | None = None, block_id: str | None = None) -> Block:
    """A section. Without `expand` Slack may hide the end of a tall one behind "see more".
    https://docs.slack.dev/reference/block-kit/blocks/section-block
    """
    block: Block = {"type": "section", "text": {"type": "mrkdwn", "text": clip(mrkdwn, TEXT)}, "expand": True}
    if accessory:
        block["accessory"] = accessory
    return _with_block_id(block, with_tag(block_id, [accessory] if accessory else []))


def sections(mrkdwn: str, at_most: int = 3) -> list[Block]:
    """Split a long text into several sections; text that does not fit into the last is cut."""
    return [section(piece) for piece in chunks(mrkdwn, TEXT, at_most)]


def fields(pairs: Sequence[tuple[str, str]]) -> list[Block]:
    """Labelled facts, two in a row; ten in a block."""
    cells = [{"type": "mrkdwn", "text": clip(f"*{label}*\n{value}", FIELD)} for label, value in pairs]
    return [{"type": "section", "fields": cells[i : i + FIELDS]} for i in range(0, len(cells), FIELDS)]


def context(*mrkdwn: str) -> Block:
    """A context block of small mrkdwn texts. What exceeds Slack's limit of elements is left out."""
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": clip(m, TEXT)} for m in mrkdwn[:CONTEXT]]}


def header(text: str) -> Block:
    """A header block; plain text, clipped."""
    return {"type": "header", "text": plain_text(text, HEADER)}


def divider() -> Block:
    """A horizontal line."""
    return {"type": "divider"}


def actions(*buttons: Block | None, block_id: str | None = None) -> Block | None:
    """A row of buttons. None without buttons."""
    row = [block for block in buttons if block]
    return _with_block_id({"type": "actions", "elements": row[:ACTIONS]}, with_tag(block_id, row)) if row else None


def button(label: str, action_id: str, value: str, *, style: str | None = None) -> Block:
    """A button. `style` is `primary` or `danger`; None gives a neutral one. See `press_value` for `value`."""
    block: Block = {
        "type": "button",
        "text": plain_text(label, BUTTON),
        "action_id": action_id[:ID],
        "value": value if length(value) <= VALUE else clip(value, VALUE),
    }
    if style:
        block["style"] = style
    return block


def with_confirmation(block: Block, title: str, text: str, yes: str, no: str = "Cancel") -> Block:
    """The button with a confirmation dialog."""
    dialog = {
        "title": plain_text(title, 100),
        "text": plain_text(text, 300),
        "confirm": plain_text(yes, 30),
        "deny": plain_text(no, 30),
    }
    return {**block, "confirm": dialog}


def overflow(action_id: str, options: Sequence[Block]) -> Block:
    """The menu behind three dots, which takes at most five options."""
    return {"type": "overflow", "action_id": action_id[:ID], "options": list(options[:OVERFLOW])}


def preformatted(text: str) -> str:
    """Text to copy verbatim: only Slack's own markup is escaped, which Slack undoes when the text is copied."""
    return f"```{escape(text.replace('```', '´´´'))}```"


def to_copy(text: str) -> list[Block]:
    """A long text to copy verbatim, over as many sections as it needs."""
    return [section(preformatted(piece)) for piece in chunks(text, COPIED, COPIED_SECTIONS)]


def typed_again(typed: Sequence[tuple[str, str]]) -> list[Block]:
    """The text that a person typed into a form, to copy, with the labels of its inputs; empty if they typed nothing."""
    blocks = [context("What you typed, to copy:")] if typed else []
    for label, text in typed:
        blocks += [section(f"*{render(plain(label))}*"), *to_copy(text)]
    return blocks


def plain_text(text: str, limit: int) -> Block:
    """A plain_text object. Empty text becomes a dash, because Slack refuses empty text."""
    return {"type": "plain_text", "text": clip(plain(text), limit) or "–", "emoji": True}


def option(label: str, value: str, description: str = "") -> Block:
    """An option of a select. Slack sends `value` back, so it is never cut and must fit (see `usable`)."""
    block: Block = {"text": plain_text(label, OPTION_TEXT), "value": value}
    if description:
        block["description"] = plain_text(description, OPTION_TEXT)
    return block


def usable(values: Iterable[str]) -> list[str]:
    """The values that fit into an option."""
    return [value for value in values if 0 < len(value) <= OPTION_VALUE]


def option_groups(options: Sequence[Block]) -> Block:
    """The options of a select, in groups named after their first and last where there are more than Slack takes."""
    if len(options) <= OPTIONS:
        return {"options": list(options)}
    parts = [list(options[start : start + OPTIONS]) for start in range(0, len(options), OPTIONS)]
    return {"option_groups": [{"label": _from_to(part), "options": part} for part in parts[:GROUPS]]}


def _from_to(options: Sequence[Block]) -> Block:
    first, last = (clip(option["text"]["text"], 30) for option in (options[0], options[-1]))
    return plain_text(f"{first} to {last}", OPTION_TEXT)


def select(options: Sequence[Block], chosen: str | None = None, placeholder: str = "Choose one") -> Block:
    """A select menu. `chosen` is the value selected at first; with None, or a value that is no option, none is."""
    element: Block = {
        "type": "static_select",
        **option_groups(options),
        "placeholder": plain_text(placeholder, PLACEHOLDER),
    }
    if initial := next((block for block in options if block["value"] == chosen), None):
        element["initial_option"] = initial
    return element


def text_input(initial: str = "", *, multiline: bool = False, longest: int = INPUT, placeholder: str = "") -> Block:
    """A text input. `longest` counts characters and is at most Slack's limit."""
    element: Block = {"type": "plain_text_input", "max_length": min(longest, INPUT)}
    if multiline:
        element["multiline"] = True
    if initial:
        element["initial_value"] = clip(initial, min(longest, INPUT))
    if placeholder:
        element["placeholder"] = plain_text(placeholder, PLACEHOLDER)
    return element


def input_block(name: str, label: str, element: Block, *, optional: bool = False, hint: str = "") -> Block:
    """An input of a modal. Its `block_id` and the `action_id` of its element are both `name`.

    Label and hint are plain text, where Slack would show the backticks of a command.
    """
    block: Block = {
        "type": "input",
        "block_id": name[:ID],
        "label": plain_text(label.replace("`", ""), LABEL),
        "element": {**element, "action_id": name[:ID]},
        "optional": optional,
    }
    if hint:
        block["hint"] = plain_text(hint.replace("`", ""), LABEL)
    return block


def modal(callback: str, title: str, submit: str | None, blocks: Sequence[Block], metadata: str = "") -> Block:
    """A modal view. Without `submit` it only shows something, and has no button to submit."""
    view: Block = {
        "type": "modal",
        "callback_id": callback,
        "title": plain_text(title, MODAL_TITLE),
        "close": plain_text("Cancel" if submit else "Close", MODAL_TITLE),
        "private_metadata": metadata,
        "blocks": list(blocks[:VIEW_BLOCKS]),
    }
    if submit:
        view["submit"] = plain_text(submit, MODAL_TITLE)
    return view


def code(typed: str) -> str:
    """A command to type, as inline code."""
    return f"`{render(' '.join(typed.split())).replace('`', 'ˋ')}`"


def clock(at: datetime) -> str:
    """The time of day, in the reader's time zone."""
    return _date(at, "{time}", "%H:%M UTC")


def moment(at: datetime) -> str:
    """Day and time, in the reader's time zone."""
    return _date(at, "{date_short_pretty} {time}", "%-d %b %H:%M UTC")


def link(url: str, label: str) -> str:
    """A link with `label` (mrkdwn); the label alone if `url` is no web address."""
    if not url.startswith(("https://", "http://")):
        return label
    return f"<{escape(url).replace('|', '%7C')}|{label}>"


def clock_and_age(at: datetime) -> str:
    """The time of day and how long ago that is, which Slack keeps up to date."""
    return _date(at, "{time}, {ago}", "%H:%M UTC")


def moment_and_age(at: datetime) -> str:
    """Day and time, and how long ago that is, which Slack keeps up to date."""
    return _date(at, "{date_short_pretty} {time}, {ago}", "%-d %b %H:%M UTC")


def utc(at: datetime) -> str:
    """The time of day in UTC, for places where Slack renders no date tokens."""
    return at.astimezone(UTC).strftime("%H:%M UTC")


def left_out(count: int, how: str, *, at_least: bool = False) -> Block | None:
    """A line about items that did not fit; `how` says where to find them. None if all fit.

    `at_least`: there are more than were counted.
    """
    return context(f"… and {'at least ' if at_least else ''}{count} more. {how}") if count > 0 else None


def newest_lines(lines: Sequence[str]) -> tuple[list[Block], int]:
    """The last lines that fit, packed into sections, and the number of lines that did not fit."""
    fitting_lines: list[str] = []
    room = ANSWER_LENGTH
    for line in reversed(lines):
        room -= length(line) + 1
        if room < 0:
            break
        fitting_lines.insert(0, line)
    blocks: list[Block] = []
    pack: list[str] = []
    for piece in [piece for line in fitting_lines for piece in chunks(line, TEXT_CHUNK, PAGE_CHUNKS)]:
        if pack and length("\n".join([*pack, piece])) > TEXT:
            blocks.append(section("\n".join(pack)))
            pack = []
        pack.append(piece)
    if pack:
        blocks.append(section("\n".join(pack)))
    return blocks, len(lines) - len(fitting_lines)


def join_dots(parts: Iterable[str]) -> str:
    """Join the parts that are not empty with middle dots."""
    return " · ".join(part for part in parts if part)


def join_spaces(*parts: str) -> str:
    """Join the parts that are not empty with spaces."""
    return " ".join(part for part in parts if part)


def join_comma(items: Sequence[str], at_most: int = 10) -> str:
    """Join with commas; items beyond `at_most` are counted."""
    joined = ", ".join(items[:at_most])
    return f"{joined} and {len(items) - at_most} more" if len(items) > at_most else joined


def join_and(items: Sequence[str], at_most: int = 10) -> str:
    """Join with commas and, before the last, “and”; items beyond `at_most` are counted."""
    if len(items) < 2 or len(items) > at_most:
        return join_comma(items, at_most)
    return f"{', '.join(items[:-1])} and {items[-1]}"


def _date(at: datetime, form: str, fallback: str) -> str:
    return f"<!date^{int(at.timestamp())}^{form}|{at.astimezone(UTC).strftime(fallback)}>"


def _with_block_id(block: Block, block_id: str | None) -> Block:
    return {**block, "block_id": block_id[:ID]} if block_id else block
