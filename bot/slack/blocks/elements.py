"""Block Kit's small parts, each within Slack's limits. What is called mrkdwn here was rendered by `bot.slack.text`.

Limits: https://docs.slack.dev/reference/block-kit
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from bot.slack.text import chunks, clip, escape, plain, render

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
FALLBACK = 2000  # of our own: Slack cuts at 40,000, a telephone long before
INPUT = 3000


@dataclass(frozen=True, slots=True)
class Message:
    """What Slack is to show. `text` is the fallback, which telephones show as the notification."""

    text: str
    blocks: list[Block] = field(default_factory=list)


def message(text: str, blocks: Iterable[Block | None]) -> Message:
    """Empty blocks left out. Callers keep lists short; whatever still stands beyond 50 blocks gives way to the last."""
    kept = [block for block in blocks if block]
    if len(kept) > MESSAGE_BLOCKS:
        kept = [*kept[: MESSAGE_BLOCKS - 1], kept[-1]]
    return Message(clip(text, FALLBACK), kept)


def line(mrkdwn: str) -> Message:
    """A message of one paragraph, which is its own fallback."""
    return message(mrkdwn, [section(mrkdwn)])


def section(mrkdwn: str, accessory: Block | None = None, block_id: str | None = None) -> Block:
    """`expand`: else Slack may hide the end of it behind "see more", by how high it is on the screen of the reader.
    https://docs.slack.dev/reference/block-kit/blocks/section-block
    """
    block: Block = {"type": "section", "text": {"type": "mrkdwn", "text": clip(mrkdwn, TEXT)}, "expand": True}
    if accessory:
        block["accessory"] = accessory
    return _named(block, block_id)


def sections(mrkdwn: str, at_most: int = 3) -> list[Block]:
    """A long text over several sections, so that little of it is lost."""
    return [section(piece) for piece in chunks(mrkdwn, TEXT, at_most)]


def fields(pairs: Sequence[tuple[str, str]]) -> list[Block]:
    """Labelled facts, two in a row; ten in a block."""
    cells = [{"type": "mrkdwn", "text": clip(f"*{label}*\n{value}", FIELD)} for label, value in pairs]
    return [{"type": "section", "fields": cells[i : i + FIELDS]} for i in range(0, len(cells), FIELDS)]


def context(*mrkdwn: str) -> Block:
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": clip(m, TEXT)} for m in mrkdwn[:CONTEXT]]}


def header(text: str) -> Block:
    return {"type": "header", "text": plain_text(text, HEADER)}


def divider() -> Block:
    return {"type": "divider"}


def actions(*buttons: Block | None, block_id: str | None = None) -> Block | None:
    shown = [one for one in buttons if one]
    return _named({"type": "actions", "elements": shown[:ACTIONS]}, block_id) if shown else None


def button(label: str, action_id: str, value: str, *, style: str | None = None) -> Block:
    block: Block = {
        "type": "button",
        "text": plain_text(label, BUTTON),
        "action_id": action_id[:ID],
        "value": clip(value, VALUE),
    }
    if style:
        block["style"] = style
    return block


def confirmed(block: Block, title: str, text: str, yes: str, no: str = "Cancel") -> Block:
    """A button that asks first."""
    input_block = {
        "title": plain_text(title, 100),
        "text": plain_text(text, 300),
        "confirm": plain_text(yes, 30),
        "deny": plain_text(no, 30),
    }
    return {**block, "confirm": input_block}


def overflow(action_id: str, options: Sequence[Block]) -> Block:
    """The menu behind three dots; Slack takes five at most."""
    return {"type": "overflow", "action_id": action_id[:ID], "options": list(options[:OVERFLOW])}


def preformatted(text: str) -> str:
    """To copy as it stands: only what Slack itself takes for markup is escaped, which it undoes when it is copied."""
    return f"```{escape(text.replace('```', '´´´'))}```"


def plain_text(text: str, limit: int) -> Block:
    """A plain_text object; what is empty becomes a dash, which Slack accepts."""
    return {"type": "plain_text", "text": clip(plain(text), limit) or "–", "emoji": True}


def option(label: str, value: str, description: str = "") -> Block:
    """`value` must be short: it comes back as it stands, so it is never cut."""
    chosen: Block = {"text": plain_text(label, OPTION_TEXT), "value": value}
    if description:
        chosen["description"] = plain_text(description, OPTION_TEXT)
    return chosen


def usable(values: Iterable[str]) -> list[str]:
    """The values that fit into an option, at most as many as a select takes."""
    return [value for value in values if 0 < len(value) <= OPTION_VALUE][:OPTIONS]


def select(options: Sequence[Block], chosen: str | None = None, placeholder: str = "Choose one") -> Block:
    element: Block = {
        "type": "static_select",
        "options": list(options),
        "placeholder": plain_text(placeholder, PLACEHOLDER),
    }
    if initial := next((one for one in options if one["value"] == chosen), None):
        element["initial_option"] = initial
    return element


def text_input(initial: str = "", *, multiline: bool = False, longest: int = INPUT, placeholder: str = "") -> Block:
    element: Block = {"type": "plain_text_input", "max_length": min(longest, INPUT)}
    if multiline:
        element["multiline"] = True
    if initial:
        element["initial_value"] = clip(initial, min(longest, INPUT))
    if placeholder:
        element["placeholder"] = plain_text(placeholder, PLACEHOLDER)
    return element


def input_block(name: str, label: str, element: Block, *, optional: bool = False, hint: str = "") -> Block:
    """An input of a modal. Its `block_id` and the `action_id` of its element are both `name`."""
    block: Block = {
        "type": "input",
        "block_id": name[:ID],
        "label": plain_text(label, LABEL),
        "element": {**element, "action_id": name[:ID]},
        "optional": optional,
    }
    if hint:
        block["hint"] = plain_text(hint, LABEL)
    return block


def modal(callback: str, title: str, submit: str | None, blocks: Sequence[Block], metadata: str = "") -> Block:
    """A view; without `submit` it only tells something."""
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
    """A command to type, as it stands."""
    return f"`{render(' '.join(typed.split())).replace('`', 'ˋ')}`"


def clock(at: datetime) -> str:
    """The time of day where the reader is."""
    return _date(at, "{time}", "%H:%M UTC")


def moment(at: datetime) -> str:
    """Day and time where the reader is."""
    return _date(at, "{date_short_pretty} {time}", "%-d %b %H:%M UTC")


def utc(at: datetime) -> str:
    """For places that know no date tokens."""
    return at.astimezone(UTC).strftime("%H:%M UTC")


def left_out(count: int, how: str) -> Block | None:
    return context(f"… and {count} more. {how}") if count > 0 else None


def join_dots(parts: Iterable[str]) -> str:
    """The parts that say something, between middle dots."""
    return " · ".join(part for part in parts if part)


def join_comma(items: Sequence[str], at_most: int = 10) -> str:
    shown = ", ".join(items[:at_most])
    return f"{shown} and {len(items) - at_most} more" if len(items) > at_most else shown


def _date(at: datetime, form: str, fallback: str) -> str:
    return f"<!date^{int(at.timestamp())}^{form}|{at.astimezone(UTC).strftime(fallback)}>"


def _named(block: Block, block_id: str | None) -> Block:
    return {**block, "block_id": block_id[:ID]} if block_id else block
