"""Validates blocks, attachments and views that the bot sends to the sandbox, with Slack's error messages."""

import copy
import json
from collections.abc import Collection, Iterable, Iterator
from typing import Any
from uuid import uuid4

from sandbox.data_blocks import CELLS, DATA_BLOCKS, check_data_totals, container
from sandbox.elements import ACCESSORY, IMAGE_ELEMENT, IN_ACTIONS, IN_CONTEXT, IN_INPUT
from sandbox.errors import SlackError, invalid_arguments
from sandbox.model import Json
from sandbox.richtext import RICH_TEXT
from sandbox.schema_dsl import (
    ID,
    Check,
    Report,
    anything,
    boolean,
    by_type,
    items,
    plain,
    record,
    string,
    text,
    typed,
    url,
)

MESSAGE_BLOCKS = 50
VIEW_BLOCKS = 100
MAX_ATTACHMENTS = 100
MAX_MARKDOWN = 12_000
# Characters of text in all blocks of a message. Slack documents the error (msg_blocks_too_long) but not the limit;
# this one is from its message, "no more than 13200 characters allowed".
MAX_BLOCK_TEXT = 13_200
MAX_VIEW_BYTES = 250_000
BLOCK: dict[str, Check] = {"block_id": string(ID)}


def _has_text(section: Json, at: str, report: Report) -> None:
    if not section.get("text") and not section.get("fields"):
        report(at, "must provide a text or fields")


def _has_one_source(image: Json, at: str, report: Report) -> None:
    if bool(image.get("image_url")) == bool(image.get("slack_file")):
        report(at, "must provide either image_url or slack_file")


CELL = by_type(CELLS)
COLUMN = record({}, {"align": string(among=("left", "center", "right")), "is_wrapped": boolean})

BLOCKS: dict[str, Check] = {
    "section": typed(
        "section",
        {},
        BLOCK
        | {
            "text": text(3000),
            "fields": items(text(2000), 10, fewest=1),
            "accessory": ACCESSORY,
            "expand": boolean,
        },
        _has_text,
    ),
    "header": typed("header", {"text": plain(150)}, BLOCK),
    "divider": typed("divider", {}, BLOCK),
    "context": typed("context", {"elements": items(IN_CONTEXT, 10, fewest=1)}, BLOCK),
    "actions": typed("actions", {"elements": items(IN_ACTIONS, 25, fewest=1)}, BLOCK),
    "image": typed(
        "image",
        {"alt_text": string(2000)},
        BLOCK | {"title": plain(2000), "image_url": url, "slack_file": record({}, {"id": string(), "url": url})},
        _has_one_source,
    ),
    "input": typed(
        "input",
        {"label": plain(2000), "element": IN_INPUT},
        BLOCK | {"hint": plain(2000), "optional": boolean, "dispatch_action": boolean},
    ),
    "rich_text": RICH_TEXT,
    "markdown": typed("markdown", {"text": string(MAX_MARKDOWN)}, BLOCK),
    "table": typed(
        "table",
        {"rows": items(items(CELL, 20, fewest=1), 100, fewest=1)},
        BLOCK | {"column_settings": items(COLUMN, 20)},
    ),
    "video": typed(
        "video",
        {"alt_text": string(), "title": plain(199), "thumbnail_url": url, "video_url": url},
        BLOCK
        | {
            "title_url": url,
            "description": plain(200),
            "author_name": string(49),
            "provider_name": string(),
            "provider_icon_url": url,
        },
    ),
    "alert": typed(
        "alert",
        {"text": text(200)},
        BLOCK | {"level": string(among=("default", "info", "warning", "error", "success"))},
    ),
    **DATA_BLOCKS,
}
IN_CONTAINER = ("section", "header", "divider", "context", "actions", "image", "input", "rich_text", "table", "video")
BLOCKS["container"] = container({kind: BLOCKS[kind] for kind in IN_CONTAINER})
SURFACES = {
    "message": ("section", "header", "divider", "context", "actions", "image", "input", "rich_text", "markdown",
                "table", "video", "data_table", "data_visualization", "container"),
    "modal": ("section", "header", "divider", "context", "actions", "image", "input", "rich_text", "video", "alert"),
    "home": ("section", "header", "divider", "context", "actions", "image", "input", "rich_text", "table", "video",
             "data_table"),
}  # fmt: skip
ON = {name: by_type({kind: BLOCKS[kind] for kind in kinds}) for name, kinds in SURFACES.items()}
__all__ = ["IMAGE_ELEMENT", "attachments_of", "blocks_of", "view_of"]


class ErrorLines:
    """Collects error lines with the JSON pointer to the value at fault."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def __call__(self, at: str, message: str) -> None:
        self.lines.append(f"{message} [json-pointer:{at}]")


def block_errors(blocks: Any, surface: str, at: str = "/blocks", refused: Collection[str] = ()) -> list[str]:
    """Return Slack's error lines for these blocks; empty if they are valid.

    `refused` are types that this workspace does not take, as while Slack introduces a block.
    """
    errors = ErrorLines()
    most = MESSAGE_BLOCKS if surface == "message" else VIEW_BLOCKS
    items(ON[surface], most)(blocks, at, errors)
    if not errors.lines:
        for index, block in enumerate(blocks):
            if block["type"] in refused:
                errors(f"{at}/{index}/type", f"unsupported type: {block['type']}")
        _check_ids(blocks, at, errors)
        _check_totals(blocks, at, errors)
    return errors.lines


def _check_ids(blocks: list[Json], at: str, report: Report) -> None:
    block_ids: set[str] = set()
    for index, block in enumerate(flat(blocks)):
        block_id = block.get("block_id")
        if block_id in block_ids:
            report(f"{at}/{index}/block_id", f"`block_id` already exists: {block_id}")
        if block_id:
            block_ids.add(block_id)
        actions: set[str] = set()
        for action_id in action_ids(block):
            if action_id in actions:
                report(f"{at}/{index}", f'action_id "{action_id}" already exists for block_id "{block_id or index}"')
            actions.add(action_id)


def flat(blocks: Iterable[Json]) -> Iterator[Json]:
    """Iterate over blocks, each container followed by the blocks in it."""
    for block in blocks:
        yield block
        if block["type"] == "container":
            yield from block["child_blocks"]


def action_ids(block: Json) -> list[str]:
    """The action IDs of one block."""
    return [str(element["action_id"]) for element in elements_of(block) if element.get("action_id")]


def elements_of(block: Json) -> list[Json]:
    """The interactive elements of one block."""
    if block["type"] == "actions":
        return list(block["elements"])
    element = block.get("element") or block.get("accessory")
    return [element] if isinstance(element, dict) and element.get("type") != "image" else []


def _check_totals(blocks: list[Json], at: str, report: Report) -> None:
    markdown = sum(len(block["text"]) for block in blocks if block["type"] == "markdown")
    check_data_totals(blocks, at, report)
    if markdown > MAX_MARKDOWN:
        report(at, f"markdown blocks must be less than {MAX_MARKDOWN + 1} characters in all")
    if sum(block["type"] == "table" for block in flat(blocks)) > 1:
        report(at, "only one table is allowed per message")


def _refusal(lines: list[str]) -> SlackError:
    messages = [f"[ERROR] {line}" for line in lines]
    return SlackError("invalid_blocks", errors=lines, response_metadata={"messages": messages})


def blocks_of(value: Any, surface: str = "message", *, refused: Collection[str] = ()) -> list[Json] | None:
    """Validate a message's blocks and fill in missing IDs; `None` if there are none. Raises `SlackError`.

    Block types in `refused` are not valid.
    """
    if value is None or value in ([], ""):
        return None
    if not isinstance(value, list):
        raise SlackError("invalid_blocks_format")
    if lines := block_errors(value, surface, refused=refused):
        raise _refusal(lines)
    if sum(len(part) for part in texts(value)) > MAX_BLOCK_TEXT:
        raise SlackError("msg_blocks_too_long")
    return with_ids(value)


def texts(value: Any) -> list[str]:
    """Return all text in blocks, in order."""
    if isinstance(value, list):
        return [part for inner in value for part in texts(inner)]
    if isinstance(value, dict):
        return [
            part
            for key, inner in value.items()
            for part in ([inner] if key == "text" and isinstance(inner, str) else texts(inner))
        ]
    return []


def with_ids(blocks: list[Json]) -> list[Json]:
    """Return a copy of the blocks in which every block and element has an ID, as Slack stores them."""
    copies = copy.deepcopy(blocks)
    for block in flat(copies):
        block.setdefault("block_id", uuid4().hex[:5])
        for element in elements_of(block):
            element.setdefault("action_id", uuid4().hex[:5])
    return copies


def attachments_of(value: Any, *, refused: Collection[str] = ()) -> list[Json] | None:
    """Validate a message's attachments and their blocks; `None` if there are none. Raises `SlackError`."""
    if not value:
        return None
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise SlackError("invalid_attachments")
    if len(value) > MAX_ATTACHMENTS:
        raise SlackError("too_many_attachments")
    attachments = []
    for number, attachment in enumerate(value, 1):
        entry = dict(attachment)
        if entry.get("blocks"):
            entry["blocks"] = blocks_of(entry["blocks"], refused=refused)
        attachments.append({"id": number} | entry)
    return attachments


MODAL = record(
    {"type": string(among=("modal",)), "title": plain(24), "blocks": anything},
    {
        "close": plain(24),
        "submit": plain(24),
        "private_metadata": string(3000, shortest=0),
        "callback_id": string(ID, shortest=0),
        "clear_on_close": boolean,
        "notify_on_close": boolean,
        "external_id": string(ID, shortest=0),
        "submit_disabled": boolean,
    },
)
HOME = record(
    {"type": string(among=("home",)), "blocks": anything},
    {
        "private_metadata": string(3000, shortest=0),
        "callback_id": string(ID, shortest=0),
        "external_id": string(ID, shortest=0),
    },
)


def view_of(value: Any, kind: str, refused: Collection[str] = ()) -> Json:
    """Validate a view of this kind (`modal` or `home`) and fill in missing IDs. Raises `SlackError`."""
    if not isinstance(value, dict):
        raise invalid_arguments("must provide an object [json-pointer:/view]")
    if len(json.dumps(value)) > MAX_VIEW_BYTES:
        raise SlackError("view_too_large")
    errors = ErrorLines()
    if value.get("type") != kind:
        errors("/view/type", f"must be {kind}" if value.get("type") else "missing required field: type")
    else:
        (MODAL if kind == "modal" else HOME)(value, "/view", errors)
    errors.lines += block_errors(value.get("blocks", []), kind, "/view/blocks", refused)
    if not errors.lines and kind == "modal" and not value.get("submit") and has_inputs(value):
        errors("/view", "missing required field: submit")
    if errors.lines:
        raise invalid_arguments(*errors.lines)
    return {name: inner for name, inner in value.items() if inner is not None} | {"blocks": with_ids(value["blocks"])}


def has_inputs(view: Json) -> bool:
    """Whether a view has input blocks."""
    return any(block.get("type") == "input" for block in view["blocks"])
