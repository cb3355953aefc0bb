"""Builders of Block Kit objects for the tests."""

from typing import Any

from sandbox import Person


def plain(text: str) -> dict[str, Any]:
    """A plain_text object."""
    return {"type": "plain_text", "text": text}


def option(text: str, value: str) -> dict[str, Any]:
    """An option."""
    return {"text": plain(text), "value": value}


def button(text: str = "Go", **more: Any) -> dict[str, Any]:
    """A button."""
    return {"type": "button", "text": plain(text), **more}


def select(**more: Any) -> dict[str, Any]:
    """A static select."""
    return {"type": "static_select", "options": [option("One", "1"), option("Two", "2")], **more}


def input_block(element: dict[str, Any], **more: Any) -> dict[str, Any]:
    """An input block."""
    return {"type": "input", "label": plain("Title"), "element": element, **more}


def section(text: str, **more: Any) -> dict[str, Any]:
    """A section."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}, **more}


RICH = {
    "type": "rich_text",
    "elements": [
        {
            "type": "rich_text_section",
            "elements": [
                {"type": "text", "text": "a", "style": {"bold": True}},
                {"type": "user", "user_id": "U1"},
                {"type": "link", "url": "https://x.example"},
                {"type": "emoji", "name": "eyes"},
            ],
        },
        {
            "type": "rich_text_list",
            "style": "bullet",
            "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "b"}]}],
        },
    ],
}


def modal(title: str = "Declare incident", **changes: Any) -> dict[str, Any]:
    """A modal with a text input, a select, a users select and a button."""
    blocks = [
        input_block(
            {"type": "plain_text_input", "action_id": "title", "min_length": 3, "max_length": 20}, block_id="title"
        ),
        input_block(select(action_id="severity"), block_id="severity") | {"label": plain("Severity")},
        input_block({"type": "users_select", "action_id": "lead"}, block_id="lead", optional=True)
        | {"label": plain("Incident commander")},
        {"type": "actions", "block_id": "more", "elements": [button("Details", action_id="details")]},
    ]
    return {
        "type": "modal",
        "callback_id": "declare",
        "private_metadata": "secret plan",
        "title": plain(title),
        "submit": plain("Declare"),
        "close": plain("Cancel"),
        "notify_on_close": True,
        "blocks": blocks,
    } | changes


async def fill_required(maya: Person) -> None:
    """Fill in the required fields of `modal`."""
    await maya.fill(maya.view, {"Title": "Search down", "Severity": "One"})
