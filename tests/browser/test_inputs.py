"""Every Block Kit input takes a value and keeps it when the app updates the modal."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("playwright")

from playwright.async_api import Page, expect

from sandbox import View, Workspace
from tests.browser.web_ui import WebUI, choose

pytestmark = pytest.mark.asyncio(loop_scope="session")

TOM, MAYA = "U0TOM00000", "U0MAYA0000"


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def option(text: str) -> dict[str, Any]:
    return {"text": plain(text), "value": text.lower()}


def input_block(label: str, kind: str, *, optional: bool = False, **element: Any) -> dict[str, Any]:
    block = {"type": "input", "block_id": label.lower(), "label": plain(label), "optional": optional}
    return block | {"element": {"type": kind, "action_id": "v", **element}}


COLOURS = [option("Red"), option("Green"), option("Blue")]
VIEW = {
    "type": "modal",
    "title": plain("Every input"),
    "submit": plain("Send"),
    "blocks": [
        input_block("Words", "plain_text_input", max_length=20),
        input_block("Email", "email_text_input"),
        input_block("Address", "url_text_input"),
        input_block("Number", "number_input", is_decimal_allowed=False),
        input_block("Colour", "static_select", options=COLOURS),
        input_block("Several", "multi_static_select", options=COLOURS, max_selected_items=2),
        input_block("Person", "users_select", initial_user=TOM),
        input_block("Channel", "channels_select"),
        input_block("Day", "datepicker"),
        input_block("Time", "timepicker"),
        input_block("Moment", "datetimepicker"),
        input_block("Choice", "radio_buttons", options=COLOURS),
        input_block("Boxes", "checkboxes", options=COLOURS),
        input_block("File", "file_input", max_files=2),
    ],
}


def open_modal(ws: Workspace) -> Any:
    return ws.modals.open(ws.modals.trigger(MAYA), VIEW)


def submission(ws: Workspace, view: View) -> dict[str, Any] | None:
    """The values with which the form was sent. The bot's answer puts another in its place."""
    sent = (record.payload for record in ws.journal.deliveries if record.payload.get("type") == "view_submission")
    return next((payload["view"]["state"]["values"] for payload in sent if payload["view"]["id"] == view.id), None)


async def fill(maya: Page) -> None:
    modal = maya.locator("dialog.view")
    for label, words in {
        "Words": "hello",
        "Email": "a@example.com",
        "Address": "https://example.com/x",
        "Number": "7",
    }.items():
        await modal.get_by_label(label, exact=True).fill(words)
    await choose(maya, "Colour", "Green")
    await modal.get_by_role("combobox", name="Several").click()
    for colour in ("Red", "Blue", "Green"):  # the third is one too many
        await maya.get_by_role("option", name=colour).click()
    await maya.keyboard.press("Escape")
    await choose(maya, "Channel", "#payments")
    await modal.get_by_label("Day").fill("2026-03-01")
    await modal.get_by_label("Time").fill("14:05")
    await modal.get_by_label("Moment").fill("2026-07-01T14:05")
    await modal.get_by_role("radio", name="Blue").check()
    await modal.get_by_role("checkbox", name="Red").check()
    await modal.get_by_label("File").set_input_files({"name": "log.txt", "mimeType": "text/plain", "buffer": b"502"})
    await expect(modal.get_by_text("log.txt")).to_be_visible()


async def test_every_input_submits_what_was_entered(ui: WebUI) -> None:
    ws = ui.world.ws
    maya = await ui.open("maya")
    view = open_modal(ws)
    await fill(maya)
    ws.modals.update(view, VIEW | {"title": plain("Drawn again")})
    await expect(maya.locator("dialog.view h2")).to_have_text("Drawn again")
    await expect(maya.locator("dialog.view").get_by_label("Words", exact=True)).to_have_value("hello")
    await maya.get_by_role("button", name="Send", exact=True).last.click()
    submitted = await ws.until(lambda: submission(ws, view))
    values = {block: next(v for k, v in inner["v"].items() if k != "type") for block, inner in submitted.items()}
    (file,) = values.pop("file")
    assert ws.state.contents[file["id"]] == b"502"
    assert values == {
        "words": "hello",
        "email": "a@example.com",
        "address": "https://example.com/x",
        "number": "7",
        "colour": option("Green"),
        "several": [option("Red"), option("Blue")],
        "person": TOM,
        "channel": ws.channel("payments").id,
        "day": "2026-03-01",
        "time": "14:05",
        "moment": 1782907500,  # 14:05 of a Berlin summer
        "choice": option("Blue"),
        "boxes": [option("Red")],
    }


async def test_a_modal_is_private_and_reappears_when_a_pushed_view_closes(ui: WebUI) -> None:
    ws = ui.world.ws
    maya, tom = await ui.open("maya"), await ui.open("tom")
    view = open_modal(ws)
    await expect(maya.locator("dialog.view h2")).to_have_text("Every input")
    await expect(tom.locator("dialog.view")).to_have_count(0)
    await maya.locator("dialog.view").get_by_label("Words", exact=True).fill("kept")
    second = {"type": "modal", "title": plain("Second"), "blocks": [{"type": "section", "text": plain("on top")}]}
    ws.modals.push(ws.modals.trigger(MAYA, view.id), second)
    await expect(maya.locator("dialog.view h2")).to_have_text("Second")
    await maya.keyboard.press("Escape")
    await expect(maya.locator("dialog.view h2")).to_have_text("Every input")
    await expect(maya.locator("dialog.view").get_by_label("Words", exact=True)).to_have_value("kept")
    ws.modals.close(MAYA, everything=True)
    await expect(maya.locator("dialog.view")).to_have_count(0)
