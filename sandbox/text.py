"""Formats the sandbox's channels, messages and views as plain text, for terminals and tests."""

import re
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.forms import VALUE_FIELD, fields
from sandbox.model import Channel, Ephemeral, Json, Message, User, View
from sandbox.mrkdwn import unescape
from sandbox.state import State

CONTROL = re.compile(r"<([^<>]+)>")
DATE = re.compile(r"!date\^\d+\^[^|]*\|(.*)", re.DOTALL)


def readable(state: State, text: str) -> str:
    """Return Slack's text as a person reads it: names for IDs, labels for links."""

    def name(match: re.Match[str]) -> str:
        inside = match.group(1)
        target, _, label = inside.partition("|")
        if target.startswith("@"):
            user = state.users.get(target[1:])
            return f"@{user.name}" if user else label or target
        if target.startswith("#"):
            channel = state.channels.get(target[1:])
            return f"#{channel.name}" if channel else f"#{label}"
        if date := DATE.fullmatch(inside):
            return date.group(1)
        if target.startswith("!subteam^"):
            group = state.usergroups.get(target.removeprefix("!subteam^"))
            return f"@{group.handle}" if group else label
        if target.startswith("!"):
            return f"@{target[1:]}"
        return f"{label} ({target})" if label and label != target else target

    return unescape(CONTROL.sub(name, text))


def block_lines(  # noqa: C901, PLR0911, PLR0912 - a table: one form for each type of block
    state: State, block: Json
) -> list[str]:
    """Return one block as lines."""
    match block["type"]:
        case "header":
            return [f"# {block['text']['text']}"]
        case "divider":
            return ["────────"]
        case "section":
            return _section(state, block)
        case "context":
            parts = [element.get("text") or f"[{element.get('alt_text', 'image')}]" for element in block["elements"]]
            return _lines(readable(state, "  ".join(parts)), "· ")
        case "actions":
            return [" ".join(_element(state, element) for element in block["elements"])]
        case "image":
            return [f"[image: {block['alt_text']}]"]
        case "rich_text":
            return _rich(state, block)
        case "markdown":
            return str(block["text"]).splitlines()
        case "table":
            return [" | ".join(_cell(state, cell) for cell in row) for row in block["rows"]]
        case "data_table":
            return [block["caption"], *(" | ".join(_cell(state, cell) for cell in row) for row in block["rows"])]
        case "data_visualization":
            return [f"[chart: {block['title']}]", *_chart(block["chart"])]
        case "container":
            title = block.get("title") or {"text": " ".join(_rich(state, block["rich_text_title"]))}
            inner = [line for child in block["child_blocks"] for line in block_lines(state, child)]
            return [f"# {title['text']}", *(f"│ {line}" for line in inner)]
        case "input":
            return [f"{block['label']['text']}: {_element(state, block['element'])}"]
    return [f"[{block['type']}]"]


def _lines(text: str, prefix: str = "") -> list[str]:
    return [prefix + line for line in text.splitlines()] or [prefix]


def _section(state: State, block: Json) -> list[str]:
    lines = _lines(readable(state, block["text"]["text"])) if block.get("text") else []
    for field in block.get("fields") or []:
        lines.append("  ".join(readable(state, field["text"]).splitlines()))
    if block.get("accessory"):
        lines.append(_element(state, block["accessory"]))
    return lines


def _element(state: State, element: Json) -> str:
    kind = element["type"]
    if kind in ("button", "workflow_button"):
        return f"[{element['text']['text']}]"
    if kind == "image":
        return f"[image: {element['alt_text']}]"
    if kind == "overflow":
        return "[⋯ " + " / ".join(option["text"]["text"] for option in element["options"]) + "]"
    placeholder = (element.get("placeholder") or {}).get("text", kind.replace("_", " "))
    chosen = element.get("initial_option")
    return f"[{chosen['text']['text'] if chosen else placeholder} ▾]"


def _cell(state: State, cell: Json) -> str:
    if cell["type"] == "rich_text":
        return " ".join(_rich(state, cell))
    return str(cell.get("text", cell.get("value", "")))


def _chart(chart: Json) -> list[str]:
    """Return a chart's values, a line for each segment or series."""
    if chart["type"] == "pie":
        return [f"{segment['label']}: {segment['value']}" for segment in chart["segments"]]
    lines = []
    for series in chart["series"]:
        points = [f"{point['label']} {point['value']}" for point in series["data"]]
        lines.append(f"{series['name']}: {', '.join(points)}")
    return lines


def _rich(state: State, block: Json) -> list[str]:
    return [line for part in block["elements"] for line in rich_lines(state, part)]


def rich_lines(state: State, part: Json) -> list[str]:
    """Return one part of a rich text block as lines."""
    if part["type"] == "rich_text_list":
        bullets = enumerate(part["elements"], 1)
        ordered = part["style"] == "ordered"
        return [f"{f'{number}.' if ordered else '•'} {''.join(rich_lines(state, item))}" for number, item in bullets]
    text = "".join(_inline(state, element) for element in part["elements"])
    prefix = "> " if part["type"] == "rich_text_quote" else ""
    return _lines(text, prefix)


def _inline(state: State, element: Json) -> str:
    match element["type"]:
        case "text":
            return str(element["text"])
        case "link":
            return str(element.get("text") or element["url"])
        case "emoji":
            return f":{element['name']}:"
        case "user":
            user = state.users.get(element["user_id"])
            return f"@{user.name}" if user else f"@{element['user_id']}"
        case "channel":
            channel = state.channels.get(element["channel_id"])
            return f"#{channel.name}" if channel else f"#{element['channel_id']}"
        case "usergroup":
            group = state.usergroups.get(element["usergroup_id"])
            return f"@{group.handle}" if group else f"@{element['usergroup_id']}"
        case "broadcast":
            return f"@{element['range']}"
    return str(element.get("fallback") or element.get("value") or "")


def message_lines(state: State, message: Message | Ephemeral) -> list[str]:
    """Return a message as lines: its blocks, or its text if it has none, then attachments, files and reactions."""
    if message.blocks:
        lines = [line for block in message.blocks for line in block_lines(state, block)]
    else:
        lines = _lines(readable(state, message.text)) if message.text else []
    for attachment in message.attachments or []:
        for block in attachment.get("blocks") or []:
            lines += [f"│ {line}" for line in block_lines(state, block)]
        if not attachment.get("blocks"):
            lines += _lines(readable(state, str(attachment.get("text") or attachment.get("fallback") or "")), "│ ")
    if isinstance(message, Message):
        lines += [f"[file: {state.files[file].name}]" for file in message.files]
        if message.reactions:
            lines.append("  ".join(f":{r['name']}: {len(r['users'])}" for r in message.reactions))
    return lines


def _clock(ts: str, tz: str) -> str:
    return datetime.fromtimestamp(float(ts), UTC).astimezone(ZoneInfo(tz)).strftime("%H:%M")


def _author(state: State, message: Message | Ephemeral) -> str:
    if isinstance(message, Ephemeral):
        return "Slackbot" if message.from_slack else "the app"
    user = state.users.get(message.user)
    name = message.username or (user.real_name if user else message.user)
    return f"{name} APP" if message.bot_id else name


def channel_text(state: State, channel: Channel, viewer: User | None) -> str:
    """Return a whole channel with its threads, and the ephemeral messages of `viewer`."""
    tz = viewer.tz if viewer else "UTC"
    title = f"#{channel.name}" + (f" — {readable(state, channel.topic['value'])}" if channel.topic["value"] else "")
    lines = [title, ""]
    stamped: list[tuple[str, Any]] = [(message.ts, message) for message in state.logs[channel.id]]
    if viewer is not None:
        stamped += [(ephemeral.ts, ephemeral) for ephemeral in state.ephemerals_for(viewer.id, channel.id)]
    pins = {pin["ts"] for pin in channel.pins}
    for ts, message in sorted(stamped, key=lambda pair: pair[0]):
        lines += _entry(state, message, tz, pinned=ts in pins)
        if isinstance(message, Message) and not message.is_reply:
            for reply in state.logs[channel.id].replies(message.ts):
                lines += [f"    {line}" for line in _entry(state, reply, tz, pinned=reply.ts in pins)]
    return "\n".join(lines) + "\n"


def _entry(state: State, message: Message | Ephemeral, tz: str, *, pinned: bool) -> list[str]:
    body = message_lines(state, message)
    suffixes = []
    if isinstance(message, Ephemeral):
        suffixes.append("(only visible to you)")
    elif message.edited:
        suffixes.append("(edited)")
    if pinned:
        suffixes.append("(pinned)")
    when = _clock(message.ts, tz)
    if isinstance(message, Message) and (message.subtype or "").startswith("channel_"):
        return [f"{when}  {' '.join(body)}"]
    return [" ".join([f"{when}  {_author(state, message)}", *suffixes]), *(f"       {line}" for line in body)]


def view_text(state: State, view: View) -> str:
    """Return a modal or home tab as plain text, with its entries and errors."""
    values = {
        (field.block_id, field.action_id): view.values.get(field.block_id, {}).get(field.action_id, {})
        for field in fields(view.body["blocks"])
    }
    lines = [f"┌ {view.title or 'Home'}"]
    for block in view.body["blocks"]:
        if block["type"] == "input":
            lines += _input_lines(state, block, values[block["block_id"], block["element"]["action_id"]], view)
        else:
            lines += [f"│ {line}" for line in block_lines(state, block)]
    buttons = [view.body[name]["text"] for name in ("close", "submit") if view.body.get(name)]
    if view.trouble:
        lines.append(f"│ ! {view.trouble}")
    lines.append("└ " + " ".join(f"[{label}]" for label in buttons))
    return "\n".join(lines) + "\n"


def _input_lines(state: State, block: Json, value: Json, view: View) -> list[str]:
    entered = value.get(VALUE_FIELD[block["element"]["type"]])
    optional = " (optional)" if block.get("optional") else ""
    if block["element"]["type"] == "datetimepicker" and isinstance(entered, int):
        entered = datetime.fromtimestamp(entered, ZoneInfo(state.users[view.user].tz)).strftime("%-d %b %H:%M")
    lines = [f"│ {block['label']['text']}{optional}: {_entered_text(state, entered)}"]
    if block["block_id"] in view.errors:
        lines.append(f"│   ! {view.errors[block['block_id']]}")
    return lines


def _entered_text(state: State, entered: Any) -> str:
    if entered in (None, "", []):
        return "____"
    if isinstance(entered, list):
        return ", ".join(_entered_text(state, value) for value in entered)
    if isinstance(entered, dict):
        return str((entered.get("text") or {}).get("text") or entered.get("id") or "…")
    if isinstance(entered, str) and entered in state.users:
        return f"@{state.users[entered].name}"
    if isinstance(entered, str) and entered in state.channels:
        return f"#{state.channels[entered].name}"
    return str(entered)
