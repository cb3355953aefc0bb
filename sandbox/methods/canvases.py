"""Imitates Slack's `canvases.*` methods, as strict as their reference.

A canvas is a list of sections, each a line of Markdown: a header, an item of a list, or a paragraph. An edit has
exactly one change. A lookup finds sections by what a person reads, without the marks of Markdown.
"""

import re
import secrets

from sandbox.errors import SlackError, invalid_arguments
from sandbox.methods.files import new_file
from sandbox.methods.registry import Call, method
from sandbox.model import File, Json

CANVAS = {"title": "s", "document_content": "j", "channel_id": "s"}
LARGEST = 1_048_576  # characters of Markdown
HEADERS = {"h1": "# ", "h2": "## ", "h3": "### "}
NEEDS_SECTION = frozenset({"insert_after", "insert_before", "delete"})
NEEDS_CONTENT = frozenset({"insert_after", "insert_before", "insert_at_start", "insert_at_end", "replace"})
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_MARKS = re.compile(r"^(?:#{1,3} |[-*] (?:\[[ x]\] )?|\d+\. |> )|[*_~`]")


def sections_of(ws: object, canvas: str) -> list[list[str]]:
    """The sections of a canvas in their order, each as its ID and its Markdown."""
    state = ws.state  # type: ignore[attr-defined]
    if canvas not in state.canvases:
        state.canvases[canvas] = _split(state.contents.get(canvas, b"").decode())
    sections: list[list[str]] = state.canvases[canvas]
    return sections


def read_as(markdown: str) -> str:
    """The text of a section as a person reads it."""
    return _MARKS.sub("", _LINK.sub(r"\1", markdown)).strip()


def _split(markdown: str) -> list[list[str]]:
    return [[f"temp:C:{secrets.token_hex(14)}", line.strip()] for line in markdown.splitlines() if line.strip()]


def _markdown(content: object, error: str) -> str:
    if not (isinstance(content, dict) and content.get("type") == "markdown" and "markdown" in content):
        raise SlackError(error)
    text = str(content["markdown"])
    if len(text) > LARGEST:
        raise SlackError("canvas_too_large" if error == "canvas_editing_failed" else error)
    return text


def _canvas(call: Call) -> File:
    content = call.get("document_content")
    markdown = "" if content is None else _markdown(content, "canvas_creation_failed")
    file = new_file(call, "canvas", len(markdown), kind="quip", mimetype="application/vnd.slack-docs", filetype="quip")
    file.title, file.complete = call.get("title") or "Untitled", True
    call.ws.state.contents[file.id] = markdown.encode()
    return file


def _existing(call: Call) -> File:
    file = call.ws.state.files.get(call.args["canvas_id"])
    if file is None or file.deleted or file.filetype != "quip":
        raise SlackError("canvas_not_found")
    return file


@method("canvases.create", CANVAS, tier="t2", scopes=("canvases:write",))
def canvas_create(call: Call) -> Json:
    """Create a canvas of its own from Markdown."""
    return {"canvas_id": _canvas(call).id}


@method("conversations.canvases.create", CANVAS, ("channel_id",), tier="t2", scopes=("canvases:write",))
def channel_canvas(call: Call) -> Json:
    """Create a channel's canvas. A channel has at most one."""
    channel = call.channel("channel_id", member=True)
    if channel.canvas is not None:
        raise SlackError("channel_canvas_already_exists")
    channel.canvas = _canvas(call).id
    call.ws.state.touch("channel", channel.id)
    return {"canvas_id": channel.canvas}


@method("canvases.edit", {"canvas_id": "s", "changes": "j"}, ("canvas_id", "changes"), scopes=("canvases:write",))
def canvas_edit(call: Call) -> Json:
    """Apply exactly one change."""
    file = _existing(call)
    changes = call.args["changes"]
    if not isinstance(changes, list) or len(changes) != 1 or not isinstance(changes[0], dict):
        raise invalid_arguments("must have exactly 1 item [json-pointer:/changes]")
    change = changes[0]
    operation, section = change.get("operation"), change.get("section_id")
    if operation not in NEEDS_SECTION | NEEDS_CONTENT | {"rename"}:
        raise invalid_arguments("invalid enum value [json-pointer:/changes/0/operation]")
    sections = sections_of(call.ws, file.id)
    if operation == "rename":
        file.title = _markdown(change.get("title_content"), "canvas_editing_failed")
        return {}
    new = _split(_markdown(change.get("document_content"), "canvas_editing_failed")) if operation != "delete" else []
    if section is None:
        if operation in NEEDS_SECTION:
            raise SlackError("canvas_editing_failed")
        sections[:] = {"insert_at_start": new + sections, "insert_at_end": sections + new}.get(operation, new)
    else:
        at = next((index for index, candidate in enumerate(sections) if candidate[0] == section), None)
        if at is None:
            raise SlackError("canvas_editing_failed")
        begin, end = {"insert_before": (at, at), "insert_after": (at + 1, at + 1)}.get(operation, (at, at + 1))
        sections[begin:end] = new
    call.ws.state.contents[file.id] = "\n".join(line[1] for line in sections).encode()
    call.ws.state.touch("file", file.id)
    return {}


@method(
    "canvases.sections.lookup",
    {"canvas_id": "s", "criteria": "j"},
    ("canvas_id", "criteria"),
    scopes=("canvases:read",),
)
def canvas_lookup(call: Call) -> Json:
    """Find sections by their type, by a text that they contain, or by both."""
    file = _existing(call)
    criteria = call.args["criteria"]
    if not isinstance(criteria, dict) or not set(criteria) <= {"section_types", "contains_text"} or not criteria:
        raise invalid_arguments("[json-pointer:/criteria]")
    types = criteria.get("section_types")
    marks = tuple(HEADERS.values()) if types and "any_header" in types else tuple(HEADERS[kind] for kind in types or ())
    text = str(criteria.get("contains_text") or "")
    matches = [
        {"id": line[0]}
        for line in sections_of(call.ws, file.id)
        if (not types or line[1].startswith(marks)) and text.lower() in read_as(line[1]).lower()
    ]
    return {"sections": matches}
