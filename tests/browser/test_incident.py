"""Running an incident in the web UI: by mouse, by keyboard, by two people, on a phone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytest.importorskip("playwright")

from playwright.async_api import Browser, Locator, Page, expect

from tests.browser import web_ui
from tests.browser.web_ui import WebUI, choose, go, say

pytestmark = pytest.mark.asyncio(loop_scope="session")

CHANNEL = "inc-1-checkout-is-down"
HASTY = """
preset: sev1-5
announce: "#incidents"
severities:
  sev2: {respond_within: null, update_every: 2s, escalate_after: null, roles: [], ladder: []}
"""


async def declare(tab: Page) -> None:
    await say(tab, "/incident declare sev2 Checkout is down")
    await go(tab, CHANNEL)
    await expect(card(tab)).to_be_visible()


def card(tab: Page) -> Locator:
    return tab.locator("#main .message.pinned")


async def test_a_command_is_answered_privately_and_opens_a_channel(ui: WebUI) -> None:
    maya, tom = await ui.open("maya"), await ui.open("tom")
    await maya.locator("#main textarea").fill("/inc")
    await expect(maya.get_by_role("option", name="/incident")).to_be_visible()
    await say(maya, "/incident declare sev2 Checkout is down")
    await expect(maya.get_by_role("option")).to_have_count(0)
    private = maya.locator(".message.private", has_text="INC-1 is declared").first
    await expect(private).to_contain_text("Only visible to you")
    await expect(maya.locator("#sidebar a.unread", has_text=CHANNEL)).to_be_visible()
    await expect(tom.locator("#sidebar a.unread", has_text="incidents")).to_be_visible()
    await expect(tom.locator(".message.private")).to_have_count(0)
    await go(maya, CHANNEL)
    await expect(maya.locator("#main .message.pinned")).to_contain_text("Checkout is down")


async def test_the_declare_modal_marks_missing_fields_and_then_declares(ui: WebUI) -> None:
    maya = await ui.open("maya")
    await maya.locator("#main").get_by_label("Shortcuts").click()
    await maya.get_by_role("menuitem", name="Declare incident").click()
    modal = maya.locator("dialog.view")
    await expect(modal.get_by_label("Title", exact=True)).to_be_focused()
    await modal.get_by_role("button", name="Declare", exact=True).click()
    await expect(modal.locator(".input.bad")).to_have_count(2)
    await modal.get_by_label("Title", exact=True).fill("Search is slow")
    await choose(maya, "Severity", "sev3")
    await modal.get_by_label("What is happening?").fill("p99 is 9 s\nsince 10:40")
    await modal.get_by_role("button", name="Declare", exact=True).click()
    await expect(modal).to_have_count(0)
    await go(maya, "inc-1-search-is-slow")
    await expect(maya.locator("#main .message.pinned")).to_contain_text("p99 is 9 s")


async def test_two_people_see_each_others_actions(ui: WebUI) -> None:
    maya, tom = await ui.open("maya"), await ui.open("tom")
    await declare(maya)
    await ui.world.maya.invite(CHANNEL, "tom")
    await go(tom, CHANNEL)
    await tom.locator("#main .message.pinned").get_by_role("button", name="Acknowledge").click()
    await expect(maya.locator("#main .message.pinned")).to_contain_text("by @tom")
    await expect(maya.locator("#main .message.pinned").get_by_role("button", name="Acknowledge")).to_have_count(0)
    await say(tom, "Looking at the *deploy* now, @maya")
    line = maya.locator(".message", has_text="Looking at the deploy now")
    await expect(line.locator("strong")).to_have_text("deploy")
    await expect(line.locator(".mention.me")).to_have_text("@maya")
    await line.hover()
    await line.get_by_label("React with eyes").click()
    await expect(tom.locator(".reaction")).to_contain_text("1")
    await maya.locator("#main .message.pinned").get_by_role("button", name="Update status").click()
    await choose(maya, "Status", "Mitigating")
    await maya.get_by_label("What changed?").fill("Rolled back deploy 4512")
    await maya.get_by_role("button", name="Post update").click()
    await expect(tom.locator("#main .message.pinned")).to_contain_text("Rolled back deploy 4512")
    await expect(tom.locator("#main .message.pinned")).to_contain_text("Mitigating")


async def test_a_resolved_incident_shows_as_resolved_to_everyone(ui: WebUI) -> None:
    maya, lena = await ui.open("maya"), await ui.open("lena", "incidents")
    await declare(maya)
    await maya.locator("#main .message.pinned").get_by_role("button", name="Resolve").click()
    await maya.get_by_label("What fixed it?").fill("Rolled back deploy 4512")
    await maya.locator("dialog").get_by_role("button", name="Resolve", exact=True).click()
    await expect(maya.locator("#main .message.pinned").get_by_role("button", name="Reopen")).to_be_visible()
    await expect(lena.locator("#main .message", has_text="INC-1").first).to_contain_text("Resolved")


async def test_a_thread_opens_in_its_pane_and_takes_replies(ui: WebUI) -> None:
    maya, tom = await ui.open("maya", "payments"), await ui.open("tom", "payments")
    await say(maya, "Is anybody deploying?")
    line = tom.locator("#main .message", has_text="Is anybody deploying?")
    await line.hover()
    await line.get_by_label("Reply in thread").click()
    reply = tom.locator("#thread textarea.write")
    await expect(reply).to_be_focused()
    await reply.fill("Yes, 4512")
    await reply.press("Enter")
    await expect(tom.locator("#thread .message", has_text="Yes, 4512")).to_be_visible()
    await maya.get_by_role("button", name="1 reply, open thread").click()
    await expect(maya.locator("#thread .message", has_text="Yes, 4512")).to_be_visible()
    await expect(maya.locator("#main .message", has_text="Yes, 4512")).to_have_count(0)
    await reply.press("Escape")
    await expect(tom.locator("#thread")).to_be_hidden()


async def test_an_overdue_update_is_requested_and_can_be_snoozed(
    browser: Browser, sqlite_url: str, tmp_path: Path
) -> None:
    policy = tmp_path / "policy.yml"
    policy.write_text(HASTY)
    async with web_ui.running(browser, sqlite_url, policy) as ui:
        maya = await ui.open("maya")
        await declare(maya)
        nudge = maya.locator("#main .message", has_text="needs a status update").last
        await expect(nudge.get_by_role("button", name="Snooze 15m")).to_be_visible()
        await nudge.get_by_role("button", name="Snooze 1h").click()
        await expect(maya.locator("#main .message", has_text="Snoozed by").first).to_be_visible()
        assert ui.console_errors == []


async def test_an_incident_can_be_run_with_the_keyboard_alone(ui: WebUI) -> None:
    maya = await ui.open("maya")
    keys = maya.keyboard
    await expect(maya.locator("#main textarea.write")).to_be_focused()
    await keys.type("/incident declare sev2 Checkout is down")
    await keys.press("Enter")
    await expect(maya.locator("#sidebar a", has_text=CHANNEL)).to_be_visible()
    await keys.press("Control+k")
    await keys.press("ArrowDown")
    await expect(maya.locator("#sidebar a", has_text=CHANNEL)).to_be_focused()
    await keys.press("Enter")
    await expect(maya.locator("#main .message.pinned")).to_be_visible()
    await tab_to(maya, "Acknowledge")
    await keys.press("Enter")
    await expect(maya.locator("#main .message.pinned")).to_contain_text("by @maya")
    await maya.locator("#main textarea.write").focus()
    await tab_to(maya, "Update status")
    await keys.press("Enter")
    await expect(maya.locator("dialog.view")).to_be_visible()
    await keys.press("ArrowDown")
    await keys.type("mitig")
    await keys.press("Enter")
    await expect(maya.get_by_role("combobox", name="Status")).to_contain_text("Mitigating")
    await tab_to(maya, "What changed?")
    await keys.type("Rolled back")
    await keys.press("Control+Enter")
    await expect(maya.locator("dialog.view")).to_have_count(0)
    await expect(maya.locator("#main .message.pinned")).to_contain_text("Rolled back")
    await maya.locator("#main textarea.write").focus()
    await tab_to(maya, "Resolve")
    await keys.press("Enter")
    await expect(maya.get_by_label("What fixed it?")).to_be_focused()
    await keys.press("Escape")
    await expect(maya.locator("dialog.view")).to_have_count(0)
    await tab_to(maya, "Resolve", back=False)
    await keys.press("Enter")
    await expect(maya.get_by_label("What fixed it?")).to_be_focused()
    await keys.type("The roll-back")
    await keys.press("Control+Enter")
    await expect(maya.locator("#main .message.pinned")).to_contain_text("The roll-back")


async def tab_to(tab: Page, name: str, *, back: bool = True) -> None:
    """Press Tab (Shift+Tab out of the composer) until the element with this name has the focus."""
    for _ in range(60):
        has = await tab.evaluate(
            "() => { const a = document.activeElement; return (a.getAttribute('aria-label') || "
            "(a.labels && a.labels[0] && a.labels[0].textContent) || a.textContent || '').trim() }"
        )
        if has == name or (name.endswith("?") and name in has):
            return
        inside = await tab.evaluate("() => Boolean(document.activeElement.closest('dialog'))")
        await tab.keyboard.press("Shift+Tab" if back and not inside else "Tab")
    raise AssertionError(f"Tab never reached {name!r}")


async def test_on_a_phone_the_sidebar_is_a_drawer_and_a_thread_fills_the_screen(ui: WebUI) -> None:
    maya = await ui.open("maya", narrow=True)
    sidebar = maya.locator("#sidebar")
    await expect(sidebar).to_be_hidden()
    await say(maya, "/incident declare sev2 Checkout is down")
    await maya.get_by_label("Open the sidebar").click()
    await go(maya, CHANNEL)
    await expect(sidebar).to_be_hidden()
    await expect(maya.locator("#main .message.pinned")).to_be_visible()
    assert await maya.evaluate("document.documentElement.scrollWidth") == 390
    height = await maya.locator("#main .message.pinned").get_by_role("button", name="Resolve").bounding_box()
    assert height is not None
    assert height["height"] >= 44
    await say(maya, "On it")
    line = maya.locator("#main .message", has_text="On it")
    await line.tap()
    await line.get_by_label("Reply in thread").tap()
    box = await maya.locator("#thread").bounding_box()
    assert box == {"x": 0, "y": 0, "width": 390, "height": 844}
    await maya.get_by_label("Close thread").tap()
    await expect(maya.locator("#thread")).to_be_hidden()


async def test_own_messages_can_be_edited_pinned_used_by_shortcuts_and_deleted(ui: WebUI) -> None:
    maya = await ui.open("maya", "payments")
    await say(maya, "The queue is *full*")
    line = maya.locator("#main .message", has_text="The queue is")

    async def do(entry: str) -> None:
        await line.hover()
        await line.get_by_label("More actions").click()
        await maya.get_by_role("menuitem", name=re.compile(entry)).click()

    await do("Edit message")
    await maya.locator("dialog").get_by_label("Message").fill("The queue is empty")
    await maya.locator("dialog").get_by_role("button", name="Save").click()
    await expect(line).to_contain_text("(edited)")
    await do("Pin to channel")
    await expect(maya.get_by_role("button", name="1 pinned")).to_be_visible()
    await do("Declare from message")
    await expect(maya.locator("dialog.view")).to_be_visible()
    await maya.keyboard.press("Escape")
    await expect(maya.locator("dialog.view")).to_have_count(0)
    await do("Delete message")
    await maya.locator("dialog").get_by_role("button", name="Delete").click()
    await expect(line).to_have_count(0)
